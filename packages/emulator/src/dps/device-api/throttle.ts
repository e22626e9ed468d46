/** Windows of callers that are remembered; of more, those that began first are forgotten. */
const MAX_WINDOWS = 10_000;

interface Window {
  readonly endsAt: number;
  count: number;
}

/** The limit of a throttle. */
export interface ThrottleInit {
  /** Requests of one caller in one window. `undefined`: no limit. */
  readonly limit: number | undefined;
  /** In milliseconds. A caller's window begins with its first request after the window before. */
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
    // Last in the order of the map, which thus is that of the windows' ends.
    this.#windows.delete(caller);
    this.#windows.set(caller, window);
    for (const [name, { endsAt }] of this.#windows) {
      if (endsAt > this.#init.now() && this.#windows.size <= MAX_WINDOWS) return;
      this.#windows.delete(name);
    }
  }
}
