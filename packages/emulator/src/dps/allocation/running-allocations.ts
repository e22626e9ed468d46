/** The connection by which a device registers. */
export interface Requester {
  /** Tells whether a packet came from the device recently. A connection can be dead without a FIN. */
  isActive(): boolean;
}

/**
 * The running allocations: one for each connection, and one for each registration ID that registers without a
 * connection of its own.
 */
export class RunningAllocations {
  readonly #running = new Map<Requester | string, AbortController>();

  /** Aborts the earlier allocation, and remembers this one until the returned function is called. */
  add(requester: Requester | string, controller: AbortController): () => void {
    this.abort(requester);
    this.#running.set(requester, controller);
    return () => {
      if (this.#running.get(requester) === controller) this.#running.delete(requester);
    };
  }

  abort(requester: Requester | string): void {
    const controller = this.#running.get(requester);
    this.#running.delete(requester);
    controller?.abort();
  }

  abortAll(): void {
    for (const requester of [...this.#running.keys()]) this.abort(requester);
  }
}
