import { types } from 'node:util';
import type { TcpConnection } from '../devices/tcp/tcp-connection';
import type { Fault, FaultHit, FaultInit } from './types';

interface Waiter {
  readonly count: number;
  readonly resolve: (hit: FaultHit) => void;
  readonly reject: (error: Error) => void;
}

/** An added fault: its counts, its waiting callers, and the delays and connections that it holds. */
export class ActiveFault implements Fault {
  readonly init: FaultInit;
  readonly #onChange: () => void;
  readonly #held = new Set<() => void>();
  #waiters: Waiter[] = [];
  #skipped = 0;
  #hits = 0;
  #latest: FaultHit | undefined;
  #isRemoved = false;

  /** @param onChange - called when the fault is used up or removed */
  constructor(init: FaultInit, onChange: () => void) {
    // A copy, so that the caller cannot change what was checked.
    this.init = structuredClone(init);
    this.#onChange = onChange;
  }

  get hits(): number {
    return this.#hits;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** True if the fault can still hit. */
  get isArmed(): boolean {
    return !this.#isRemoved && this.#hits < (this.init.times ?? 1);
  }

  whenHit(count = 1): Promise<FaultHit> {
    return new Promise((resolve, reject) => {
      if (this.#latest !== undefined && this.#hits >= count) resolve(this.#latest);
      else if (this.#isRemoved) reject(this.#removed(count));
      else if (count > (this.init.times ?? 1)) {
        reject(new Error(`The fault at ${this.init.at} never hits ${count} times.`));
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

  /** Tells whether the fault hits that target, and counts the hit or the skip. */
  hit(target: FaultHit): boolean {
    if (!this.isArmed || !this.#concerns(target)) return false;
    const { skip = 0, times = 1 } = this.init;
    if (this.#skipped < skip) {
      this.#skipped++;
      return false;
    }
    this.#hits++;
    this.#latest = target;
    this.#waiters = this.#waiters.filter(({ count, resolve }) => {
      if (this.#hits >= count) resolve(target);
      return this.#hits < count;
    });
    if (this.#hits >= times) this.#onChange();
    return true;
  }

  /** Calls `release` when the fault is removed, unless the returned function is called before. */
  hold(release: () => void): () => void {
    if (this.#isRemoved) {
      release();
      return () => undefined;
    }
    this.#held.add(release);
    return () => this.#held.delete(release);
  }

  /** Like {@link hold}, for a connection: `release` is not called after the connection is closed. */
  holdOn(tcp: TcpConnection, release: () => void): () => void {
    const forget = this.hold(release);
    const ignoreClosed = tcp.onClosed(forget);
    return () => {
      forget();
      ignoreClosed();
    };
  }

  /** Runs `run` after the delay, or when the fault is removed. Deadlines of the connection are cancelled. */
  delayOn(tcp: TcpConnection, ms: number, run: () => void): void {
    tcp.liftDeadlines();
    let done = (): void => undefined;
    const end = (): void => {
      clearTimeout(timer);
      done();
      if (!tcp.isClosed) run();
    };
    const timer = setTimeout(end, ms).unref();
    tcp.onClosed(() => clearTimeout(timer));
    done = this.holdOn(tcp, end);
  }

  /** Emits a warning of the process about an action that failed: no caller waits for it. */
  warn(what: string, error: unknown): void {
    const text = types.isNativeError(error) ? error.message : String(error);
    process.emitWarning(`The fault at ${this.init.at} ${what}: ${text}`, {
      code: 'AZURE_IOT_X509_EMULATOR_FAULT',
    });
  }

  #concerns({ at, service, device }: FaultHit): boolean {
    const { init } = this;
    if (init.at !== at) return false;
    if (init.service !== undefined && init.service !== service) return false;
    if (init.device === undefined) return true;
    // DPS: registration IDs are compared without case.
    return service === 'dps' ? init.device.toLowerCase() === device?.toLowerCase() : init.device === device;
  }

  #removed(count: number): Error {
    const text = `The fault at ${this.init.at} was removed before it had hit ${count} times (it has ${this.#hits} times).`;
    return new Error(text);
  }
}
