import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';

/** Where text goes: a stream of Node, or a test's. */
export interface OutputStream {
  write(text: string): unknown;
  /** Whether a person watches; only then there are colors and moving progress. */
  readonly isTTY?: boolean | undefined;
  /** The terminal's width in characters. */
  readonly columns?: number | undefined;
}

/** Where answers and data come from. */
export interface InputStream extends Readable {
  /** Whether a person types. */
  readonly isTTY?: boolean | undefined;
  /** Switches a terminal between lines with echo and single keys without. */
  setRawMode?(isRaw: boolean): unknown;
}

/** Everything that a command knows of the process it runs in. */
export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, absolute. */
  readonly cwd: string;
  /** Aborts with an {@link Interruption} (Ctrl-C, SIGTERM) or with {@link OutputClosed}. */
  readonly signal: AbortSignal;
  /** What Ctrl-C does, for prompts that get it as a key. */
  interrupt(): void;
  /** The current time. */
  now(): Date;
}

/** Why a command was aborted: Ctrl-C or SIGTERM. */
export class Interruption extends Error {
  readonly exitCode: number;

  /** @param exitCode 128 and the number of the signal, as shells have it */
  constructor(exitCode = 130) {
    super('Interrupted.');
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

/** Why a command was aborted: its output goes nowhere. */
export class OutputClosed extends Error {
  readonly exitCode: number;

  /** @param exitCode 0 when nobody reads it any more, as with `| head`; 1 when it cannot be written */
  constructor(exitCode = 0) {
    super('The output was closed.');
    this.name = 'OutputClosed';
    this.exitCode = exitCode;
  }
}

/** A path of the command line or a profile, so that it can be opened; one that can stays as it was written. */
export function locate(cwd: string, path: string): string {
  return isAbsolute(path) || cwd === process.cwd() ? path : join(cwd, path);
}
