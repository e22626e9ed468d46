import type { Command, Operand } from './command';
import { COMMANDS, GROUPS, type Group } from './commands';
import { durationText } from './flags/duration';
import { flagName, type Flag, type FlagTable } from './flags/spec';
import { valueName } from './flags/values';
import { GLOBAL_FLAGS } from './global-flags';
import { styleFor, type Style } from './output/style';
import { terminalWidth, type OutputIo } from './output/terminal';
import { wrap } from './output/text';
import { PROGRAM } from './program';

const PIPE_WIDTH = 100;
const MAX_WIDTH = 120;
const MIN_WIDTH = 40;
/** From this width of a flag on, its description begins on the next line. */
const MAX_TERM = 28;

/** Lines of help for one reader. */
class Page {
  readonly style: Style;
  readonly #width: number;
  readonly #lines: string[] = [];

  constructor(io: OutputIo) {
    this.style = styleFor(io, 'stdout');
    this.#width = Math.max(MIN_WIDTH, Math.min(terminalWidth(io, 'stdout') ?? PIPE_WIDTH, MAX_WIDTH));
  }

  heading(text: string): void {
    this.#lines.push('', this.style.bold(text));
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  paragraph(text: string, indent = 0): void {
    this.#lines.push(...wrap(' '.repeat(indent) + text, this.#width, indent));
  }

  /** Terms with what they mean beside them, or below where a term is long. */
  terms(rows: readonly (readonly [term: string, meaning: string])[]): void {
    const width = Math.min(MAX_TERM, Math.max(...rows.map(([term]) => term.length)));
    const column = 2 + width + 2;
    for (const [term, meaning] of rows) {
      const lines = wrap(meaning, Math.max(MIN_WIDTH / 2, this.#width - column));
      const isLong = term.length > width;
      const [first = '', ...rest] = isLong ? ['', ...lines] : lines;
      this.#lines.push(`  ${term}${' '.repeat(Math.max(0, width - term.length))}  ${first}`.trimEnd());
      for (const line of rest) this.#lines.push(' '.repeat(column) + line);
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

/** What `--help` prints. */
export function overview(io: OutputIo): string {
  const page = new Page(io);
  page.paragraph(
    'From an X.509 certificate to a connected Azure IoT Hub client: makes and checks certificates, provisions and connects devices, and emulates the services.',
  );
  page.heading('Usage');
  page.line(`  ${PROGRAM} COMMAND [ARGUMENTS] [FLAGS]`);
  page.heading('Commands');
  page.terms(COMMANDS.map(({ name, summary }) => [name, summary]));
  page.heading('Flags');
  page.terms([
    ['--help, -h', `Prints this help; after a command, that command's. "${PROGRAM} help COMMAND" does, too.`],
    ['--version, -V', 'Prints the version.'],
  ]);
  page.heading('Exit codes');
  page.terms([
    ['0', 'done'],
    ['1', 'refused or failed; stderr says why and what to do'],
    ['2', 'wrong usage; nothing was done'],
    ['130, 143', 'interrupted (Ctrl-C, SIGTERM)'],
  ]);
  return page.toString();
}

/** What `--help` of a group prints, e.g. of `cert`. */
export function groupHelp(group: Group, io: OutputIo): string {
  const page = new Page(io);
  page.paragraph(`${group.summary}.`);
  page.heading('Usage');
  page.line(`  ${PROGRAM} ${group.name} COMMAND [ARGUMENTS] [FLAGS]`);
  listMembers(page, group);
  return page.toString();
}

function listMembers(page: Page, group: Group): void {
  page.heading('Commands');
  page.terms(
    COMMANDS.filter(({ name }) => name.startsWith(`${group.name} `)).map(({ name, summary }) => [
      name,
      summary,
    ]),
  );
}

/** What `--help` of a command prints. */
export function commandHelp(command: Command, io: OutputIo): string {
  const page = new Page(io);
  page.paragraph(`${command.summary}.`);
  page.heading('Usage');
  page.line(`  ${usageLine(command)}`);
  for (const paragraph of command.description) {
    page.line('');
    page.paragraph(paragraph);
  }
  if (command.operands !== undefined && command.operands.length > 0) {
    page.heading('Arguments');
    page.terms(command.operands.map(({ name, description }) => [name, description]));
  }
  page.heading('Flags');
  page.terms(flagRows({ ...command.flags, ...GLOBAL_FLAGS }));
  page.heading('Examples');
  for (const { does, line } of command.examples) {
    page.paragraph(`# ${does}`, 2);
    page.line(`  ${line}`);
  }
  // A command may be the head of a group, as `emulator` is.
  const group = GROUPS.find(({ name }) => name === command.name);
  if (group !== undefined) listMembers(page, group);
  return page.toString();
}

/** How the command is called, in one line. */
export function usageLine({ name, operands = [], flags }: Command): string {
  const required = Object.entries(flags)
    .filter(([, flag]) => flag.required === true)
    .map(([flag, spec]) => flagTerm(flag, spec));
  return [PROGRAM, name, ...operands.map(operandTerm), ...required, '[FLAGS]'].join(' ');
}

function operandTerm({ name, required, repeatable }: Operand): string {
  const term = repeatable === true ? `${name}…` : name;
  return required === true ? term : `[${term}]`;
}

function flagTerm(name: string, flag: Flag): string {
  const value = valueName(flag);
  return value === undefined ? flagName(name) : `${flagName(name)} ${value}`;
}

/** The flags with their meanings, for help and documentation. */
export function flagRows(flags: FlagTable): (readonly [term: string, meaning: string])[] {
  return Object.entries(flags).map(([name, flag]) => {
    const { short } = flag;
    return [flagTerm(name, flag) + (short === undefined ? '' : `, -${short}`), meaningOf(flag)];
  });
}

function meaningOf(flag: Flag): string {
  const remarks = [
    ...(flag.required === true ? ['required'] : []),
    ...(flag.repeatable === true ? ['may be given several times'] : []),
    ...(defaultText(flag) === undefined ? [] : [`default ${defaultText(flag) ?? ''}`]),
    ...(flag.env === undefined ? [] : [`environment ${flag.env}`]),
  ];
  return remarks.length === 0 ? flag.description : `${flag.description} [${remarks.join(', ')}]`;
}

function defaultText(flag: Flag): string | undefined {
  if (flag.type === 'boolean' || flag.default === undefined) return undefined;
  return flag.type === 'duration' ? durationText(flag.default) : String(flag.default);
}
