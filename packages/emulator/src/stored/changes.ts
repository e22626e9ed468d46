/** Listeners for the changes of a service. */
export class Changes {
  readonly #listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Calls all listeners. Bound, so that it can be passed on. */
  readonly announce = (): void => {
    for (const listener of this.#listeners) listener();
  };
}
