import type { EmulatorError } from '../../protocol/errors';
import { checkIfMatch, type IfMatch } from '../../protocol/etag';

/** An entry, as the service shows it. */
interface Entry {
  readonly view: { readonly etag: string };
}

/** The differences between the stores. */
interface EntriesInit {
  /** The service's error for an unknown ID. */
  readonly notFound: (id: string) => EmulatorError;
  readonly onChange: () => void;
}

/** Entries by an ID in which upper and lower case do not count, in the order in which they were created. */
export class Entries<Item extends Entry> {
  readonly #items = new Map<string, Item>();
  readonly #init: EntriesInit;

  constructor(init: EntriesInit) {
    this.#init = init;
  }

  get size(): number {
    return this.#items.size;
  }

  find(id: string): Item | undefined {
    return this.#items.get(id.toLowerCase());
  }

  /** The entry of that ID, if the condition holds. @throws EmulatorError not found, or 412001 */
  require(id: string, options: IfMatch = {}): Item {
    const item = this.find(id);
    if (item === undefined) throw this.#init.notFound(id);
    checkIfMatch(options, item.view.etag);
    return item;
  }

  values(): readonly Item[] {
    return [...this.#items.values()];
  }

  set(id: string, item: Item): void {
    this.#items.set(id.toLowerCase(), item);
    this.#init.onChange();
  }

  /** @throws EmulatorError not found, or 412001 */
  delete(id: string, options?: IfMatch): void {
    this.require(id, options);
    this.#items.delete(id.toLowerCase());
    this.#init.onChange();
  }

  /** Removes all entries. `onChange` is not called. */
  clear(): void {
    this.#items.clear();
  }

  /** Adds a stored entry. `onChange` is not called. */
  restore(id: string, item: Item): void {
    this.#items.set(id.toLowerCase(), item);
  }
}
