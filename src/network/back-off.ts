/** Exponential back-off with full jitter: each delay is random between zero and a bound that doubles. */
export interface BackOffOptions {
  /** Bound of the first delay, in milliseconds. */
  minDelayMs: number;
  /** The largest bound, in milliseconds. */
  maxDelayMs: number;
}

/**
 * The delay before an attempt, in milliseconds.
 *
 * @param attempt from 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function backOff(
  attempt: number,
  options: BackOffOptions,
  random: () => number = Math.random,
): number {
  // 2 ** 30 is beyond any maximum and keeps the product finite.
  const bound = Math.min(options.maxDelayMs, options.minDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random() * bound);
}
