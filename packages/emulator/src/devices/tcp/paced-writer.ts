/** The interval at which a throttled writer passes bytes on, in milliseconds. */
const TICK_MS = 50;

interface Item {
  bytes: Buffer;
  /** The earliest moment to pass the bytes on, in milliseconds of the monotonic clock. */
  notBefore: number;
  readonly onPassed: (() => void) | undefined;
}

/** Passes bytes on in their order: at once, after a delay, or at a limited rate. */
export class PacedWriter {
  readonly #pass: (bytes: Buffer) => void;
  readonly #queue: Item[] = [];
  #size = 0;
  #bytesPerSecond: number | undefined;
  /** The moment at which the rate limit lets the last bytes through. */
  #busyUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void)[] = [];

  constructor(pass: (bytes: Buffer) => void) {
    this.#pass = pass;
  }

  /** The number of waiting bytes. */
  get size(): number {
    return this.#size;
  }

  /** Passes the bytes on, after all earlier bytes. */
  put(bytes: Buffer): void {
    if (this.#queue.length === 0 && this.#bytesPerSecond === undefined) this.#pass(bytes);
    else this.putLater(bytes, 0);
  }

  /**
   * Passes the bytes on, after the delay and after all earlier bytes. The returned function ends the delay. `onPassed`
   * is called when the bytes have been passed on.
   */
  putLater(bytes: Buffer, delayMs: number, onPassed?: () => void): () => void {
    const item = { bytes, notBefore: performance.now() + delayMs, onPassed };
    this.#queue.push(item);
    this.#size += bytes.length;
    this.#pump();
    return () => {
      item.notBefore = 0;
      this.#pump();
    };
  }

  /** Limits the rate from now on; `undefined` for no limit. */
  throttle(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#busyUntil = 0;
    this.#pump();
  }

  /** Runs `run` as soon as no bytes wait. */
  whenEmpty(run: () => void): void {
    if (this.#queue.length === 0) run();
    else this.#onEmpty.push(run);
  }

  /** Discards the waiting bytes. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#size = 0;
    this.#onEmpty = [];
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      const waitMs = Math.max(item.notBefore, this.#busyUntil) - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs).unref();
        return;
      }
      this.#passOn(item);
    }
    for (const run of this.#onEmpty.splice(0)) run();
  }

  #passOn(item: Item): void {
    const rate = this.#bytesPerSecond;
    const length = rate === undefined ? item.bytes.length : Math.ceil((rate * TICK_MS) / 1000);
    const bytes = item.bytes.subarray(0, length);
    item.bytes = item.bytes.subarray(length);
    const isOver = item.bytes.length === 0;
    if (isOver) this.#queue.shift();
    this.#size -= bytes.length;
    if (rate !== undefined) this.#busyUntil = performance.now() + (bytes.length * 1000) / rate;
    this.#pass(bytes);
    if (isOver) item.onPassed?.();
  }
}
