/** Tells whoever wants to know that something has changed. */
export class Changes {
  readonly #listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Something has changed. Bound, so that it can be handed on. */
  readonly announce = (): void => {
    for (const listener of this.#listeners) listener();
  };
}
