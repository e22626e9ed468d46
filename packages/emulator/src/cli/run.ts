import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { EmulatorError } from '../index';
import { PEM } from './arguments/parsers';
import type { Running } from './commands/context';
import { refused } from './control/refusal';
import { createProgram } from './program';
import { EXIT, reportFailure } from './terminal/failure';
import { exitCodeOf, isInterrupted, type Io } from './terminal/io';
import type { Output } from './terminal/output';

/**
 * The whole command line. Never rejects.
 *
 * @param args the words after the program's name
 * @param running the emulator, when this is its process; all others pass commands on to it
 * @returns the exit code, see {@link EXIT}; 130 or 143 when interrupted
 */
export async function run(args: readonly string[], io: Io, running?: Running): Promise<number> {
  const { program, context } = createProgram({ io, run, running });
  let names: readonly string[] = [];
  try {
    ({ words: context.words, names } = commandIn(args, program));
    await program.parseAsync(context.words, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (io.signal.aborted) {
      if (isInterrupted(io.signal)) io.stderr.write('Interrupted.\n');
      return exitCodeOf(io.signal);
    }
    const { output, place, flags } = context;
    if (error instanceof CommanderError) return reportUsage(error, names, output);
    const failure = error instanceof EmulatorError ? refused(error, names.join(' '), place) : error;
    return reportFailure(failure, output, flags.debug === true);
  }
}

/** A command line that names its command. */
interface Line {
  readonly words: readonly string[];
  /** The names of the command and its family, e.g. `ca` and `add`, as far as they exist. */
  readonly names: readonly string[];
}

/** Reports an error of the command line and names its help. `--help` is no error. */
function reportUsage(
  { exitCode, code, message }: CommanderError,
  names: readonly string[],
  output: Output,
): number {
  if (exitCode === 0) return EXIT.ok;
  // Only the family of a command was given: commander has printed the help of the family.
  if (code === 'commander.help') return EXIT.usage;
  const problem = message.includes(PEM)
    ? 'A path is expected, not the content of a file.'
    : message.replace(/^error: /, '');
  const help = `See: azure-iot-emulator ${[...names, '--help'].join(' ')}`;
  const { red, bold } = output.noteStyle;
  output.note(`${red(bold('error:'))} ${problem}\n${help}`);
  output.failure({ code: 'USAGE', message: problem, remedy: help });
  return EXIT.usage;
}

/** Finds the command of a line. The default is `start`, unless the line asks for help. */
function commandIn(args: readonly string[], program: CommandUnknownOpts): Line {
  // Not `isDefault` of commander, which takes a misspelt command for an argument of `start`.
  const { operands, unknown } = program.parseOptions([...args]);
  const isHelp = unknown.some((word) => word === '--help' || word === '-h');
  if (operands[0] === 'help') return helpIn(operands.slice(1), program);
  if (operands.length === 0 && !isHelp) return { words: ['start', ...args], names: ['start'] };
  return { words: args, names: namesIn(operands, program) };
}

/** The command that asks for help: commander's own `help` takes one word, and any word. */
function helpIn(operands: readonly string[], program: CommandUnknownOpts): Line {
  const names = namesIn(operands, program);
  return { words: names.length === operands.length ? [...operands, '--help'] : operands, names };
}

/** The words at the beginning that are names of a command and its family. */
function namesIn(operands: readonly string[], program: CommandUnknownOpts): readonly string[] {
  const names: string[] = [];
  let family: CommandUnknownOpts | undefined = program;
  for (const word of operands) {
    family = family.commands.find((candidate) => candidate.name() === word);
    if (family === undefined) break;
    names.push(word);
  }
  return names;
}
