/** The latest of something, oldest first. */
export class Recent<T> {
  readonly #maxItems: number;
  readonly #items: T[] = [];

  constructor(maxItems = 1000) {
    this.#maxItems = maxItems;
  }

  get items(): readonly T[] {
    return [...this.#items];
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length > this.#maxItems) this.#items.shift();
  }
}
