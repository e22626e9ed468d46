import { CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { MemoryIo } from '../../../../../test/cli/support/memory-io';
import { createProgram } from '../../../src/cli/program';

/** The commands below a command, at any depth. */
export function descendantsOf(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return command.commands.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The tree of the commands of azure-iot-emulator. */
export function commandTree(): CommandUnknownOpts {
  return createProgram({ io: new MemoryIo(), run: () => Promise.resolve(0) }).program;
}

/**
 * Reads a command line as `azure-iot-emulator` does, without doing anything.
 *
 * @param words what follows the program's name
 * @throws CommanderError when there is no such command, or when it does not take these flags
 */
export async function readCommandLine(words: readonly string[]): Promise<void> {
  const program = commandTree();
  for (const command of descendantsOf(program)) {
    if (command.commands.length === 0) command.action(() => undefined);
  }
  const isStart = program.parseOptions([...words]).operands.length === 0;
  try {
    await program.parseAsync(isStart ? ['start', ...words] : words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  }
}
