/** What a {@link LinkedList} holds. The fields are the list's. */
export interface Linked<Item> {
  previous?: Item | undefined;
  next?: Item | undefined;
  isListed?: boolean;
}

/**
 * Items in the order in which they were added, for lists that change thousands of times a second. A Set has a new table
 * every few changes, and each table that it leaves behind refers to the next: once the garbage collector takes one of them
 * for old, all that the later ones held stays until the next full collection, which costs more than sending a message.
 */
export class LinkedList<Item extends Linked<Item>> implements Iterable<Item> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  get first(): Item | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an item that is in no list. */
  add(item: Item): void {
    item.previous = this.#last;
    item.isListed = true;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Answers whether the item was there. */
  delete(item: Item): boolean {
    if (!item.isListed) return false;
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    // What is gone must not hold on to what is not.
    item.previous = undefined;
    item.next = undefined;
    item.isListed = false;
    this.#size -= 1;
    return true;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let item = this.#first; item; item = item.next) yield item;
  }
}
