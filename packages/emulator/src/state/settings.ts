import { exactOptional, optional } from 'valibot';
import { ID_SCOPE } from '../options/id-scope';
import { resolveOptions } from '../options/resolve';
import type { HubOptions } from '../options/types';
import { toJson, type JsonObject } from '../protocol/json';
import { object } from '../schemas/objects';
import { must, type Schema } from '../schemas/problems';
import { count, listOf, number, pattern, refined, text, wholeNumber } from '../schemas/values';
import { readStored, StoredValueError } from '../stored/stored-value';

/** An IoT Central application. Its devices and DPS are in its own file. */
export interface StoredApplication {
  readonly name: string;
  readonly idScope: string;
  /** The port of the application's hub; 0 for a free one. */
  readonly port: number;
}

/** The content of `emulator.json`: the addresses that devices know. */
export interface Settings {
  readonly idScope: string;
  readonly hostName: string;
  /** The port of the global endpoint; 0 for a free one. */
  readonly port: number;
  /** Empty when each service has a port of its own. */
  readonly sharedPorts: readonly number[];
  /** The port in host names, in place of the first shared port. */
  readonly announcedPort?: number;
  /** The given options. Options that were not given are missing, so that the defaults apply. */
  readonly hubs: readonly HubOptions[];
  readonly centralApplications: readonly StoredApplication[];
}

const idScope = pattern(ID_SCOPE, must('must be an ID scope such as 0ne00ABCDEF'));
const port = wholeNumber(0, 65_535, must('must be a port'));

const SETTINGS: Schema<Settings> = object({
  idScope,
  hostName: text,
  port: optional(port, 0),
  sharedPorts: optional(listOf(port), () => []),
  announcedPort: exactOptional(port),
  hubs: listOf(
    object({
      name: text,
      hostName: exactOptional(text),
      port: exactOptional(port),
      allocationWeight: exactOptional(count),
      latencyMs: exactOptional(number(0, Number.MAX_VALUE)),
    }),
  ),
  centralApplications: listOf(object({ name: text, idScope, port: optional(port, 0) })),
});

/** Names, host names and weights: a stored value has the same rules as an option. @throws InvalidOptionsError */
function checkAsOptions(settings: Settings): Settings {
  const { centralApplications, ...rest } = settings;
  resolveOptions({ ...rest, centralApplications: centralApplications.map(({ name }) => name) });
  return settings;
}

/** @throws StoredValueError */
export function readSettings(content: JsonObject): Settings {
  const settings = readStored(refined(SETTINGS, checkAsOptions), content);
  const idScopes = [settings, ...settings.centralApplications].map((each) => each.idScope);
  if (new Set(idScopes).size < idScopes.length) throw new StoredValueError('idScope', 'is used twice');
  return settings;
}

/** The settings as JSON. Ports that are 0, because ports are shared, are left out. */
export function writeSettings({ port: own, sharedPorts, ...settings }: Settings): JsonObject {
  const withoutFreePort = ({ port: each, ...rest }: HubOptions | StoredApplication): object => ({
    ...rest,
    port: each === 0 ? undefined : each,
  });
  const { idScope: scope, hostName, announcedPort, hubs, centralApplications } = settings;
  return toJson({
    idScope: scope,
    hostName,
    port: own === 0 ? undefined : own,
    sharedPorts: sharedPorts.length === 0 ? undefined : sharedPorts,
    announcedPort,
    hubs: hubs.map(withoutFreePort),
    centralApplications: centralApplications.map(withoutFreePort),
  });
}
