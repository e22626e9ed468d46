import type { Packet } from 'mqtt-packet';

/** Not every request is answered: of more, the oldest are forgotten. */
const MAX_EXPECTED = 1000;

/** A packet to a client that somebody waits for in order to deal with it instead of sending it. */
export interface ExpectedAnswer {
  readonly matches: (packet: Packet) => boolean;
  readonly handle: (packet: Packet) => void;
}

/** The answers on one connection that are waited for. */
export class ExpectedAnswers {
  readonly #expected: ExpectedAnswer[] = [];

  add(answer: ExpectedAnswer): void {
    this.#expected.push(answer);
    if (this.#expected.length > MAX_EXPECTED) this.#expected.shift();
  }

  /** Whom the packet is for, who waits no longer. */
  take(packet: Packet): ExpectedAnswer | undefined {
    // None are expected unless there are faults.
    if (this.#expected.length === 0) return undefined;
    const index = this.#expected.findIndex(({ matches }) => matches(packet));
    return index === -1 ? undefined : this.#expected.splice(index, 1)[0];
  }
}
