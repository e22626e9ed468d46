import { setMaxListeners } from 'node:events';

/** Limits of one call. */
export interface Limits {
  /** Milliseconds. */
  timeoutMs: number;
  /** The time in milliseconds, of that passed so far, that does not count. Default: none. */
  waitedMs?: () => number;
  /** The caller's signal. */
  signal?: AbortSignal | undefined;
  /** Makes the error for the passed deadline. Called when the deadline passes. */
  onTimeout: () => Error;
}

/**
 * Runs `run` and always settles: with its result, with `signal.reason` at the moment the caller aborts, or with a
 * time-out error when the time has passed. In the two latter cases the signal given to `run` aborts with the same
 * reason; `run` cleans up after itself, and its later outcome is ignored.
 */
export async function withDeadline<T>(limits: Limits, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { timeoutMs, signal, onTimeout, waitedMs = () => 0 } = limits;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  if (signal) expectManyListeners(signal);
  signal?.addEventListener('abort', onAbort, { once: true });
  let granted = waitedMs();
  let timer: NodeJS.Timeout | undefined;
  const expire = () => {
    const more = waitedMs() - granted;
    if (more >= 1) {
      granted += more;
      timer = setTimeout(expire, more);
      return;
    }
    // The call must settle even if making the error fails.
    let reason: unknown;
    try {
      reason = onTimeout();
    } catch (error) {
      reason = error;
    }
    controller.abort(reason);
  };
  timer = setTimeout(expire, timeoutMs);
  try {
    return await abortable(run(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A program that connects a thousand devices gives them all one signal. Node.js warns of eleven listeners. */
function expectManyListeners(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // A signal that is not the runtime's own, such as jsdom's, has no such limit.
  }
}

/** The outcome of `promise`, or a rejection with `signal.reason` if that comes first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason as Error);
        onAbort = () => reject(signal.reason as Error);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    ]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
    // If the signal came first, a later rejection of the promise must not be unhandled.
    promise.catch(() => undefined);
  }
}
