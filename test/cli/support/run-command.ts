import type { Command } from '../../../src/cli/command';
import type { FlagTable } from '../../../src/cli/flags';
import { run } from '../../../src/cli/run';
import type { MemoryIo } from './memory-io';

/** Runs one command with the arguments that follow its name. */
export async function runCommand<Flags extends FlagTable>(
  command: Command<Flags>,
  args: readonly string[],
  io: MemoryIo,
): Promise<number> {
  return await run([...command.name.split(' '), ...args], io, [command]);
}
