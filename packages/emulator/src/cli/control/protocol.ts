import type { OutputStream } from '../terminal/io';

/** A stream of the process that passes a command line on. */
type Stream = Omit<OutputStream, 'write'>;

/** A command line that the emulator runs for another process: the first line on the control socket, in JSON. */
export interface Request {
  readonly args: readonly string[];
  /** The directory in which relative paths begin, absolute. */
  readonly cwd: string;
  /** The environment variables that commands use, and no others. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** A line of the emulator's answer, in JSON: output of the command, or, in the last line, its exit code. */
export interface Reply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}
