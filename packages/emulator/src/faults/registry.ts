import { ActiveFault } from './active-fault';
import { checkFault, type KnownNames } from './fault-schema';
import type { Fault, FaultHit, FaultInit, Faults } from './types';

/** The faults of an emulator, in the order in which they were added. */
export class FaultRegistry implements Faults {
  readonly #names: () => KnownNames;
  #faults: ActiveFault[] = [];
  /** The faults that can still hit. Only these are compared with a packet. */
  #armed: ActiveFault[] = [];
  #isClosed = false;

  /** @param names - called each time that a fault is added */
  constructor(names: () => KnownNames) {
    this.#names = names;
  }

  /** True if any fault can still hit. */
  get isArmed(): boolean {
    return this.#armed.length > 0;
  }

  add(init: FaultInit): Fault {
    if (this.#isClosed) throw new Error('The emulator is closed.');
    checkFault(init, this.#names());
    const fault = new ActiveFault(init, () => this.#update());
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

  /** Removes all faults. No fault can be added afterwards. */
  close(): void {
    this.#isClosed = true;
    this.clear();
  }

  /** The fault that hits that target. */
  findHit(target: FaultHit): ActiveFault | undefined {
    return this.#armed.find((fault) => fault.hit(target));
  }

  #update(): void {
    this.#faults = this.#faults.filter(({ isRemoved }) => !isRemoved);
    this.#armed = this.#faults.filter(({ isArmed }) => isArmed);
  }
}
