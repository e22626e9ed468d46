import { isDeepStrictEqual } from 'node:util';
import type { Chaos } from './chaos';
import type { SoakDevice } from './device';
import { countRegistering } from './faults';
import type { Ledger } from './ledger';
import { countRefusals } from './refusals';
import type { RestartedProgram } from './restarted-program';
import { KEEP_ALIVE_SECONDS } from './timing';
import { contents } from './twin-section';
import { hubOf, type World } from './world';

/** The findings when nothing is under way any more. They refer to no device, so that a device's memory can be freed. */
export type RunFindings = ReturnType<typeof examine>;

/** The findings when everything is closed. */
export interface Findings extends RunFindings {
  /** The time until nothing was under way any more. */
  readonly convergence: { readonly isHealed: boolean; readonly milliseconds: number };
  readonly areListenersSame: boolean;
  readonly leftOpen: readonly string[];
  readonly heapGrowthBytes: number;
}

/** Compares what one side says with what the other side says. */
export function examine(chaos: Chaos) {
  const { world } = chaos;
  const { devices } = world;
  return {
    telemetry: examineTelemetry(world),
    cloudToDevice: examineCloudToDevice(world),
    methods: world.ledger.methods,
    corrupted: world.ledger.corrupted + sum(devices.map(({ inbox }) => inbox.corrupted)),
    twinDifferences: devices.flatMap((device) => twinDifference(world, device) ?? []),
    failedStarts: world.failedStarts,
    unconnected: devices.filter(({ isConnected }) => !isConnected).map(describeState),
    program: world.program && examineProgram(world.program, world.ledger),
    connections: examineConnections(chaos),
    faults: examineFaults(chaos),
  };
}

/** The difference between the twin at the device and the twin at the hub, or `undefined` if they are the same. */
export function twinDifference(world: World, device: SoakDevice): string | undefined {
  if (device.twin === undefined) return undefined;
  const twin = hubOf(world, device)?.getTwin(device.id);
  if (!twin) return `${device.id} is at no hub`;
  for (const section of ['desired', 'reported'] as const) {
    const [atHub, atDevice] = [twin.properties[section], device.twin[section]].map(contents);
    if (isDeepStrictEqual(atHub, atDevice)) continue;
    return `${device.id} ${section}: hub ${JSON.stringify(atHub)}, device ${JSON.stringify(atDevice)}`;
  }
  return undefined;
}

function examineTelemetry({ devices, ledger }: World) {
  const sent = devices.flatMap(({ id, outbox }) =>
    [...outbox.sent].map(([number, outcome]) => ({
      outcome,
      hasArrived: ledger.arrived.get(id)?.has(number),
    })),
  );
  const acknowledged = sent.filter(({ outcome }) => outcome === 'acknowledged');
  return {
    sent: sent.length,
    areAllSettled: sent.every(({ outcome }) => outcome !== undefined),
    failures: sent
      .map(({ outcome }) => outcome)
      .filter((outcome) => outcome instanceof Error)
      .map(String),
    acknowledged: acknowledged.length,
    lost: acknowledged.filter(({ hasArrived }) => hasArrived !== true).length,
    arrived: sum(devices.map(({ id }) => ledger.arrived.get(id)?.total ?? 0)),
    outOfOrder: devices
      .map(({ id }) => id)
      .filter((id) => !isRising([...(ledger.arrived.get(id)?.keys() ?? [])])),
  };
}

function examineCloudToDevice({ devices, ledger }: World) {
  const accepted = ledger.cloudMessages.filter(({ outcome }) => outcome !== 'refused');
  const completed = accepted.filter(({ outcome }) => outcome === 'Success');
  const waiting = accepted.filter(({ outcome }) => outcome === 'waiting');
  const inboxes = new Map(devices.map(({ id, inbox }) => [id, inbox]));
  return {
    accepted: accepted.length,
    completed: completed.length,
    waiting: waiting.length,
    purged: accepted.length - completed.length - waiting.length,
    lost: completed.filter(({ deviceId, number }) => !inboxes.get(deviceId)?.received.has(number)).length,
    repeated: sum(devices.map(({ inbox: { received } }) => received.total - received.size)),
  };
}

function examineConnections(chaos: Chaos) {
  const { world } = chaos;
  const { devices, dpsProxy } = world;
  const states = devices.flatMap((device) => device.states);
  const attempts = states.filter(
    (state) => state.status === 'reconnecting' && state.nextAttemptAt === undefined,
  ).length;
  return {
    attempts,
    reconnects: states.filter(({ status }) => status === 'connected').length,
    registrations: sum(devices.map(({ reprovisioned }) => 1 + reprovisioned)),
    toDps: dpsProxy.connections,
    // DPS is asked after each refusal.
    toDpsAllowed:
      world.enrolled.length + 4 * countRegistering(chaos) + Math.ceil(attempts / 10) + countRefusals(states),
  };
}

function describeState({ id, connection: { state } }: SoakDevice): string {
  return `${id} ${state.status} ${'error' in state ? state.error.code : ''}`.trimEnd();
}

function examineProgram(program: RestartedProgram, ledger: Ledger) {
  const { starts, kills, failures, leftBehind } = program;
  return { ...program.account(ledger), starts, kills, failures, leftBehind };
}

function examineFaults({ counts, stalls, returns, slowUplinks, refusals, refusedFeatures }: Chaos) {
  const noticedAfter = stalls.map(({ noticedAfter = Infinity }) => noticedAfter);
  return {
    counts,
    /** In milliseconds. */
    noticedAfter,
    /** In times of the keep-alive. */
    longestStall: Math.max(0, ...noticedAfter) / 1000 / KEEP_ALIVE_SECONDS,
    /** In milliseconds. */
    returns,
    longestReturn: Math.max(0, ...returns),
    slowUplinks: slowUplinks.length,
    slowUplinksLost: slowUplinks.filter(({ isLost }) => isLost).length,
    slowUplinkErrors: slowUplinks.flatMap(({ errors }) => errors),
    refusals,
    refusedFeatures: refusedFeatures.length,
    silencedByFeatures: refusedFeatures.filter(({ hasTelemetry }) => !hasTelemetry).length,
    unsaidFeatures: refusedFeatures.filter(({ isSaid }) => !isSaid).length,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => number > (numbers[index - 1] ?? -1));
}
