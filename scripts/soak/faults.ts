import { setTimeout as sleep } from 'node:timers/promises';
import type { HubEmulator } from 'azure-iot-emulator';
import type { ProxiedLink } from '../../test/support/chaos-proxy';
import { befall, type Chaos } from './chaos';
import type { SoakDevice } from './device';
import { happened, until } from './progress';
import { SLACK_MS } from './timing';
import { refuse, refuseFeatures } from './refusals';
import { hubOf } from './world';

interface Fault {
  readonly name: string;
  /** The relative frequency of the fault. */
  readonly weight: number;
  /** Present if the fault makes a device register again. */
  readonly registersAgain?: true;
  /** Present if a broker cannot have the fault. */
  readonly needsHub?: true;
  /** Causes the fault; resolves with whether anything was there to fail. */
  readonly cause: (chaos: Chaos) => Promise<boolean>;
}

/** The name of the fault that the first connections meet, too. */
const RESET = 'reset while being made';
/** The largest age of a connection that is reset while it is being made, in milliseconds. */
const MAX_RESET_MS = 60;
/** The largest number of connections in a row, to DPS and to each hub, that are reset before the first one stays. */
const MAX_FIRST_RESETS = 3;
/** The large messages of each device over a slow uplink. */
const LARGE_MESSAGES = 5;
/** The time after which a slow uplink is a fast one again. */
const SLOW_MS = 15_000;

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
  { name: 'slow uplink', weight: 2, cause: slow },
  {
    name: 'gateway drop',
    needsHub: true,
    weight: 2,
    cause: (chaos) => befall(chaos.placed(), ({ device, hub }) => hub.disconnectDevice(device.id)),
  },
  {
    name: 'hub restart',
    needsHub: true,
    weight: 2,
    cause: (chaos) => befall(chaos.dice.pick(chaos.world.hubs), (hub) => restart(chaos, hub)),
  },
  {
    name: 'move with data',
    needsHub: true,
    weight: 2,
    registersAgain: true,
    cause: (chaos) => move(chaos, (hub, id) => hub.devices.disable(id)),
  },
  {
    name: 'move, identity deleted',
    needsHub: true,
    weight: 1,
    registersAgain: true,
    cause: (chaos) => move(chaos, (hub, id) => hub.devices.delete(id)),
  },
  { name: 'move by reprovision()', weight: 2, needsHub: true, registersAgain: true, cause: reprovision },
  { name: 'certificate renewed', weight: 3, needsHub: true, registersAgain: true, cause: renew },
  {
    name: 'disabled at the hub',
    needsHub: true,
    weight: 2,
    registersAgain: true,
    cause: (chaos) => refuse(chaos, { alsoByDps: false }),
  },
  {
    name: 'disabled at the hub and DPS',
    needsHub: true,
    weight: 2,
    registersAgain: true,
    cause: (chaos) => refuse(chaos, { alsoByDps: true }),
  },
  { name: 'features refused', weight: 2, needsHub: true, cause: refuseFeatures },
  {
    name: RESET,
    weight: 3,
    registersAgain: true,
    cause: ({ world, dice }) =>
      befall(dice.pick([world.dpsProxy, ...world.proxies]), (proxy) =>
        proxy.resetNext(dice.between(0, MAX_RESET_MS)),
      ),
  },
];

const REGISTERING = FAULTS.filter(({ registersAgain }) => registersAgain).map(({ name }) => name);

/** Has the first connections to every server reset. */
export function resetFirst({ world, dice, counts }: Chaos): void {
  for (const proxy of [world.dpsProxy, ...world.proxies]) {
    for (let left = dice.between(1, MAX_FIRST_RESETS); left > 0; left -= 1) {
      proxy.resetNext(dice.between(0, MAX_RESET_MS));
      counts.add(RESET);
    }
  }
}

/** Lets one fault follow the other for a while. */
export async function causeFaults(
  chaos: Chaos,
  untilTime: number,
  log: (line: string) => void,
): Promise<void> {
  const possible = FAULTS.filter(({ needsHub }) => !needsHub || chaos.world.hubs.length > 0);
  /** Each fault as often as it weighs. */
  const wheel = possible.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  while (performance.now() < untilTime) {
    await sleep(chaos.dice.between(100, 700));
    const fault = chaos.dice.pick(wheel);
    if (fault === undefined) continue;
    log(`  ${fault.name}`);
    if (await fault.cause(chaos)) chaos.counts.add(fault.name);
  }
}

/** The number of faults so far that make a device register again. */
export function countRegistering({ counts }: Chaos): number {
  return counts.count(...REGISTERING);
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

async function restart(chaos: Chaos, hub: HubEmulator): Promise<void> {
  const { world, dice } = chaos;
  const devices = world.devices.filter((device) => hubOf(world, device) === hub);
  await hub.stop();
  await sleep(dice.between(50, 800));
  await hub.start();
  // A device behind a stalled connection has not noticed anything yet.
  await chaos.timeReturn(devices.filter(({ isConnected }) => !isConnected));
}

/** A connection is reset, and the next one has an uplink that takes seconds for large messages. */
async function slow(chaos: Chaos): Promise<boolean> {
  const { world, dice, slowUplinks } = chaos;
  const rate = dice.between(...world.slowUplink);
  return befall(chaos.link(), async (link) => {
    const proxy = world.proxies.find(({ links }) => links.includes(link));
    const slowLink = proxy?.nextLink();
    link.reset();
    let [isSent, isLost] = [false, false];
    void slowLink?.then((next) => {
      next.throttle(rate);
      void next.left.then(() => {
        isLost = true;
        happened();
      });
    });
    const large = world.devices.flatMap(({ outbox }) =>
      Array.from({ length: LARGE_MESSAGES }, () => outbox.sendLarge(dice)),
    );
    void Promise.all(large).then(() => {
      isSent = true;
      happened();
    });
    await until(() => isSent || isLost, SLOW_MS);
    if (isLost) await until(() => world.devices.some(({ isConnected }) => !isConnected), SLACK_MS);
    slowUplinks.push({ isLost, errors: isLost ? world.devices.flatMap(errorOf) : [] });
    // A connection that has been slow is given more time than others when it stalls.
    void slowLink?.then((next) => next.reset());
  });
}

function errorOf({ id, connection: { state } }: SoakDevice): string[] {
  return 'error' in state ? [`${id}: ${state.error.message}`] : [];
}

async function move(chaos: Chaos, send: (hub: HubEmulator, id: string) => unknown): Promise<boolean> {
  return befall(chaos.movable(), async ({ device, hub, next }) => {
    device.change({ iotHubs: [next.name] });
    send(hub, device.id);
    await until(() => next.devices.get(device.id) !== undefined, 10_000);
  });
}

async function reprovision(chaos: Chaos): Promise<boolean> {
  return befall(chaos.movable(), async ({ device, next }) => {
    device.change({ iotHubs: [next.name] });
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
