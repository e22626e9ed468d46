/** A stream for text: one of Node.js, or a test's. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** The terminal's width in characters. */
  readonly columns?: number | undefined;
}

/** The parts of a process that commands use. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, absolute. */
  readonly cwd: string;
  /**
   * Aborted by SIGINT and SIGTERM, and when stdout cannot be written. The reason has an `exitCode`, as {@link
   * Interruption} has.
   */
  readonly signal: AbortSignal;
}

/** The reason of an aborted {@link Io.signal}. */
export class Interruption extends Error {
  readonly exitCode: number;

  /**
   * @param exitCode 128 and the number of the signal; 0 when nobody reads stdout any more, as with `| head`; 1 when
   *   stdout cannot be written
   */
  constructor(message: string, exitCode: number) {
    super(message);
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

/** The exit code in the reason of an aborted signal. */
export function exitCodeOf({ reason }: AbortSignal): number {
  const { exitCode } = reason as { exitCode?: unknown };
  return typeof exitCode === 'number' ? exitCode : 1;
}

/** Tells whether Ctrl-C or SIGTERM has aborted the signal. */
export function isInterrupted(signal: AbortSignal): boolean {
  return signal.aborted && exitCodeOf(signal) > 128;
}
