/** How often each thing occurred, in the order in which they occurred first. */
export class Tally<Key> extends Map<Key, number> {
  /** Counts one more. */
  add(key: Key): void {
    this.set(key, this.count(key) + 1);
  }

  /** How often these occurred. */
  count(...keys: readonly Key[]): number {
    return keys.reduce((sum, key) => sum + (this.get(key) ?? 0), 0);
  }

  /** How often all things occurred. */
  get total(): number {
    return [...this.values()].reduce((sum, count) => sum + count, 0);
  }
}
