/**
 * Calls something of the user's. What it throws must not stop what we are in the middle of; it becomes an uncaught
 * exception of its own, as it would be had an event loop turn called it.
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
