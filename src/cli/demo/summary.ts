import { countSteps, STEP_NAMES, totalMilliseconds, type DemoReport, type StepReport } from './report';
import { alignColumns, duration } from '../output/text';

const MARKS: Readonly<Record<StepReport['outcome'], string>> = { observed: '✔', failed: '✖', 'not-run': '-' };
const HEADER = ['kind', 'registration ID', 'hub', 'device ID', 'status', 'steps 1-8', 'time'];
const ABSENT = '-';

/** The end of the account. */
export interface Summary {
  /** The names of the columns; absent where the terminal is too narrow for a table. */
  readonly header?: string;
  /** A line a kind. */
  readonly rows: readonly string[];
  /** What the numbers of the steps mean. */
  readonly legend: string;
  /** What came of it all and where to go next. */
  readonly conclusion: string;
}

/** Sums up: in a table, or in sentences where the terminal is too narrow. */
export function summarize(report: DemoReport, width: number): Summary {
  const cells = report.kinds.map((kind) => [
    kind.kind,
    kind.registrationId,
    kind.hub ?? ABSENT,
    kind.deviceId ?? ABSENT,
    kind.status ?? ABSENT,
    kind.steps.map(({ outcome }) => MARKS[outcome]).join(''),
    duration(totalMilliseconds(kind)),
  ]);
  const [header = '', ...rows] = alignColumns([HEADER, ...cells]);
  const isTooWide = [header, ...rows].some((line) => line.length > width);
  return {
    ...(isTooWide ? { rows: cells.map(asSentence) } : { header, rows }),
    legend: `steps: ${STEP_NAMES.map((name, index) => `${index + 1} ${name}`).join(', ')}`,
    conclusion: conclude(report),
  };
}

function asSentence([kind = '', ...cells]: readonly string[]): string {
  const [, ...headers] = HEADER;
  return `${kind}: ${cells.map((cell, index) => `${headers[index] ?? ''} ${cell}`).join(', ')}`;
}

function conclude(report: DemoReport): string {
  const { observed, total } = countSteps(report);
  const failures = report.kinds.flatMap(({ kind, steps }) =>
    steps.filter(({ outcome }) => outcome === 'failed').map(({ name }) => `${kind} failed at "${name}"`),
  );
  if (failures.length > 0)
    return `The services observed ${observed} of ${total} steps: ${failures.join('; ')}. See above for what to do.`;
  return `The services observed all ${total} steps. Next, see what else there is: azure-iot-x509 --help (in a clone of the repository: npm run build, then node dist/cli/main.js --help); or, in a clone, run a device program: npm run example -- hub-individual --emulator. To connect one to Azure, see "Connecting to a real Azure subscription" in README.md.`;
}
