import { drawn } from './random';
import type { Fault, FaultHit, FaultInit } from './types';

/** Devices whose draws are counted each by itself; further ones share a count, for devices can have any names. */
const MAX_DEVICES = 10_000;

interface Waiter {
  readonly count: number;
  readonly resolve: (hit: FaultHit) => void;
  readonly reject: (error: Error) => void;
}

/** What a fault is made of. */
export interface ActiveFaultInit {
  readonly init: FaultInit;
  readonly seed: number;
  /** The fault's number in the order in which they were added. */
  readonly ordinal: number;
  /** It will not strike any more, or is taken back. */
  readonly onChange: () => void;
}

/** One fault that was added: its counts, who waits for it, and what it holds. */
export class ActiveFault implements Fault {
  readonly init: FaultInit;
  readonly #seed: number;
  readonly #ordinal: number;
  readonly #onChange: () => void;
  /** How often it was drawn for each device. */
  readonly #draws = new Map<string, number>();
  readonly #held = new Set<() => void>();
  #waiters: Waiter[] = [];
  #skipped = 0;
  #hits = 0;
  #latest: FaultHit | undefined;
  #isRemoved = false;

  constructor({ init, seed, ordinal, onChange }: ActiveFaultInit) {
    // A copy, lest the caller changes what was checked.
    this.init = structuredClone(init);
    this.#seed = seed;
    this.#ordinal = ordinal;
    this.#onChange = onChange;
  }

  get hits(): number {
    return this.#hits;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Whether it may still strike. */
  get isArmed(): boolean {
    return !this.#isRemoved && this.#hits < (this.init.times ?? 1);
  }

  whenHit(count = 1): Promise<FaultHit> {
    return new Promise((resolve, reject) => {
      if (this.#latest !== undefined && this.#hits >= count) resolve(this.#latest);
      else if (this.#isRemoved) reject(this.#removed(count));
      else if (count > (this.init.times ?? 1)) {
        reject(new Error(`The fault at ${this.init.at} never strikes ${count} times.`));
      } else this.#waiters.push({ count, resolve, reject });
    });
  }

  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    for (const { count, reject } of this.#waiters.splice(0)) reject(this.#removed(count));
    for (const release of [...this.#held]) release();
    this.#held.clear();
    this.#onChange();
  }

  /** Whether it strikes here. Counts, in any case. */
  strikes(target: FaultHit): boolean {
    if (!this.isArmed || !this.#concerns(target)) return false;
    const { skip = 0, times = 1, probability = 1 } = this.init;
    if (this.#skipped < skip) {
      this.#skipped++;
      return false;
    }
    if (probability < 1 && this.#draw(target) >= probability) return false;
    this.#hits++;
    this.#latest = target;
    this.#waiters = this.#waiters.filter(({ count, resolve }) => {
      if (this.#hits >= count) resolve(target);
      return this.#hits < count;
    });
    if (this.#hits >= times) this.#onChange();
    return true;
  }

  /** Holds something until it is over by itself or the fault is removed. The returned function says that it is over. */
  hold(release: () => void): () => void {
    if (this.#isRemoved) {
      release();
      return () => undefined;
    }
    this.#held.add(release);
    return () => this.#held.delete(release);
  }

  #concerns({ at, service, device }: FaultHit): boolean {
    const { init } = this;
    if (init.at !== at) return false;
    if (init.service !== undefined && init.service !== service) return false;
    if (init.device === undefined) return true;
    // DPS: registration IDs are compared without case.
    return service === 'dps' ? init.device.toLowerCase() === device?.toLowerCase() : init.device === device;
  }

  #draw({ service = '', device = '' }: FaultHit): number {
    const name = JSON.stringify([service, device]);
    const key = this.#draws.size < MAX_DEVICES || this.#draws.has(name) ? name : '';
    const count = (this.#draws.get(key) ?? 0) + 1;
    this.#draws.set(key, count);
    return drawn(this.#seed, this.#ordinal, key, count);
  }

  #removed(count: number): Error {
    const text = `The fault at ${this.init.at} was removed before it had struck ${count} times (it has ${this.#hits} times).`;
    return new Error(text);
  }
}
