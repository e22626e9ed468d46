import { ID_SCOPE, newIdScope } from '../dps/identifiers';
import { unknownOptions } from './known-options';
import { isHostName, isName } from './names';
import type { EmulatorOptions, HubOptions } from './types';
import { DEFAULT_UNVERIFIED_BEHAVIOR, type UnverifiedBehavior } from './unverified-behavior';

/** A hub's options with their defaults. */
export type ResolvedHub = Readonly<Required<HubOptions>>;

type OptionsWithDefaults = Required<Omit<EmulatorOptions, 'stateDirectory' | 'announcedPort'>> &
  Pick<EmulatorOptions, 'stateDirectory' | 'announcedPort'>;

/** The options with their defaults. */
export interface ResolvedOptions extends Omit<
  OptionsWithDefaults,
  'hubs' | 'centralApplications' | 'stateDirectory'
> {
  readonly hubs: readonly ResolvedHub[];
  /** The hubs behind the applications. */
  readonly centralHubs: readonly ResolvedHub[];
  readonly stateDirectory: string | undefined;
  readonly unverifiedBehavior: UnverifiedBehavior;
}

/** One thing that must hold of an option. */
interface Rule {
  readonly option: keyof EmulatorOptions;
  readonly holds: (options: OptionsWithDefaults) => boolean;
  readonly message: string;
  readonly remedy: string;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isBetween(value: unknown, minimum: number, maximum: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
}

function isPort(value: unknown): boolean {
  return isBetween(value, 0, 65535);
}

function hubOptions(hub: string | HubOptions): HubOptions {
  return typeof hub === 'string' ? { name: hub } : hub;
}

/** Callers in JavaScript may pass anything, hence `unknown` where the type says more. */
function everyHub(
  hubs: unknown,
  holds: (hub: Readonly<Record<keyof HubOptions, unknown>>) => boolean,
): boolean {
  return (
    Array.isArray(hubs) &&
    hubs.every((hub: unknown) => {
      const { name, hostName, port, allocationWeight, latencyMs } = hubOptions((hub ?? '') as HubOptions);
      return holds({ name, hostName, port, allocationWeight, latencyMs });
    })
  );
}

/** The names in such a list; of anything else, none. */
function namesOf(hubs: unknown): readonly unknown[] {
  const names: unknown[] = [];
  everyHub(hubs, ({ name }) => names.push(name) > 0);
  return names.filter(isName);
}

/** Neither host names nor, on many systems, names of files tell upper from lower case. */
function inLowerCase(names: readonly unknown[]): readonly string[] {
  return names.map((name) => String(name).toLowerCase());
}

function isUnique(names: readonly unknown[]): boolean {
  return new Set(inLowerCase(names)).size === names.length;
}

function isUndefinedOr(holds: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || holds(value);
}

const RULES: readonly Rule[] = [
  {
    option: 'hubs',
    holds: ({ hubs }) => everyHub(hubs, ({ name }) => isName(name)),
    message: 'is not a list of names.',
    remedy: "Pass names of letters, digits and dashes such as ['hub-1', 'hub-2'].",
  },
  {
    option: 'hubs',
    holds: ({ hubs }) => !namesOf(hubs).includes('dps'),
    message: 'names a hub dps, which is how faults call the Device Provisioning Service.',
    remedy: 'Give the hub another name.',
  },
  {
    option: 'hubs',
    holds: ({ hubs }) => isUnique(namesOf(hubs)),
    message: 'names a hub twice.',
    remedy: 'Give every hub a name of its own.',
  },
  {
    option: 'hubs',
    holds: ({ hubs }) => everyHub(hubs, ({ hostName }) => isUndefinedOr(isHostName, hostName)),
    message: 'has a host name that is none.',
    remedy: 'Pass a DNS name without a port, such as hub-1.example.org.',
  },
  {
    option: 'hubs',
    holds: ({ hubs }) => everyHub(hubs, ({ port }) => isUndefinedOr(isPort, port)),
    message: 'has a port that is none.',
    remedy: 'Pass 0 to 65535; 0 is a free port.',
  },
  {
    option: 'hubs',
    holds: ({ hubs }) =>
      everyHub(hubs, ({ allocationWeight }) =>
        isUndefinedOr((weight) => isBetween(weight, 1, 1000), allocationWeight),
      ),
    message: 'has an allocationWeight that is not a whole number from 1 to 1000.',
    remedy: 'Pass 1 to 1000; a hub with 2 gets twice as many devices as one with 1.',
  },
  {
    option: 'hubs',
    holds: ({ hubs }) =>
      everyHub(hubs, ({ latencyMs }) =>
        isUndefinedOr((value) => typeof value === 'number' && value >= 0, latencyMs),
      ),
    message: 'has a latencyMs that is not a number from 0.',
    remedy: 'Pass milliseconds.',
  },
  {
    option: 'centralApplications',
    holds: ({ centralApplications }: { centralApplications: unknown }) =>
      Array.isArray(centralApplications) &&
      centralApplications.every(isName) &&
      centralApplications.length > 0,
    message: 'is not a list of at least one name.',
    remedy: "Pass names of letters, digits and dashes such as ['central'].",
  },
  {
    option: 'centralApplications',
    holds: ({ centralApplications }) => !namesOf(centralApplications).includes('dps'),
    message: 'names an application dps, which is how faults call the Device Provisioning Service.',
    remedy: 'Give the application another name.',
  },
  {
    option: 'centralApplications',
    holds: ({ centralApplications, hubs }) => {
      const names = inLowerCase(namesOf(centralApplications));
      return isUnique(names) && !inLowerCase(namesOf(hubs)).some((name) => names.includes(name));
    },
    message: 'has a name that another application or a hub has.',
    remedy: 'Give every application a name of its own.',
  },
  {
    option: 'host',
    holds: ({ host }: { host: unknown }) => typeof host === 'string' && host !== '',
    message: 'is not the name or address of an interface.',
    remedy: 'Leave it out for 127.0.0.1.',
  },
  {
    option: 'hostName',
    holds: ({ hostName }) => isHostName(hostName),
    message: 'is not a host name.',
    remedy: 'Pass a DNS name without a port, or leave it out for localhost.',
  },
  {
    option: 'port',
    holds: ({ port }) => isPort(port),
    message: 'is not a port.',
    remedy: 'Pass 0 to 65535; 0 is a free port.',
  },
  {
    option: 'sharedPorts',
    holds: ({ sharedPorts }: { sharedPorts: unknown }) =>
      Array.isArray(sharedPorts) && sharedPorts.every(isPort),
    message: 'is not a list of ports.',
    remedy: 'Pass ports such as [8883, 443].',
  },
  {
    option: 'sharedPorts',
    holds: ({ sharedPorts, port, hubs }) =>
      !Array.isArray(sharedPorts) ||
      sharedPorts.length === 0 ||
      (port === 0 && everyHub(hubs, ({ port: own }) => own === undefined || own === 0)),
    message: 'is given together with a port of one service.',
    remedy: 'Leave out port, or sharedPorts.',
  },
  {
    option: 'announcedPort',
    holds: ({ announcedPort, sharedPorts }) =>
      announcedPort === undefined ||
      (isBetween(announcedPort, 1, 65_535) && Array.isArray(sharedPorts) && sharedPorts.length > 0),
    message: 'is not a port, or is given without sharedPorts.',
    remedy: 'Pass 1 to 65535 together with sharedPorts; 8883 stands for host names without a port.',
  },
  {
    option: 'fileUploads',
    holds: ({ fileUploads }: { fileUploads: unknown }) => typeof fileUploads === 'object',
    message: 'is not an object.',
    remedy: "Pass e.g. { directory: 'uploads' }, or leave it out.",
  },
  {
    option: 'fileUploads',
    holds: ({ fileUploads: { directory } }: { fileUploads: { directory?: unknown } }) =>
      isUndefinedOr((value) => typeof value === 'string' && value !== '' && !value.includes('\0'), directory),
    message: 'has a directory that is not a path.',
    remedy: "Pass the path of a folder such as 'uploads', or leave it out to keep files in memory.",
  },
  {
    option: 'fileUploads',
    holds: ({ fileUploads: { maxBytes } }) =>
      isUndefinedOr((value) => isBetween(value, 1, Number.MAX_SAFE_INTEGER), maxBytes),
    message: 'has a maxBytes that is not a whole number from 1.',
    remedy: 'Pass bytes.',
  },
  {
    option: 'fileUploads',
    holds: ({ fileUploads: { sasTtlSeconds } }) =>
      isUndefinedOr((value) => isBetween(value, 1, 86_400), sasTtlSeconds),
    message: 'has a sasTtlSeconds that is not a whole number from 1 to 86400.',
    remedy: 'Pass seconds, e.g. 3600.',
  },
  {
    option: 'stateDirectory',
    holds: ({ stateDirectory }: { stateDirectory?: unknown }) =>
      stateDirectory === undefined ||
      (typeof stateDirectory === 'string' && stateDirectory !== '' && !stateDirectory.includes('\0')),
    message: 'is not a path.',
    remedy: "Pass the path of a folder such as 'emulator-state', or leave it out to keep nothing.",
  },
  {
    option: 'idScope',
    holds: ({ idScope }: { idScope: unknown }) => typeof idScope === 'string' && ID_SCOPE.test(idScope),
    message: 'is not of the form 0ne and eight upper-case hexadecimal digits.',
    remedy: 'Pass something like 0ne00ABCDEF, or leave it out for a random one.',
  },
  {
    option: 'retryAfterSeconds',
    holds: ({ retryAfterSeconds }) => isCount(retryAfterSeconds),
    message: 'is not a whole number from 0.',
    // DPS: the parameter retry-after of its topics.
    remedy: 'Pass whole seconds, which is all that DPS can tell a device, e.g. 0 for fast tests.',
  },
  {
    option: 'pollsBeforeAssigned',
    holds: ({ pollsBeforeAssigned }) => isCount(pollsBeforeAssigned),
    message: 'is not a whole number from 0.',
    remedy: 'Pass how many polls are answered assigning, e.g. 1.',
  },
  {
    option: 'seed',
    holds: ({ seed }) => isCount(seed),
    message: 'is not a whole number from 0.',
    remedy: 'Pass a number; the same one gives the same faults again.',
  },
  {
    option: 'throttling',
    holds: ({ throttling: { registrationsPerMinute, pollsPerTenSeconds } }) =>
      [registrationsPerMinute, pollsPerTenSeconds].every((limit) =>
        isUndefinedOr((value) => isBetween(value, 1, Number.MAX_SAFE_INTEGER), limit),
      ),
    message: 'has a limit that is not a whole number from 1.',
    remedy: 'Pass e.g. { registrationsPerMinute: 1000 }, or leave the limit out.',
  },
];

/** @throws InvalidOptionsError listing every problem. */
export function resolveOptions(options: EmulatorOptions): ResolvedOptions {
  const problems = unknownOptions(options);
  const given: OptionsWithDefaults = {
    hubs: options.hubs ?? ['hub-1'],
    centralApplications: options.centralApplications ?? ['central'],
    host: options.host ?? '127.0.0.1',
    hostName: options.hostName ?? 'localhost',
    port: options.port ?? 0,
    sharedPorts: options.sharedPorts ?? [],
    idScope: options.idScope ?? newIdScope(),
    retryAfterSeconds: options.retryAfterSeconds ?? 3,
    pollsBeforeAssigned: options.pollsBeforeAssigned ?? 1,
    seed: options.seed ?? 1,
    throttling: options.throttling ?? {},
    fileUploads: options.fileUploads ?? {},
    unverifiedBehavior: { ...DEFAULT_UNVERIFIED_BEHAVIOR, ...options.unverifiedBehavior },
    ...(options.stateDirectory !== undefined && { stateDirectory: options.stateDirectory }),
    ...(options.announcedPort !== undefined && { announcedPort: options.announcedPort }),
  };
  for (const { option, holds, message, remedy } of RULES) {
    if (!holds(given)) problems.add(option, message, remedy);
  }
  problems.throwIfAny();
  const { hubs, centralApplications, hostName, sharedPorts, ...rest } = given;
  const resolveHub = (hub: string | HubOptions): ResolvedHub => {
    const { name, ...others } = hubOptions(hub);
    return {
      name,
      // Behind one port, nothing but the name tells a hub from the others.
      hostName: (
        others.hostName ?? (sharedPorts.length === 0 ? hostName : `${name}.${hostName}`)
      ).toLowerCase(),
      port: others.port ?? 0,
      allocationWeight: others.allocationWeight ?? 1,
      latencyMs: others.latencyMs ?? 0,
    };
  };
  return {
    ...rest,
    hostName,
    sharedPorts,
    hubs: hubs.map(resolveHub),
    centralHubs: centralApplications.map(resolveHub),
    stateDirectory: options.stateDirectory,
    unverifiedBehavior: { ...DEFAULT_UNVERIFIED_BEHAVIOR, ...options.unverifiedBehavior },
  };
}
