import type { RunFindings } from './findings';
import type { SoakReport } from './report';
import type { Tally } from './tally';
import { RECONNECT } from './timing';

/** The counts and measurements, as text. */
export function figuresOf(findings: RunFindings): SoakReport['figures'] {
  const { telemetry, cloudToDevice, methods, connections, faults, program } = findings;
  return [
    ['faults', list(faults.counts)],
    [
      'telemetry',
      `${telemetry.sent} sent, ${telemetry.arrived} arrived, ${telemetry.arrived - telemetry.sent} more than once`,
    ],
    [
      'C2D',
      `${cloudToDevice.accepted} accepted, ${cloudToDevice.completed} completed, ${cloudToDevice.purged} purged with their hub's identity, ${cloudToDevice.repeated} delivered again`,
    ],
    ['methods', `${methods.answered} answered, failed: ${list(methods.failures) || 'none'}`],
    ['connections', `${connections.reconnects} reconnects in ${connections.attempts} attempts`],
    ['DPS', `${connections.registrations} registrations, ${connections.toDps} connections`],
    [
      'stall noticed',
      `${describe(faults.noticedAfter)}; at most ${faults.longestStall.toFixed(2)} × keep-alive`,
    ],
    ['refusals in a row', faults.refusals.length > 0 ? faults.refusals.join(', ') : 'none'],
    ['back when it can be', `${describe(faults.returns)}; largest back-off step ${RECONNECT.maxDelayMs} ms`],
    [
      'killed program',
      program
        ? `${program.starts} starts, killed: ${list(program.kills)}; ${program.acknowledged} messages acknowledged`
        : 'none',
    ],
  ];
}

function list(tally: Tally<string> | Tally<number>): string {
  return [...tally].map(([what, count]) => `${count} × ${what}`).join(', ');
}

function describe(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return 'never';
  const sorted = [...milliseconds].sort((left, right) => left - right);
  const round = (value = 0): string => (Number.isFinite(value) ? `${Math.round(value)}` : 'never');
  return `${sorted.length} ×, median ${round(sorted[Math.floor(sorted.length / 2)])} ms, longest ${round(sorted.at(-1))} ms`;
}
