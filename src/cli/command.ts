import { toggle, type FlagTable, type FlagValues } from './flags';
import type { Io } from './io';
import type { Output } from './output/output';

/** An example of a command line, with its purpose. */
interface Example {
  readonly does: string;
  readonly line: string;
}

/** A call of a command. */
export interface Invocation<Flags extends FlagTable = FlagTable> {
  readonly values: FlagValues<Flags>;
  /** The paths that follow the flags; each can be opened as it is. */
  readonly operands: readonly string[];
  readonly io: Io;
  readonly output: Output;
}

/** A command: its declaration and its action. */
export interface Command<Flags extends FlagTable = FlagTable> {
  /** The words that call it, e.g. `cert root`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs for its own help. */
  readonly description: readonly string[];
  /** The paths that it takes besides flags. */
  readonly operand?: {
    /** The paths in commander's notation: `[file]`, `<file...>`. */
    readonly term: string;
    readonly description: string;
  };
  readonly flags: Flags;
  readonly examples: readonly Example[];
  /**
   * Does the work of the command and resolves with the exit code. An error that it rejects with is explained to the
   * user. It loads expensive modules itself, so that `--help` needs no Azure SDK.
   */
  run(invocation: Invocation<Flags>): Promise<number>;
}

/** The flag of all commands that have a result for programs. */
export const jsonFlag = { json: toggle('Prints the result as one JSON document on stdout.') };

/** The flag of every command. */
export const debugFlag = { debug: toggle('Shows where an error comes from (its stack and its causes).') };

/** Infers the types of a command's flags, which give its invocation its type. */
export function defineCommand<const Flags extends FlagTable>(command: Command<Flags>): Command<Flags> {
  return command;
}
