import type { JsonObject, JsonValue } from '../protocol/json';
import { resolveOptions } from '../options/resolve';
import type { HubOptions } from '../options/types';
import {
  arrayOf,
  checkedAt,
  optional,
  readCount,
  readFields,
  readNumber,
  readString,
  StoredValueError,
  type Read,
} from '../stored/read';
import { ID_SCOPE } from '../options/id-scope';

/** An IoT Central application, as far as it is not in its own file. */
export interface StoredApplication {
  readonly name: string;
  readonly idScope: string;
  /** Of its hub; 0 for a free one. */
  readonly port: number;
}

/** What `emulator.json` holds: what devices have been told, so that it has to stay. */
export interface Settings {
  readonly idScope: string;
  readonly hostName: string;
  /** Of the global endpoint; 0 for a free one. */
  readonly port: number;
  /** Empty where each service has a port of its own. */
  readonly sharedPorts: readonly number[];
  /** In the place of the first of them in host names. */
  readonly announcedPort: number | undefined;
  /** What was not given is missing here, too, and remains a matter of the defaults. */
  readonly hubs: readonly HubOptions[];
  readonly centralApplications: readonly StoredApplication[];
}

const readIdScope: Read<string> = (value, path) => {
  const idScope = readString(value, path);
  if (!ID_SCOPE.test(idScope)) throw new StoredValueError(path, 'is not an ID scope such as 0ne00ABCDEF');
  return idScope;
};

const readPort: Read<number> = (value, path) => {
  const port = readCount(value, path);
  if (port > 65_535) throw new StoredValueError(path, 'is not a port');
  return port;
};

const readHub: Read<HubOptions> = (value, path) => {
  const field = readFields(value, path);
  const hostName = field('hostName', optional(readString));
  const port = field('port', optional(readPort));
  const allocationWeight = field('allocationWeight', optional(readCount));
  const latencyMs = field('latencyMs', optional(readNumber));
  return {
    name: field('name', readString),
    ...(hostName !== undefined && { hostName }),
    ...(port !== undefined && { port }),
    ...(allocationWeight !== undefined && { allocationWeight }),
    ...(latencyMs !== undefined && { latencyMs }),
  };
};

const readApplication: Read<StoredApplication> = (value, path) => {
  const field = readFields(value, path);
  return {
    name: field('name', readString),
    idScope: field('idScope', readIdScope),
    port: field('port', optional(readPort)) ?? 0,
  };
};

/** @throws StoredValueError */
export function readSettings(content: JsonObject): Settings {
  const field = readFields(content, '');
  const settings = {
    idScope: field('idScope', readIdScope),
    hostName: field('hostName', readString),
    port: field('port', optional(readPort)) ?? 0,
    sharedPorts: field('sharedPorts', optional(arrayOf(readPort))) ?? [],
    announcedPort: field('announcedPort', optional(readPort)),
    hubs: field('hubs', arrayOf(readHub)),
    centralApplications: field('centralApplications', arrayOf(readApplication)),
  };
  const { centralApplications, announcedPort, ...rest } = settings;
  // Names, host names, weights: what an option must not be, a stored value must not be either.
  checkedAt('', () =>
    resolveOptions({
      ...rest,
      ...(announcedPort !== undefined && { announcedPort }),
      centralApplications: centralApplications.map(({ name }) => name),
    }),
  );
  const idScopes = [settings, ...centralApplications].map(({ idScope }) => idScope);
  if (new Set(idScopes).size < idScopes.length) throw new StoredValueError('idScope', 'is used twice');
  return settings;
}

/** The same as JSON. Ports that are 0, because ports are shared, are left out. */
export function writeSettings(settings: Settings): JsonObject {
  const { idScope, hostName, port, sharedPorts, announcedPort, hubs, centralApplications } = settings;
  return {
    idScope,
    hostName,
    ...(port !== 0 && { port }),
    ...(sharedPorts.length > 0 && { sharedPorts }),
    ...(announcedPort !== undefined && { announcedPort }),
    hubs: hubs.map((hub): JsonValue => withoutFreePort({ ...hub })),
    centralApplications: centralApplications.map((application): JsonValue =>
      withoutFreePort({ ...application }),
    ),
  };
}

function withoutFreePort<T extends { port?: number }>({
  port,
  ...rest
}: T): Omit<T, 'port'> & { port?: number } {
  return { ...rest, ...(port !== undefined && port !== 0 && { port }) };
}
