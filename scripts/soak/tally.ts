/** The number of occurrences of each key, in the order of their first occurrence. */
export class Tally<Key> extends Map<Key, number> {
  /** Counts one more. */
  add(key: Key): void {
    this.set(key, this.count(key) + 1);
  }

  /** The number of occurrences of these keys. */
  count(...keys: readonly Key[]): number {
    return keys.reduce((sum, key) => sum + (this.get(key) ?? 0), 0);
  }

  /** The number of occurrences of all keys. */
  get total(): number {
    return [...this.values()].reduce((sum, count) => sum + count, 0);
  }
}
