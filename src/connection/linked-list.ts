/** An item of a {@link LinkedList}. The list alone sets these members. */
export interface Linked<Item> {
  previous?: Item | undefined;
  next?: Item | undefined;
  isListed?: boolean;
}

/**
 * Items in the order in which they were added, for lists that change thousands of times a second. A Set gets a new
 * table every few changes, and each abandoned table refers to the next one. Once the garbage collector has moved one of
 * them to the old generation, everything that the later ones held stays until the next full collection, which costs
 * more than sending a message.
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

  /** Returns whether the item was in the list. */
  delete(item: Item): boolean {
    if (!item.isListed) return false;
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    // A deleted item must not keep others alive.
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
