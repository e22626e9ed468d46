import { Interruption, type Io } from './io';

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** A second Ctrl-C within this time counts as the first, because a terminal and npm may both pass on the same one. */
const SAME_KEY_MS = 400;

/** The error codes of writing to a stream whose reader has closed it. */
const READER_GONE = ['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * This process. The first Ctrl-C (or SIGTERM) aborts {@link Io.signal}, so that the command cleans up; the second ends
 * the process at once.
 */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const controller = new AbortController();
  let interruptedAt: number | undefined;
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      const now = performance.now();
      if (interruptedAt !== undefined && now - interruptedAt > SAME_KEY_MS) process.exit(exitCode);
      interruptedAt ??= now;
      controller.abort(new Interruption(`Interrupted by ${signal}.`, exitCode));
    });
  }
  stdout.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    const isReaderGone = READER_GONE.includes(code);
    if (!isReaderGone) {
      stderr.write(`error: The output cannot be written (${code}).\n`);
      // The command may have ended already, and this was its last line.
      process.exitCode = 1;
    }
    controller.abort(new Interruption('The output was closed.', isReaderGone ? 0 : 1));
  });
  // No stream is left to report the failure on.
  stderr.on('error', () => undefined);
  return { stdout, stderr, env, cwd: process.cwd(), signal: controller.signal };
}
