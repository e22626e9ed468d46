import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionState } from 'azure-iot-x509';
import type { HubEmulator } from 'azure-iot-emulator';
import type { ProxiedLink } from '../../test/support/chaos-proxy';
import type { Chaos } from './chaos';
import { happened, until } from './progress';
import { RECONNECT, SLACK_MS } from './timing';
import { hubOf } from './world';

interface Fault {
  readonly name: string;
  /** The relative frequency of the fault. */
  readonly weight: number;
  /** Present if the fault makes a device register again. */
  readonly registersAgain?: true;
  /** Causes the fault; resolves with whether anything was there to fail. */
  readonly cause: (chaos: Chaos) => Promise<boolean>;
}

/** The faults of a run. */
const FAULTS: readonly Fault[] = [
  { name: 'RST', weight: 3, cause: (chaos) => befall(chaos.link(), (link) => link.reset()) },
  { name: 'FIN', weight: 3, cause: (chaos) => befall(chaos.link(), (link) => link.end()) },
  {
    name: 'half-close',
    weight: 3,
    cause: (chaos) =>
      befall(chaos.link(), (link) => link.halfClose(chaos.dice.pick(['client', 'server'] as const))),
  },
  { name: 'silent stall', weight: 4, cause: (chaos) => befall(chaos.link(), (link) => stall(chaos, link)) },
  {
    name: 'gateway drop',
    weight: 2,
    cause: (chaos) => befall(chaos.placed(), ({ device, hub }) => hub.disconnectDevice(device.id)),
  },
  {
    name: 'hub restart',
    weight: 2,
    cause: (chaos) => befall(chaos.dice.pick(chaos.world.emulator.hubs), (hub) => restart(chaos, hub)),
  },
  {
    name: 'move with data',
    weight: 2,
    registersAgain: true,
    cause: (chaos) => move(chaos, (hub, id) => hub.devices.disable(id)),
  },
  {
    name: 'move, identity deleted',
    weight: 1,
    registersAgain: true,
    cause: (chaos) => move(chaos, (hub, id) => hub.devices.delete(id)),
  },
  { name: 'move by reprovision()', weight: 2, registersAgain: true, cause: reprovision },
  { name: 'certificate renewed', weight: 3, registersAgain: true, cause: renew },
  { name: 'disabled and enabled', weight: 2, registersAgain: true, cause: disable },
  {
    name: 'DPS connection reset',
    weight: 2,
    registersAgain: true,
    cause: (chaos) =>
      befall(chaos.world.dpsProxy, (dpsProxy) => dpsProxy.resetNext(chaos.dice.between(0, 30))),
  },
];

/** Each fault as often as it weighs. */
const WHEEL = FAULTS.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));

const REGISTERING = FAULTS.filter(({ registersAgain }) => registersAgain).map(({ name }) => name);

/** Lets one fault follow the other for a while. */
export async function causeFaults(
  chaos: Chaos,
  untilTime: number,
  log: (line: string) => void,
): Promise<void> {
  while (performance.now() < untilTime) {
    await sleep(chaos.dice.between(100, 700));
    const fault = chaos.dice.pick(WHEEL);
    if (fault === undefined) continue;
    log(`  ${fault.name}`);
    if (await fault.cause(chaos)) chaos.counts.add(fault.name);
  }
}

/** The number of faults so far that make a device register again. */
export function countRegistering({ counts }: Chaos): number {
  return counts.count(...REGISTERING);
}

async function befall<T>(target: T | undefined, act: (target: T) => unknown): Promise<boolean> {
  if (target === undefined) return false;
  await act(target);
  return true;
}

function stall(chaos: Chaos, link: ProxiedLink): void {
  const since = performance.now();
  const stall: Chaos['stalls'][number] = { noticedAfter: undefined };
  chaos.stalls.push(stall);
  link.stall();
  void link.left.then(() => {
    stall.noticedAfter = performance.now() - since;
    happened();
  });
}

async function restart({ world, dice, returns }: Chaos, hub: HubEmulator): Promise<void> {
  const devices = world.devices.filter((device) => hubOf(world, device) === hub);
  await hub.stop();
  await sleep(dice.between(50, 800));
  await hub.start();
  const since = performance.now();
  // A device behind a stalled connection has not noticed anything yet.
  await Promise.all(
    devices
      .filter(({ isConnected }) => !isConnected)
      .map(async (device) => {
        const isBack = await until(() => device.isConnected, RECONNECT.maxDelayMs + 5 * SLACK_MS);
        returns.push(isBack ? performance.now() - since : Infinity);
      }),
  );
}

async function move(chaos: Chaos, send: (hub: HubEmulator, id: string) => unknown): Promise<boolean> {
  return befall(chaos.movable(), async ({ device, hub, next }) => {
    device.allow(next);
    send(hub, device.id);
    await until(() => next.devices.get(device.id) !== undefined, 10_000);
  });
}

async function reprovision(chaos: Chaos): Promise<boolean> {
  return befall(chaos.movable(), async ({ device, next }) => {
    device.allow(next);
    // If it fails, the device stays connected or finds its way by itself; the checks tell.
    await chaos.countFailure('reprovision() failed', device.connection.reprovision());
  });
}

async function renew(chaos: Chaos): Promise<boolean> {
  const renewals = chaos.world.devices.flatMap((device) => device.renew ?? []);
  return befall(chaos.dice.pick(renewals), (renewal) =>
    chaos.countFailure('updateCredentials() failed', renewal()),
  );
}

async function disable(chaos: Chaos): Promise<boolean> {
  return befall(chaos.placed(), async ({ device, hub }) => {
    const seen = device.states.length;
    hub.devices.disable(device.id);
    // Five refusals in a row would end the connection for good, as documented.
    await until(() => device.states.slice(seen).some(isRefusal), 2_000);
    if (hub.devices.get(device.id) !== undefined) hub.devices.enable(device.id);
  });
}

function isRefusal(state: ConnectionState): boolean {
  return 'error' in state && state.error.code === 'UNAUTHORIZED';
}
