import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';

/** A stream for output: one of Node.js, or one of a test. */
export interface OutputStream {
  write(text: string): unknown;
  /** True if the stream is a terminal. Colors are used on terminals only. */
  readonly isTTY?: boolean | undefined;
  /** The terminal's width in characters. */
  readonly columns?: number | undefined;
}

/** A stream for input. */
export interface InputStream extends Readable {
  /** True if stdin is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Switches a terminal between lines with echo and single keys without. */
  setRawMode?(isRaw: boolean): unknown;
}

/** The process that a command runs in. */
export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, absolute. */
  readonly cwd: string;
  /** Aborts with an {@link Interruption} (Ctrl-C, SIGTERM) or with {@link OutputClosed}. */
  readonly signal: AbortSignal;
  /** Has the effect of Ctrl-C, for prompts that receive Ctrl-C as a key. */
  interrupt(): void;
  /** The current time. */
  now(): Date;
}

/** The reason of an abort by Ctrl-C or SIGTERM. */
export class Interruption extends Error {
  readonly exitCode: number;

  /** @param exitCode 128 plus the number of the signal, as in shells */
  constructor(exitCode = 130) {
    super('Interrupted.');
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

/** The reason of an abort because stdout can no longer be written. */
export class OutputClosed extends Error {
  readonly exitCode: number;

  /** @param exitCode 0 when the reader of stdout has closed it, as with `| head`; 1 when writing fails */
  constructor(exitCode = 0) {
    super('The output was closed.');
    this.name = 'OutputClosed';
    this.exitCode = exitCode;
  }
}

/** A path that can be opened: relative to `cwd`, or unchanged if that names the same file. */
export function locate(cwd: string, path: string): string {
  return isAbsolute(path) || cwd === process.cwd() ? path : join(cwd, path);
}
