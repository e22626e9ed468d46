import { Chaos } from './chaos';
import { check } from './checks';
import { Dice } from './dice';
import { causeFaults, resetFirst } from './faults';
import { figuresOf } from './figures';
import { examine, twinDifference, type Findings } from './findings';
import { connectDevices } from './first-connection';
import { heapUsed, leftOpen, listenersOf, openResources } from './leaks';
import { load } from './load';
import type { SoakOptions } from './options';
import { until } from './progress';
import type { SoakReport } from './report';
import { buildWorld, type Closers, type World } from './world';

/** Longer than the device's own time-out for a connection that is accepted and then silent, which is 30 s. */
const CONVERGENCE_MS = 45_000;

/**
 * Runs devices, load and faults, heals everything, waits until all has come to rest, closes, and tells what was found.
 */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seed, isStrict, log } = options;
  if (isStrict) {
    log('Warming up');
    // Modules and caches that are loaded at their first use are no leak.
    await runOnce({ ...options, seconds: 1, devices: 1, log: () => undefined });
  }
  const before = { resources: openResources(), heap: isStrict ? heapUsed() : 0 };
  const run = await runOnce(options);
  const findings = {
    ...run,
    leftOpen: await leftOpen(before.resources),
    heapGrowthBytes: isStrict ? heapUsed() - before.heap : 0,
  };
  return { seed, checks: check(findings, options), figures: figuresOf(findings) };
}

async function runOnce(options: SoakOptions): Promise<Omit<Findings, 'leftOpen' | 'heapGrowthBytes'>> {
  const { seconds, seed, log } = options;
  const closers: Closers = [];
  try {
    const world = await buildWorld(options, closers);
    const chaos = new Chaos(world, new Dice(seed));
    const stop = new AbortController();
    log(`Faults for ${seconds} s`);
    resetFirst(chaos);
    const listening = connectDevices(world, closers).then(() => listenersOf(world));
    const loading = load(world, new Dice(seed + 1), stop.signal);
    const killing = world.program?.run(new Dice(seed + 2), stop.signal);
    await causeFaults(chaos, performance.now() + seconds * 1000, log);
    const listenersBefore = await listening;
    stop.abort();
    await loading;
    await killing;

    log('Healing');
    await heal(world);
    const healedAt = performance.now();
    const isHealed = await until(() => isAtRest(chaos), CONVERGENCE_MS);
    return {
      convergence: { isHealed, milliseconds: performance.now() - healedAt },
      areListenersSame: listenersOf(world) === listenersBefore,
      ...examine(chaos),
    };
  } finally {
    for (const close of closers) await close();
  }
}

/** Takes back what faults may have left. */
async function heal({ hubs }: World): Promise<void> {
  for (const hub of hubs) {
    await hub.start();
    for (const { deviceId, status } of hub.devices.list())
      if (status === 'disabled') hub.devices.enable(deviceId);
  }
}

function isAtRest({ world, stalls }: Chaos): boolean {
  const { devices, ledger } = world;
  return (
    stalls.every(({ noticedAfter }) => noticedAfter !== undefined) &&
    devices.every((device) => device.hasSettled()) &&
    ledger.methods.pending === 0 &&
    ledger.cloudMessages.every(({ outcome }) => outcome !== 'waiting') &&
    devices.every((device) => twinDifference(world, device) === undefined)
  );
}
