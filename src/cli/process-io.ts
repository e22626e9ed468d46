import { EXIT } from './exit-codes';
import { Interruption, OutputClosed, type InputStream, type Io } from './io';

/** A second Ctrl-C within this time counts as the first, because a terminal and npm may both pass on the same one. */
const SAME_KEY_MS = 400;
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** The errors of writing to a pipe whose reader has closed it, on the different systems. */
const READER_GONE = ['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/**
 * The real process. The first Ctrl-C (or SIGTERM) aborts {@link Io.signal}, so that the command cleans up; the second
 * ends the process at once.
 */
export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  const controller = new AbortController();
  let interruptedAt: number | undefined;
  const interrupt = (exitCode: number) => {
    const now = performance.now();
    if (interruptedAt !== undefined && now - interruptedAt > SAME_KEY_MS) {
      restoreTerminal(stdin);
      // The second Ctrl-C ends the process without clean-up.
      process.exit(exitCode);
    }
    interruptedAt ??= now;
    controller.abort(new Interruption(exitCode));
  };
  for (const [signal, exitCode] of Object.entries(SIGNALS)) process.on(signal, () => interrupt(exitCode));
  stdout.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    if (READER_GONE.includes(code)) {
      controller.abort(new OutputClosed());
      return;
    }
    stderr.write(`error: The output cannot be written (${code}).\n`);
    // The command may have ended already, and this was its last line.
    process.exitCode = EXIT.failed;
    controller.abort(new OutputClosed(EXIT.failed));
  });
  // No stream is left to report the failure on.
  stderr.on('error', () => undefined);
  return {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    signal: controller.signal,
    interrupt: () => interrupt(SIGNALS.SIGINT),
    now: () => new Date(),
  };
}

/** Restores the terminal, because a prompt without echo may have been interrupted. */
function restoreTerminal(stdin: InputStream): void {
  if (stdin.isTTY === true) stdin.setRawMode?.(false);
}
