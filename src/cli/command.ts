import type { FlagTable, FlagValues, ValueSource } from './flags/spec';
import type { Io } from './io';
import type { Output } from './output/output';

/** What follows the flags, e.g. the `FILE…` of `cert show`. */
export interface Operand {
  readonly name: string;
  readonly description: string;
  /** For completion and for paths; default any text. */
  readonly type?: 'file' | 'enum';
  /** The words of an `enum`. */
  readonly values?: readonly string[];
  readonly required?: boolean;
  /** Whether all that follow belong to it. Of the last operand only. */
  readonly repeatable?: boolean;
}

/** A command line that works, and what it does. */
interface Example {
  readonly does: string;
  readonly line: string;
}

/** A call of a command, with everything that it needs. */
export interface Invocation<Flags extends FlagTable = FlagTable> {
  readonly values: FlagValues<Flags>;
  /** What follows the flags; paths among them can be opened as they are. */
  readonly operands: readonly string[];
  /** Where each value comes from; absent when there is none. */
  readonly sources: Readonly<Partial<Record<keyof Flags, ValueSource>>>;
  readonly io: Io;
  readonly output: Output;
}

/** A command: everything but its work, which is loaded when it is called for. */
export interface Command<Flags extends FlagTable = FlagTable> {
  /** The words that call it, e.g. `cert root`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs for its own help. */
  readonly description: readonly string[];
  readonly operands?: readonly Operand[];
  readonly flags: Flags;
  readonly examples: readonly Example[];
  /**
   * Loads what does the work: the SDK and the certificate maker cost more time than most commands take. Its `run` resolves
   * with the exit code, or rejects with what is explained to the user.
   */
  load(): { run(invocation: Invocation<Flags>): Promise<number> };
}

/** Keeps the literal types of a command's flags, which type its invocation. */
export function defineCommand<const Flags extends FlagTable>(command: Command<Flags>): Command<Flags> {
  return command;
}
