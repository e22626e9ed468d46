import { CommanderError } from 'commander';
import type { Command } from './command';
import { COMMANDS, GROUPS } from './commands';
import { EXIT } from './exit-codes';
import { reportFailure } from './failure';
import { Interruption, OutputClosed, type Io } from './io';
import { Output } from './output/output';
import { buildProgram, type Call } from './program';
import { UsageError } from './usage-error';

/**
 * Runs a command line. Never rejects.
 *
 * @param args the words after the program's name
 * @param commands the commands that there are
 * @returns the exit code, see {@link EXIT}; 130 or 143 when interrupted
 */
export async function run(
  args: readonly string[],
  io: Io,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const output = new Output(io, { isJson: options.includes('--json') });
  let exitCode: number = EXIT.ok;
  const { program, current } = buildProgram(commands, io, async ({ command, values, operands }: Call) => {
    io.signal.throwIfAborted();
    exitCode = await command.run({ values, operands, io, output });
  });
  try {
    await program.parseAsync(wordsOf(args, commands), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (io.signal.aborted) return reportInterruption(io);
    // commander has printed the help or the version.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    // The command line names only a group, whose help is on stderr.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    if (error instanceof CommanderError || error instanceof UsageError)
      return reportUsage(problemsOf(error), `${current()} --help`, output);
    return reportFailure(error, output, options.includes('--debug'));
  }
}

const COMMON_FLAGS: readonly string[] = ['--json', '--debug'];

/** `help cert root` is `cert root --help`: commander's own `help` takes one word only. */
function wordsOf(args: readonly string[], commands: readonly Command[]): string[] {
  const isCommon = (word: string) => COMMON_FLAGS.includes(word);
  const count = args.findIndex((word) => !isCommon(word));
  if (count > 0) {
    // The flags that every command has may stand before its name.
    const [first = '', ...others] = args.slice(count);
    const nameLength = Object.hasOwn(GROUPS, first) ? 1 : 0;
    return [first, ...others.slice(0, nameLength), ...args.slice(0, count), ...others.slice(nameLength)];
  }
  const [first, ...rest] = args;
  if (first !== 'help') return [...args];
  const isKnown = rest.length === 0 || commands.some(({ name }) => name.split(' ')[0] === rest[0]);
  return isKnown ? [...rest, '--help'] : rest;
}

function reportInterruption(io: Io): number {
  const reason: unknown = io.signal.reason;
  if (reason instanceof OutputClosed) return reason.exitCode;
  io.stderr.write('Interrupted.\n');
  return reason instanceof Interruption ? reason.exitCode : EXIT.failed;
}

function problemsOf(error: CommanderError | UsageError): readonly string[] {
  if (error instanceof UsageError) return error.problems;
  const [, toggle] = /unknown option '(--(?:json|debug))=/.exec(error.message) ?? [];
  if (toggle !== undefined) return [`${toggle} takes no value.`];
  // A value after an equals sign may be a passphrase, so it is not repeated.
  return [error.message.replace(/^error: /, '').replace(/('-[^'=]*)=[^\n]*'/, "$1'")];
}

function reportUsage(problems: readonly string[], help: string, output: Output): number {
  const { red, bold } = output.noteStyle;
  for (const problem of problems) output.note(`${red(bold('error:'))} ${problem}`);
  output.note(`See: ${help}`);
  output.failure({ code: 'USAGE', message: problems.join('\n'), remedy: `See: ${help}` });
  return EXIT.usage;
}
