import type { Packet } from 'mqtt-packet';

/** The number of expected answers that are remembered. Not every request is answered, so the oldest are forgotten. */
const MAX_EXPECTED = 1000;

/** An expected packet to a client, which is handled in place of being sent. */
export interface ExpectedAnswer {
  readonly matches: (packet: Packet) => boolean;
  readonly handle: (packet: Packet) => void;
}

/** The expected answers on one connection. */
export class ExpectedAnswers {
  readonly #expected: ExpectedAnswer[] = [];

  add(answer: ExpectedAnswer): void {
    this.#expected.push(answer);
    if (this.#expected.length > MAX_EXPECTED) this.#expected.shift();
  }

  /** The expected answer that the packet matches. It is removed. */
  take(packet: Packet): ExpectedAnswer | undefined {
    // Without faults, none are expected.
    if (this.#expected.length === 0) return undefined;
    const index = this.#expected.findIndex(({ matches }) => matches(packet));
    return index === -1 ? undefined : this.#expected.splice(index, 1)[0];
  }
}
