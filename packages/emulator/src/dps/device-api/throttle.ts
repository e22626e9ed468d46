/** The number of callers' windows that are remembered. Above it, the oldest are forgotten. */
const MAX_WINDOWS = 10_000;

interface Window {
  readonly endsAt: number;
  count: number;
}

/** The limit of a throttle. */
export interface ThrottleInit {
  /** The number of requests of one caller in one window. `undefined`: no limit. */
  readonly limit: number | undefined;
  /** The length of a window, in milliseconds. A caller's window begins with its first request after the last window. */
  readonly windowMs: number;
  /** A clock in milliseconds. Default: one that never goes back. */
  readonly now?: () => number;
}

/** Limits requests. Azure's algorithm is not documented; its limits are given for windows of fixed length. */
export class Throttle {
  readonly #windows = new Map<string, Window>();
  readonly #init: Required<ThrottleInit>;

  constructor(init: ThrottleInit) {
    this.#init = { now: () => performance.now(), ...init };
  }

  /** Counts a request. Returns the seconds to wait, at least 1, when it exceeds the limit. */
  take(caller = ''): number | undefined {
    const { limit, windowMs, now } = this.#init;
    if (limit === undefined) return undefined;
    const time = now();
    const current = this.#windows.get(caller);
    if (current === undefined || time >= current.endsAt) {
      this.#open(caller, { endsAt: time + windowMs, count: 1 });
      return undefined;
    }
    if (current.count >= limit) return Math.max(1, Math.ceil((current.endsAt - time) / 1000));
    current.count++;
    return undefined;
  }

  #open(caller: string, window: Window): void {
    // The new window goes to the end of the map, so that the map is in the order of the windows' ends.
    this.#windows.delete(caller);
    this.#windows.set(caller, window);
    for (const [name, { endsAt }] of this.#windows) {
      if (endsAt > this.#init.now() && this.#windows.size <= MAX_WINDOWS) return;
      this.#windows.delete(name);
    }
  }
}
