import { printable } from 'azure-iot-certificates/internal';
import { jsonOf } from '../failure';
import type { Output, Result } from '../output/output';
import type { Style } from '../output/style';
import { terminalWidth, type OutputIo } from '../output/terminal';
import { wrap } from '../output/text';
import type { StepReport } from './examine';
import { STEPS } from './steps';

const MARKS: Readonly<Record<StepReport['status'], readonly [mark: string, color: keyof Style]>> = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✖', 'red'],
  skipped: ['-', 'dim'],
};
const TITLE_WIDTH = Math.max(...STEPS.map(({ title }) => title.length));
/** As wide as a mark and a title. */
const MARGIN = ' '.repeat(2 + TITLE_WIDTH + 2);
const MIN_TEXT_WIDTH = 30;

/** Prints the report of each step as it comes; nothing with `--json`. */
export function stepPrinter(output: Output, io: OutputIo): (report: StepReport) => void {
  const width = Math.max(MIN_TEXT_WIDTH, (terminalWidth(io, 'stdout') ?? Infinity) - MARGIN.length);
  return (report) => {
    if (output.isJson) return;
    output.event({ json: undefined, text: (style) => lines(report, style, width) });
  };
}

/** Prints the result: with `--json` all reports, otherwise the summary. */
export function resultOf(reports: readonly StepReport[], device: string | undefined): Result {
  const failed = reports.filter(({ status }) => status === 'failed');
  const warnings = reports.filter(({ status }) => status === 'warning');
  return {
    json: { ok: failed.length === 0, steps: reports.map(stepJson) },
    text: (style) => ['', conclusion(failed, warnings, device, style)],
  };
}

function lines(
  { title, status, summary, details = [], remedy }: StepReport,
  style: Style,
  width: number,
): string[] {
  const [mark, color] = MARKS[status];
  const texts = [
    ...summary.split('\n'),
    ...(status === 'warning' ? details : []),
    ...(remedy === undefined ? [] : `What to do: ${remedy}`.split('\n')),
  ];
  return texts
    .flatMap((text) => wrap(printable(text), width))
    .map((text, index) => {
      const begin = index === 0 ? `${style[color](mark)} ${title.padEnd(TITLE_WIDTH)}  ` : MARGIN;
      return `${begin}${status === 'skipped' ? style.dim(text) : text}`;
    });
}

function conclusion(
  failed: readonly StepReport[],
  warnings: readonly StepReport[],
  device: string | undefined,
  style: Style,
): string {
  const titles = (reports: readonly StepReport[]) => reports.map(({ title }) => title).join(', ');
  if (failed.length > 0) return style.red(`The device cannot connect: see ${titles(failed)}.`);
  const name = device === undefined ? 'The device' : printable(device);
  const remark = warnings.length === 0 ? '' : ` Look at the warnings, though: ${titles(warnings)}.`;
  return style.green(`${name} can connect.${remark}`);
}

function stepJson({ name, status, summary, remedy, details, data, error, milliseconds }: StepReport): object {
  return {
    step: name,
    status,
    summary,
    remedy,
    details,
    ...(data && { data }),
    ...(error && { error: jsonOf(error) }),
    milliseconds,
  };
}
