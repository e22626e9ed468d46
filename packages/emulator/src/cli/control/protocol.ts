import type { OutputStream } from '../terminal/io';

/** A stream of the process that passes a command line on. */
type Stream = Omit<OutputStream, 'write'>;

/** A command line that the emulator runs for another process: the first line on the control socket, in JSON. */
export interface Request {
  readonly args: readonly string[];
  /** The directory in which relative paths begin, absolute. */
  readonly cwd: string;
  /** The variables that matter to commands, and no others. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** A line that the emulator answers, in JSON: text that the command writes, or last its exit code. */
export interface Reply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}
