import { nearestName } from 'azure-iot-certificates/internal';
import type { Command, Invocation } from './command';
import { COMMANDS, GROUPS } from './commands';
import { EXIT } from './exit-codes';
import { reportFailure } from './failure';
import { parseFlags } from './flags/parse';
import { GLOBAL_FLAGS } from './global-flags';
import { commandHelp, groupHelp, overview } from './help';
import { Interruption, locate, OutputClosed, type Io } from './io';
import { Output } from './output/output';
import { PROGRAM } from './program';
import { unknownCommand } from './unknown-command';
import { UsageError } from './usage-error';
import { version } from './version';

/**
 * The whole command line. Never rejects.
 *
 * @param args what follows the program's name
 * @returns the exit code, see {@link EXIT}; 130 or 143 when interrupted
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const words = upTo(args, (arg) => arg.startsWith('-'));
  const command = findCommand(words);
  // What follows the head of a group is the name of a member, and misspelt.
  const isMisspelt =
    command !== undefined && isHead(command) && words.length > command.name.split(' ').length;
  if (command !== undefined && !isMisspelt)
    return await runCommand(command, args.slice(command.name.split(' ').length), io);
  return runWithoutCommand(args, words, io);
}

/** Whether the command is the head of a group and takes no operands itself. */
function isHead({ name, operands = [] }: Command): boolean {
  return operands.length === 0 && GROUPS.some((group) => group.name === name);
}

/** What comes before the first that is the end; all when none is. */
function upTo(args: readonly string[], isEnd: (arg: string) => boolean): readonly string[] {
  const end = args.findIndex(isEnd);
  return end === -1 ? args : args.slice(0, end);
}

/** The command with the longest name that the words begin with. */
function findCommand(words: readonly string[]): Command | undefined {
  return COMMANDS.filter(({ name }) => name.split(' ').every((word, index) => words[index] === word)).sort(
    (one, other) => other.name.length - one.name.length,
  )[0];
}

/**
 * Runs one command. Never rejects.
 *
 * @param args what follows the command's name
 */
export async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  // What cannot be parsed may still ask for help.
  const options = upTo(args, (arg) => arg === '--');
  if (options.some((arg) => arg === '--help' || arg === '-h')) {
    new Output(io, { isJson: false }).raw(commandHelp(command, io));
    return EXIT.ok;
  }
  const output = new Output(io, { isJson: 'json' in command.flags && options.includes('--json') });
  try {
    const invocation = await invocationOf(command, args, io, output);
    io.signal.throwIfAborted();
    return await command.load().run(invocation);
  } catch (error) {
    return explain(error, command, io, output, options.includes('--debug'));
  } finally {
    output.close();
  }
}

async function invocationOf(
  command: Command,
  args: readonly string[],
  io: Io,
  output: Output,
): Promise<Invocation> {
  const { values, operands, sources } = await parseFlags(args, { ...command.flags, ...GLOBAL_FLAGS }, io);
  const { operands: expected = [] } = command;
  const last = expected.at(-1);
  const [surplus] = last?.repeatable === true ? [] : operands.slice(expected.length);
  const missing = expected.slice(operands.length).find(({ required }) => required === true);
  if (surplus !== undefined) throw new UsageError(`${JSON.stringify(surplus)} is one argument too many.`);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing: ${missing.description}`);
  const located = operands.map((operand, index) => {
    const { type, values: allowed = [], name } = expected[index] ?? last ?? { name: '' };
    if (type === 'enum' && !allowed.includes(operand)) {
      const meant = nearestName(operand, allowed);
      throw new UsageError(
        `${name} must be one of ${allowed.join(', ')}, not ${JSON.stringify(operand)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
      );
    }
    return type === 'file' ? locate(io.cwd, operand) : operand;
  });
  return { values, operands: located, sources, io, output };
}

function explain(error: unknown, command: Command, io: Io, output: Output, isDebug: boolean): number {
  if (io.signal.aborted) {
    const reason: unknown = io.signal.reason;
    output.close();
    if (reason instanceof OutputClosed) return reason.exitCode;
    io.stderr.write('Interrupted.\n');
    return reason instanceof Interruption ? reason.exitCode : EXIT.failed;
  }
  if (error instanceof UsageError) {
    const help = `${PROGRAM} ${command.name} --help`;
    reportUsage(error.problems, help, output);
    output.failure({ code: 'USAGE', message: error.message, remedy: `See: ${help}` });
    return EXIT.usage;
  }
  return reportFailure(error, output, isDebug);
}

function reportUsage(problems: readonly string[], help: string, output: Output): void {
  const { red, bold } = output.noteStyle;
  for (const problem of problems) output.note(`${red(bold('error:'))} ${problem}`);
  output.note(`See: ${help}`);
}

function runWithoutCommand(args: readonly string[], words: readonly string[], io: Io): number {
  const output = new Output(io, { isJson: false });
  const [first] = args;
  if (first === '--version' || first === '-V') {
    output.raw(`${version()}\n`);
    return EXIT.ok;
  }
  const isHelp = words[0] === 'help';
  const about = isHelp ? words.slice(1) : words;
  const text = helpAbout(about, io);
  const isAsked = isHelp || args.includes('--help') || args.includes('-h');
  if (text !== undefined && isAsked) {
    output.raw(text);
    return EXIT.ok;
  }
  if (text === undefined) {
    const { problem, help } = unknownCommand(about);
    reportUsage([problem], help, output);
  } else if (first?.startsWith('-') === true) {
    reportUsage(
      [`${first} is not a flag of ${PROGRAM} itself; flags follow the command.`],
      `${PROGRAM} --help`,
      output,
    );
  } else {
    // Nothing was asked for, or half of it.
    io.stderr.write(text);
  }
  return EXIT.usage;
}

/** The help about the command or group of that name, or about everything; `undefined` when there is no such thing. */
function helpAbout(words: readonly string[], io: Io): string | undefined {
  if (words.length === 0) return overview(io);
  const name = words.join(' ');
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command !== undefined) return commandHelp(command, io);
  const group = GROUPS.find((candidate) => candidate.name === name);
  return group === undefined ? undefined : groupHelp(group, io);
}
