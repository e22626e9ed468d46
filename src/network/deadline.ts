/** Limits of one call. */
export interface Limits {
  /** Milliseconds. */
  timeoutMs: number;
  /** The caller's signal. */
  signal?: AbortSignal | undefined;
  /** Makes the error for the time that has passed, with what is known by then. */
  onTimeout: () => Error;
}

/**
 * Runs `run` and settles for certain: with its result, with `signal.reason` at the moment the caller aborts, or with a
 * time-out error when the time has passed. In the two latter cases the signal given to `run` aborts with the same
 * reason, and whatever `run` still does is up to itself to clean up; its late outcome is ignored.
 */
export async function withDeadline<T>(limits: Limits, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { timeoutMs, signal, onTimeout } = limits;
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => {
    // Whatever becomes of the words, the call must settle.
    let reason: unknown;
    try {
      reason = onTimeout();
    } catch (error) {
      reason = error;
    }
    controller.abort(reason);
  }, timeoutMs);
  try {
    return await abortable(run(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
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
    // The loser's rejection is nobody's any more.
    promise.catch(() => undefined);
  }
}
