/** The limits of a {@link ConnectLine}. */
interface LineLimits {
  /** The number of connections that may be in the making at the same time. */
  readonly total: number;
  /** The number of those to one host, so that a host that does not answer leaves turns for the others. */
  readonly perHost: number;
  /**
   * The time in milliseconds after which a connection in the making does not count any more: by then it waits for its
   * server and costs this process nothing.
   */
  readonly longestTurnMs: number;
}

/** Ends a turn. Further calls do nothing. */
export type EndTurn = () => void;

interface Waiting {
  readonly host: string;
  readonly begin: () => void;
}

/**
 * The line in which connections wait for their turn to be made: first come, first served, except that those to a host
 * whose turns are all taken let others pass.
 */
export class ConnectLine {
  readonly #limits: LineLimits;
  readonly #waiting = new Set<Waiting>();
  readonly #turnsOf = new Map<string, number>();
  #turns = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /** Waits for a turn. Rejects with `signal.reason` when the signal aborts, and then has left the line. */
  async take(host: string, signal: AbortSignal): Promise<EndTurn> {
    signal.throwIfAborted();
    if (this.#isFree(host)) return this.#begin(host);
    return await new Promise<EndTurn>((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        host,
        begin: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.#begin(host));
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #isFree(host: string): boolean {
    return this.#turns < this.#limits.total && (this.#turnsOf.get(host) ?? 0) < this.#limits.perHost;
  }

  #begin(host: string): EndTurn {
    this.#count(host, 1);
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#count(host, -1);
      this.#callNext();
    };
    const timer = setTimeout(end, this.#limits.longestTurnMs);
    return end;
  }

  #count(host: string, change: 1 | -1): void {
    const turns = (this.#turnsOf.get(host) ?? 0) + change;
    if (turns === 0) this.#turnsOf.delete(host);
    else this.#turnsOf.set(host, turns);
    this.#turns += change;
  }

  #callNext(): void {
    for (const waiting of this.#waiting) {
      if (this.#turns >= this.#limits.total) return;
      if (!this.#isFree(waiting.host)) continue;
      this.#waiting.delete(waiting);
      waiting.begin();
    }
  }
}
