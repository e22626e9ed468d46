import { ActiveFault } from './active-fault';
import type { Fault, FaultHit, FaultInit, Faults } from './types';
import { checkFault, type KnownNames } from './validate';

/** The faults of an emulator, in the order in which they were added. */
export class FaultRegistry implements Faults {
  readonly #seed: number;
  readonly #names: () => KnownNames;
  #faults: ActiveFault[] = [];
  /** Those that may still strike: nothing else is looked at when something happens. */
  #armed: ActiveFault[] = [];
  #lastOrdinal = 0;
  #isClosed = false;

  /** @param names - asked whenever a fault is added */
  constructor(seed: number, names: () => KnownNames) {
    this.#seed = seed;
    this.#names = names;
  }

  /** Whether any fault may still strike. */
  get isArmed(): boolean {
    return this.#armed.length > 0;
  }

  add(init: FaultInit): Fault {
    if (this.#isClosed) throw new Error('The emulator is closed.');
    checkFault(init, this.#names());
    const fault = new ActiveFault({
      init,
      seed: this.#seed,
      ordinal: ++this.#lastOrdinal,
      onChange: () => this.#update(),
    });
    this.#faults.push(fault);
    this.#update();
    return fault;
  }

  list(): readonly Fault[] {
    return [...this.#faults];
  }

  clear(): void {
    for (const fault of this.list()) fault.remove();
  }

  /** Removes all faults, and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.clear();
  }

  /** Who strikes there, if anybody does. */
  strike(target: FaultHit): ActiveFault | undefined {
    return this.#armed.find((fault) => fault.strikes(target));
  }

  #update(): void {
    this.#faults = this.#faults.filter(({ isRemoved }) => !isRemoved);
    this.#armed = this.#faults.filter(({ isArmed }) => isArmed);
  }
}
