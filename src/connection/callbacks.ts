/**
 * Calls a function of the user's. An exception does not stop the caller; it becomes an uncaught exception of its own, as
 * if the event loop had called the function.
 */
export function safely(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** The result of a function of the SDK that takes a callback. */
export function promised<T>(start: (done: (error?: Error, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

/** Gives the outcome of a promise to a callback of the SDK, which calls functions of the user's. */
export function settle<T>(promise: Promise<T>, done: (error?: Error, value?: T) => void): void {
  promise.then(
    (value) => safely(() => done(undefined, value)),
    (error: unknown) => safely(() => done(error as Error)),
  );
}
