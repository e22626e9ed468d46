import type { EmulatorOptions, HubOptions } from '../options/types';
import type { Settings } from './settings';

/** The given port, or the stored one if it is 0 or not given. */
function portOr(stored: number, given: number | undefined): number {
  return given === undefined || given === 0 ? stored : given;
}

function ownPort(hub: string | HubOptions): number {
  return typeof hub === 'string' ? 0 : (hub.port ?? 0);
}

/** The options, completed by the stored settings. Given options stay as they are. */
export function completeOptions(options: EmulatorOptions, stored: Settings): EmulatorOptions {
  const sharedPorts = completeSharedPorts(options, stored);
  const isShared = sharedPorts.length > 0;
  const announcedPort = options.announcedPort ?? (isShared ? stored.announcedPort : undefined);
  return {
    ...options,
    ...(announcedPort !== undefined && { announcedPort }),
    idScope: options.idScope ?? stored.idScope,
    hostName: options.hostName ?? stored.hostName,
    port: portOr(isShared ? 0 : stored.port, options.port),
    sharedPorts,
    hubs: (options.hubs ?? stored.hubs.map(({ name }) => name)).map((hub) =>
      completeHub(hub, stored.hubs, isShared),
    ),
    centralApplications: options.centralApplications ?? stored.centralApplications.map(({ name }) => name),
  };
}

function completeHub(
  given: string | HubOptions,
  stored: readonly HubOptions[],
  isShared: boolean,
): HubOptions {
  const hub = typeof given === 'string' ? { name: given } : given;
  const kept = stored.find(({ name }) => name === hub.name);
  const explicit = Object.fromEntries(Object.entries(hub).filter(([, value]) => value !== undefined));
  const port = portOr(isShared ? 0 : (kept?.port ?? 0), hub.port);
  return { ...kept, name: hub.name, ...explicit, port };
}

/** The shared ports of the options, else the stored ones. None if the options give a service its own port. */
function completeSharedPorts(
  { sharedPorts, port = 0, hubs = [] }: EmulatorOptions,
  stored: Settings,
): readonly number[] {
  if (sharedPorts !== undefined) {
    return sharedPorts.map((shared, index) => portOr(stored.sharedPorts[index] ?? 0, shared));
  }
  const hasOwnPorts = port !== 0 || hubs.some((hub) => ownPort(hub) !== 0);
  return hasOwnPorts ? [] : stored.sharedPorts;
}

/** The ports that come from `emulator.json` and not from the options, with their places in the file. */
export function storedPorts(options: EmulatorOptions, stored: Settings): ReadonlyMap<number, string> {
  const { port = 0, sharedPorts = [], hubs = [] } = options;
  const places = new Map<number, string>([
    [stored.port, 'port'],
    ...stored.sharedPorts.map((shared, index) => [shared, `sharedPorts[${index}]`] as const),
    ...stored.hubs.map((hub, index) => [ownPort(hub), `hubs[${index}].port`] as const),
    ...stored.centralApplications.map((central, index) => {
      return [central.port, `centralApplications[${index}].port`] as const;
    }),
  ]);
  for (const given of [0, port, ...sharedPorts, ...hubs.map(ownPort)]) places.delete(given);
  return places;
}
