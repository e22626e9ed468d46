import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Command as Program } from 'commander';
import { debugFlag, type Command } from './command';
import { GROUPS } from './commands';
import { optionOf, type FlagTable } from './flags';
import { locate, type Io } from './io';
import { isColored } from './output/style';
import { terminalWidth } from './output/terminal';

/** The name of the program. */
const PROGRAM = 'azure-iot-x509';

/** The largest width of help, and its width where there is no terminal. */
const MAX_WIDTH = 120;
const PIPE_WIDTH = 100;
/** The smallest column for descriptions of options. In a narrower column they are not broken. */
const MIN_WIDTH = 20;

const EXIT_CODES = `
Exit codes:
  0         done
  1         refused or failed; stderr says why and what to do
  2         wrong usage; nothing was done
  130, 143  interrupted (Ctrl-C, SIGTERM)`;

/** A parsed command line. */
export interface Call {
  readonly command: Command;
  /** The values by the names of the command's flags and of {@link debugFlag}. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Paths that can be opened as they are. */
  readonly operands: readonly string[];
}

/** commander's tree for one command line. It keeps the parsed values, so that it cannot be used twice. */
export interface ProgramTree {
  readonly program: Program;
  /** The words of the command or group that is being parsed. */
  readonly current: () => string;
}

/** @param act gets the parsed command line */
export function buildProgram(
  commands: readonly Command[],
  io: Io,
  act: (call: Call) => Promise<void>,
): ProgramTree {
  let current = PROGRAM;
  const enter = (parent: Program, entered: Program) => {
    current = [...(parent.parent === null ? [] : [parent.name()]), entered.name()].join(' ');
    current = `${PROGRAM} ${current}`;
  };
  const program = configured(new Program(PROGRAM), io)
    .description(
      'From an X.509 certificate to a connected Azure IoT Hub client: makes and checks certificates, provisions and connects devices.',
    )
    .version(version(), '-V, --version', 'Prints the version.')
    .helpCommand('help [command...]', 'Prints the help of a command.')
    .addHelpText('after', EXIT_CODES)
    .hook('preSubcommand', enter);
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    if (second === undefined) {
      declare(program.command(first), command, io, act);
      continue;
    }
    const group =
      program.commands.find((existing) => existing.name() === first) ??
      program
        .command(first)
        .description(GROUPS[first] ?? '')
        .helpCommand(false)
        .hook('preSubcommand', enter);
    declare(group.command(second), command, io, act);
  }
  return { program, current: () => current };
}

/** Applies the settings of the whole tree; commander passes them on to subcommands. */
function configured(program: Program, io: Io): Program {
  const width = (stream: 'stdout' | 'stderr') => () =>
    Math.min(terminalWidth(io, stream) ?? PIPE_WIDTH, MAX_WIDTH);
  return (
    program
      .helpOption('-h, --help', 'Prints this help.')
      // Without this, `--` would not reach the command.
      .enablePositionalOptions()
      .exitOverride()
      .configureHelp({
        minWidthToWrap: MIN_WIDTH,
        styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      })
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stderr.write(text),
        // commander also throws the error. The catching code explains it.
        outputError: () => undefined,
        getOutHelpWidth: width('stdout'),
        getErrHelpWidth: width('stderr'),
        getOutHasColors: () => isColored(io, 'stdout'),
        getErrHasColors: () => isColored(io, 'stderr'),
      })
  );
}

function declare(program: Program, command: Command, io: Io, act: (call: Call) => Promise<void>): void {
  const { summary, description, operand, examples } = command;
  const flags: FlagTable = { ...command.flags, ...debugFlag };
  program.summary(summary).description([`${summary}.`, ...description].join('\n\n'));
  if (operand !== undefined) program.argument(operand.term, operand.description);
  for (const [name, flag] of Object.entries(flags)) program.addOption(optionOf(name, flag, io.cwd));
  const lines = examples.map(({ does, line }) => `\n  # ${does}\n  ${line}`);
  program.addHelpText('after', `\nExamples:${lines.join('')}`);
  program.action(async () => {
    const given: Readonly<Record<string, unknown>> = program.opts();
    const values = Object.entries(flags).map(([name, flag]) => [name, given[name] ?? absent(flag)]);
    const operands = program.args.map((operand) => locate(io.cwd, operand));
    await act({ command, values: Object.fromEntries(values) as Call['values'], operands });
  });
}

/** The value of a flag that was not given. */
function absent({ valueName, isRepeatable = false }: FlagTable[string]): unknown {
  if (valueName === undefined) return false;
  return isRepeatable ? [] : undefined;
}

/** The version of this package. */
function version(): string {
  // Beside `dist` or `src`, two levels above this file's directory.
  const { version: text } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}
