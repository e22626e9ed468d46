import type { Findings } from './findings';
import type { SoakOptions } from './options';
import type { SoakCheck } from './report';
import { KEEP_ALIVE_SECONDS, RECONNECT, SLACK_MS } from './timing';

const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;
/**
 * The failures of direct methods that are allowed while devices reconnect: no such device, not online, disconnected, no
 * answer.
 */
const METHOD_FAILURES: readonly number[] = [404001, 404103, 404104, 504101];
const MAX_STALL_KEEP_ALIVES = 1.5 + SLACK_MS / 1000 / KEEP_ALIVE_SECONDS;

interface Check {
  readonly name: string;
  /** True if the check is about times or memory. */
  readonly isStrict?: true;
  /** True if the check is about what a hub has and a broker has not. */
  readonly needsHub?: true;
  readonly isOk: (findings: Findings) => boolean;
  readonly detail?: (findings: Findings) => string;
}

const CHECKS: readonly Check[] = [
  {
    name: 'everything comes to rest',
    isOk: ({ convergence }) => convergence.isHealed,
    detail: ({ convergence }) => `after ${Math.round(convergence.milliseconds)} ms`,
  },
  {
    name: 'every first connection was made',
    isOk: ({ failedStarts }) => failedStarts.length === 0,
    detail: ({ failedStarts }) => failedStarts.join('; '),
  },
  {
    name: 'every sendEvent settled',
    isOk: ({ telemetry }) => telemetry.areAllSettled,
    detail: ({ telemetry }) => `${telemetry.sent} calls`,
  },
  {
    name: 'no sendEvent failed',
    isOk: ({ telemetry }) => telemetry.failures.length === 0,
    detail: ({ telemetry }) => telemetry.failures[0] ?? '',
  },
  {
    name: 'what was acknowledged arrived',
    isOk: ({ telemetry }) => telemetry.lost === 0,
    detail: ({ telemetry }) => `${telemetry.lost} of ${telemetry.acknowledged} lost`,
  },
  {
    name: 'in the order of the calls',
    isOk: ({ telemetry }) => telemetry.outOfOrder.length === 0,
    detail: ({ telemetry }) => telemetry.outOfOrder.join(),
  },
  {
    name: 'no body was changed',
    isOk: ({ corrupted }) => corrupted === 0,
    detail: ({ corrupted }) => `${corrupted} changed`,
  },
  {
    name: 'every C2D message is decided',
    needsHub: true,
    isOk: ({ cloudToDevice }) => cloudToDevice.waiting === 0,
    detail: ({ cloudToDevice }) => `${cloudToDevice.waiting} waiting`,
  },
  {
    name: 'completed C2D messages were delivered',
    needsHub: true,
    isOk: ({ cloudToDevice }) => cloudToDevice.lost === 0,
    detail: ({ cloudToDevice }) => `${cloudToDevice.lost} of ${cloudToDevice.completed} lost`,
  },
  {
    name: 'every method call settled',
    needsHub: true,
    isOk: ({ methods }) => methods.pending === 0,
    detail: ({ methods }) => `${methods.pending} pending`,
  },
  {
    name: 'method answers are right',
    needsHub: true,
    isOk: (findings) => findings.methods.wrong === 0 && strangeFailures(findings).length === 0,
    detail: (findings) => strangeFailures(findings).join(),
  },
  {
    name: 'twins are the same on both sides',
    needsHub: true,
    isOk: ({ twinDifferences }) => twinDifferences.length === 0,
    detail: ({ twinDifferences }) => twinDifferences.join('; '),
  },
  {
    name: 'no storm of registrations',
    isOk: ({ connections }) => connections.toDps <= connections.toDpsAllowed,
    detail: ({ connections }) => `${connections.toDps} of ${connections.toDpsAllowed}`,
  },
  {
    name: 'connected at the end',
    isOk: ({ unconnected }) => unconnected.length === 0,
    detail: ({ unconnected }) => unconnected.join('; '),
  },
  {
    name: 'telemetry goes on without features',
    needsHub: true,
    isOk: ({ faults }) => faults.silencedByFeatures === 0,
    detail: ({ faults }) => `${faults.silencedByFeatures} of ${faults.refusedFeatures} times not`,
  },
  {
    name: 'refused features are a warning',
    needsHub: true,
    isOk: ({ faults }) => faults.unsaidFeatures === 0,
    detail: ({ faults }) => `${faults.unsaidFeatures} of ${faults.refusedFeatures} times not`,
  },
  {
    name: 'slow uplinks are kept',
    isStrict: true,
    isOk: ({ faults }) => faults.slowUplinksLost === 0,
    detail: ({ faults }) =>
      `${faults.slowUplinksLost} of ${faults.slowUplinks} closed by the device ${faults.slowUplinkErrors.join('; ')}`,
  },
  {
    name: 'a killed program loses nothing',
    needsHub: true,
    isOk: ({ program }) => program?.lost === 0,
    detail: ({ program }) => `${program?.lost} of ${program?.acknowledged} lost`,
  },
  {
    name: 'a killed program connects again',
    needsHub: true,
    isOk: ({ program }) => program?.failures.length === 0,
    detail: ({ program }) => program?.failures.join('; ') ?? '',
  },
  {
    name: 'a killed program leaves no files behind',
    needsHub: true,
    isOk: ({ program }) => program?.leftBehind.length === 0,
    detail: ({ program }) => program?.leftBehind.join(', ') ?? '',
  },
  {
    name: 'stalls are noticed in time',
    isStrict: true,
    isOk: ({ faults }) => faults.longestStall <= MAX_STALL_KEEP_ALIVES,
  },
  {
    name: 'back soon after a hub is',
    isStrict: true,
    isOk: ({ faults }) => faults.longestReturn <= RECONNECT.maxDelayMs + SLACK_MS,
  },
  { name: 'no listeners are left behind', isOk: ({ areListenersSame }) => areListenersSame },
  {
    name: 'no open handles are left',
    isOk: ({ leftOpen }) => leftOpen.length === 0,
    detail: ({ leftOpen }) => leftOpen.join(', '),
  },
  {
    name: 'memory is back',
    isStrict: true,
    isOk: ({ heapGrowthBytes }) => heapGrowthBytes < MAX_HEAP_GROWTH_BYTES,
    detail: ({ heapGrowthBytes }) => `${Math.round(heapGrowthBytes / 1024)} kB more`,
  },
];

/** Judges what was found. */
export function check(findings: Findings, { isStrict, hub }: SoakOptions): SoakCheck[] {
  return CHECKS.filter((one) => (isStrict || !one.isStrict) && (hub === 'emulator' || !one.needsHub)).map(
    ({ name, isOk, detail }) => ({
      name,
      ok: isOk(findings),
      detail: detail?.(findings) ?? '',
    }),
  );
}

function strangeFailures({ methods }: Findings): number[] {
  return [...methods.failures.keys()].filter((code) => !METHOD_FAILURES.includes(code));
}
