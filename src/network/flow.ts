/** The slowest uplink that is waited for, in bytes per second. */
const LOWEST_RATE = 1_000;
/** The shortest time over which a rate is measured, in milliseconds. A shorter one would measure bursts. */
const SAMPLE_MS = 1_000;
/** The share of the best measured rate that the connection is trusted to keep. */
const TRUSTED_SHARE = 0.5;

/**
 * The messages of one connection that are sent and not acknowledged. Bytes that have left this process may wait for
 * minutes in buffers in front of a slow uplink, where nobody can see their progress. They are allowed that time.
 */
export class Flow {
  #bytes = 0;
  #rate = LOWEST_RATE;
  #sampled = 0;
  #sampleStart = performance.now();

  /** The time that everything sent so far may take on its way, in milliseconds. */
  get allowanceMs(): number {
    return (this.#bytes / this.#rate) * 1000;
  }

  sent(bytes: number): void {
    this.#bytes += bytes;
  }

  acknowledged(bytes: number): void {
    this.#bytes -= bytes;
    this.#sampled += bytes;
    const milliseconds = performance.now() - this.#sampleStart;
    if (milliseconds < SAMPLE_MS) return;
    this.#rate = Math.max(this.#rate, (this.#sampled / milliseconds) * 1000 * TRUSTED_SHARE);
    this.#sampled = 0;
    this.#sampleStart += milliseconds;
  }
}
