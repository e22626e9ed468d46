/** The limits of a list of recent items. */
interface RecentLimits<T> {
  /** The largest number of items. Default: 1000. */
  readonly maxItems?: number;
  /** The largest total size. Default: no limit. */
  readonly maxSize?: number;
  /** The size of one item, in the unit of `maxSize`. */
  readonly sizeOf?: (item: T) => number;
}

/** The latest items, oldest first. */
export class Recent<T> {
  readonly #maxItems: number;
  readonly #maxSize: number;
  readonly #sizeOf: (item: T) => number;
  readonly #items: T[] = [];
  #size = 0;

  constructor({ maxItems = 1000, maxSize = Infinity, sizeOf = () => 0 }: RecentLimits<T> = {}) {
    this.#maxItems = maxItems;
    this.#maxSize = maxSize;
    this.#sizeOf = sizeOf;
  }

  get items(): readonly T[] {
    return [...this.#items];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#size += this.#sizeOf(item);
    while (this.#items.length > this.#maxItems || this.#size > this.#maxSize) {
      const oldest = this.#items.shift();
      if (oldest === undefined) break;
      this.#size -= this.#sizeOf(oldest);
    }
  }
}
