/** The slowest uplink that is waited for, in bytes per second. */
const LOWEST_RATE = 1_000;
/** The shortest time over which a rate is measured, in milliseconds. A shorter one would measure bursts. */
const SAMPLE_MS = 1_000;
/** The number of seconds in which the connection is trusted to keep its best rate. */
const TRUSTED_SECONDS = 8;

/**
 * The messages of one connection that are sent and not acknowledged. Bytes that have left this process may wait for
 * minutes in buffers in front of a slow uplink, where nobody can see their progress. They are allowed that time.
 */
export class Flow {
  #bytes = 0;
  /** The most bytes that were acknowledged within a second. */
  #best = 0;

  /** The time that everything sent so far may take on its way, in milliseconds. */
  get allowanceMs(): number {
    return (Math.max(0, this.#bytes - this.#best * TRUSTED_SECONDS) / LOWEST_RATE) * 1000;
  }

  /** A message is sent. Returns the function to call when it is acknowledged. */
  sent(bytes: number): () => void {
    this.#bytes += bytes;
    const underWay = this.#bytes;
    const sentAt = performance.now();
    return () => {
      this.#bytes -= bytes;
      const milliseconds = Math.max(performance.now() - sentAt, SAMPLE_MS);
      this.#best = Math.max(this.#best, (underWay / milliseconds) * 1000);
    };
  }
}
