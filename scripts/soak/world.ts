import { startEmulator, type Emulator, type HubEmulator } from 'azure-iot-emulator';
import { ChaosProxy } from '../../test/support/chaos-proxy';
import { Lab } from '../bench/harness/lab';
import { startBroker } from './broker';
import type { SoakDevice } from './device';
import { enroll, type Enrolled } from './enrolled';
import { Ledger } from './ledger';
import type { SoakOptions } from './options';
import { RestartedProgram } from './restarted-program';

/** All that takes part. */
export interface World {
  readonly emulator: Emulator;
  /** The roots of all servers, as PEM. */
  readonly ca: string;
  readonly enrolled: readonly Enrolled[];
  /** Of the enrolled devices, those that have connected for the first time. */
  readonly devices: SoakDevice[];
  /** Why the others have not. */
  readonly failedStarts: string[];
  readonly ledger: Ledger;
  /** The hubs that serve the devices; none if a broker does. */
  readonly hubs: readonly HubEmulator[];
  /** In front of each hub, or of the broker. */
  readonly proxies: readonly ChaosProxy[];
  readonly dpsProxy: ChaosProxy;
  /** The bounds of the rate of a slow uplink, in bytes a second. */
  readonly slowUplink: readonly [min: number, max: number];
  /** Present unless a broker serves the devices. */
  readonly program: RestartedProgram | undefined;
}

/** The functions that close everything at the end, in that order. */
export type Closers = (() => Promise<void>)[];

/** The hub that the device is assigned to now. */
export function hubOf({ hubs }: World, { id }: SoakDevice): HubEmulator | undefined {
  return hubs.find((hub) => hub.devices.get(id) !== undefined);
}

/** Starts an emulator, perhaps a broker, and proxies in front of them. No device connects yet. */
export async function buildWorld(options: SoakOptions, closers: Closers): Promise<World> {
  const lab = await Lab.open();
  closers.push(() => lab[Symbol.asyncDispose]());
  const emulator = await startEmulator({
    hubs: ['north', 'south', 'works'],
    retryAfterSeconds: 0,
    pollsBeforeAssigned: 1,
  });
  closers.push(() => emulator.close());
  const [north, south, works] = emulator.hubs as [HubEmulator, HubEmulator, HubEmulator];
  const startProxy = async (endpoint: string): Promise<ChaosProxy> => {
    const proxy = await ChaosProxy.start(endpoint);
    closers.push(() => proxy.close());
    return proxy;
  };
  /** From here on, DPS sends devices to the proxy, and the hub takes its name for its own. */
  const startProxyFor = async (hub: HubEmulator, endpoint = hub.hostName): Promise<ChaosProxy> => {
    const proxy = await startProxy(endpoint);
    moveBehind(hub, proxy.endpoint);
    return proxy;
  };
  const ledger = new Ledger();
  const dpsProxy = await startProxy(emulator.globalEndpoint);
  const enrolled = await Promise.all(
    Array.from({ length: options.devices }, (_, index) => enroll(emulator, index)),
  );
  const common = { emulator, enrolled, devices: [], failedStarts: [], ledger, dpsProxy };
  const world = {
    ...common,
    ...(options.hub === 'mosquitto' ? await withBroker() : await withHubs()),
  };
  for (const { change } of enrolled) change({ iotHubs: [north.name] });
  return world;

  async function withBroker() {
    const { endpoint, ca } = await startBroker(lab, enrolled, ledger, closers);
    return {
      ca: emulator.ca + ca,
      hubs: [],
      proxies: [await startProxyFor(north, endpoint)],
      // It takes any byte for a sign of life.
      slowUplink: [20_000, 60_000],
      program: undefined,
    } as const;
  }

  async function withHubs() {
    const hubs = [north, south];
    for (const hub of emulator.hubs) ledger.watch(hub);
    return {
      ca: emulator.ca,
      hubs,
      proxies: await Promise.all(hubs.map((hub) => startProxyFor(hub))),
      // It takes whole packets for signs of life, and the largest take less time than the keep-alive allows.
      slowUplink: [120_000, 200_000],
      program: await RestartedProgram.prepare(
        { lab, emulator, hub: works, hubProxy: await startProxyFor(works) },
        closers,
      ),
    } as const;
  }
}

/** No public interface has this. */
function moveBehind(hub: HubEmulator & { listensOn?: (endpoint: string) => void }, endpoint: string): void {
  if (hub.listensOn === undefined) throw new Error('The hub cannot be moved behind a proxy.');
  hub.listensOn(endpoint);
}
