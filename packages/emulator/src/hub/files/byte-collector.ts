/** The size of the blocks. Chunks of a socket are views of such large buffers, which would stay in memory with them. */
const BLOCK_BYTES = 64 * 1024;

/** Collects bytes in as little memory as they need, however small the chunks are. */
export class ByteCollector {
  readonly #full: Buffer[] = [];
  #block = Buffer.alloc(0);
  #filled = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length;
    for (let start = 0; start < chunk.length;) {
      if (this.#filled === this.#block.length) this.#nextBlock();
      const copied = chunk.copy(this.#block, this.#filled, start);
      this.#filled += copied;
      start += copied;
    }
  }

  /** The bytes that were added, in chunks that hold nothing else. */
  finish(): readonly Buffer[] {
    return this.#filled === 0
      ? this.#full
      : [...this.#full, Buffer.from(this.#block.subarray(0, this.#filled))];
  }

  #nextBlock(): void {
    if (this.#filled > 0) this.#full.push(this.#block);
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#filled = 0;
  }
}
