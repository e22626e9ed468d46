import { ENROLLMENT_KINDS, ENROLLMENTS } from 'azure-iot-certificates/internal';
import { type EnrollmentKind } from 'azure-iot-certificates';
import { DEMO_KINDS } from './kinds';
import { Progress } from '../output/progress';
import { STEP_NAMES, type DemoReport, type StepName, type StepReport } from './report';
import type { DemoObserver } from './run-demo';
import { DEMO_STEPS } from './steps';
import { styleFor, type Style } from '../output/style';
import { terminalWidth, type OutputIo } from '../output/terminal';
import { summarize } from './summary';
import { duration, wrap } from '../output/text';
import { INTRODUCTION, TERM_WIDTH } from './words';

const NAME_WIDTH = Math.max(...STEP_NAMES.map((name) => name.length));
const TIME_WIDTH = '999 ms'.length;
/** Margin, mark, name and time, with what separates them. */
const DETAIL_COLUMN = 4 + NAME_WIDTH + 2 + TIME_WIDTH + 2;
const MIN_DETAIL_WIDTH = 30;

/** Tells a person what happens, while it happens. */
export class DemoPrinter implements DemoObserver {
  readonly #io: OutputIo;
  readonly #style: Style;
  readonly #progress: Progress;
  /** The width of lines on a terminal; elsewhere lines are as long as they get. */
  readonly #width: number;

  constructor(io: OutputIo) {
    this.#io = io;
    this.#style = styleFor(io, 'stdout');
    this.#progress = new Progress(io, 'stdout', '  ');
    this.#width = terminalWidth(io, 'stdout') ?? Infinity;
  }

  introduce(): void {
    const [title = '', ...rest] = INTRODUCTION;
    this.#print(this.#style.bold(title));
    for (const line of rest) this.#printWrapped(line, line.startsWith(' ') ? TERM_WIDTH : 0);
  }

  kindStarted(kind: EnrollmentKind): void {
    const number = ENROLLMENT_KINDS.indexOf(kind) + 1;
    this.#print('');
    this.#print(this.#style.bold(`${number}. ${kind}: ${ENROLLMENTS[kind].label}`));
    this.#printWrapped(`   ${DEMO_KINDS[kind].about}`, 3);
  }

  stepStarted(name: StepName): void {
    this.#progress.start(`${name}: ${DEMO_STEPS[name].doing}`);
  }

  stepFinished({ name, outcome, detail, remedy, milliseconds }: StepReport): void {
    this.#progress.stop();
    const { green, red, dim } = this.#style;
    const mark = { observed: green('✔'), failed: red('✖'), 'not-run': dim('-') }[outcome];
    const time = outcome === 'not-run' ? '' : duration(milliseconds);
    const text = outcome === 'not-run' ? 'not run' : detail;
    const lines = [text, ...(remedy === undefined ? [] : [`What to do: ${remedy}`])].flatMap((part) =>
      wrap(part, Math.max(MIN_DETAIL_WIDTH, this.#width - DETAIL_COLUMN)),
    );
    const [first = '', ...others] = lines;
    this.#print(`  ${mark} ${name.padEnd(NAME_WIDTH)}  ${dim(time.padStart(TIME_WIDTH))}  ${first}`);
    for (const line of others) this.#print(' '.repeat(DETAIL_COLUMN) + line);
  }

  conclude(report: DemoReport): void {
    const { header, rows, legend, conclusion } = summarize(report, this.#width);
    this.#print('');
    if (header !== undefined) this.#print(this.#style.bold(header));
    for (const row of rows) this.#printWrapped(row, 2);
    this.#printWrapped(legend);
    this.#print('');
    this.#printWrapped(conclusion);
  }

  /** Ends the progress, whatever has happened. */
  close(): void {
    this.#progress.stop();
  }

  #printWrapped(text: string, indent = 0): void {
    for (const line of wrap(text, this.#width, indent)) this.#print(line);
  }

  #print(line: string): void {
    this.#io.stdout.write(`${line}\n`);
  }
}
