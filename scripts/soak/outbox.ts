import { Message, type Client } from 'azure-iot-device';
import type { Dice } from './dice';
import { makePayload } from './payload';
import { happened } from './progress';

const MAX_UNACKNOWLEDGED = 300;
const MAX_BYTES = 3_000;

/** The telemetry that a device sends. */
export class Outbox {
  /** By number: `undefined` while unacknowledged. */
  readonly sent = new Map<number, 'acknowledged' | Error | undefined>();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The number of messages under way. */
  get unacknowledged(): number {
    return [...this.sent.values()].filter((outcome) => outcome === undefined).length;
  }

  /** Sends one more, unless too many are under way. */
  send(dice: Dice): void {
    if (this.unacknowledged >= MAX_UNACKNOWLEDGED) return;
    const number = this.sent.size;
    const text = `{"number":${number},"text":"Zürich ☃"}`;
    const { body, properties } = makePayload(dice, number, MAX_BYTES, text);
    const message = new Message(body);
    for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
    const settle = (outcome: 'acknowledged' | Error): void => {
      this.sent.set(number, outcome);
      happened();
    };
    this.sent.set(number, undefined);
    this.#client.sendEvent(message).then(
      () => settle('acknowledged'),
      (error: unknown) => settle(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
