import { Message, type Client } from 'azure-iot-device';
import type { Dice } from './dice';
import { makePayload, type Payload } from './payload';
import { happened } from './progress';

const MAX_UNACKNOWLEDGED = 300;
const MAX_BYTES = 3_000;
/** Within the hub's limit of 256 kB. */
const LARGE_BYTES = 200_000;
/** How often a message is large. */
const LARGE_RATIO = 0.01;

/** The telemetry that a device sends. */
export class Outbox {
  /** By number: `undefined` while unacknowledged. */
  readonly sent = new Map<number, 'acknowledged' | Error | undefined>();
  readonly #client: Client;
  #unacknowledged = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The number of messages under way. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** Sends one more, unless too many are under way. */
  send(dice: Dice): void {
    if (this.#unacknowledged >= MAX_UNACKNOWLEDGED) return;
    const number = this.sent.size;
    const text = `{"number":${number},"text":"Zürich ☃"}`;
    const maxBytes = dice.next() < LARGE_RATIO ? LARGE_BYTES : MAX_BYTES;
    void this.#send(number, makePayload(dice, number, maxBytes, text));
  }

  /** Sends a large one. Resolves when it is settled. */
  async sendLarge(dice: Dice): Promise<void> {
    const number = this.sent.size;
    await this.#send(number, makePayload(dice, number, LARGE_BYTES, 'x'.repeat(LARGE_BYTES)));
  }

  async #send(number: number, { body, properties }: Payload): Promise<void> {
    const message = new Message(body);
    for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
    this.sent.set(number, undefined);
    this.#unacknowledged += 1;
    try {
      await this.#client.sendEvent(message);
      this.sent.set(number, 'acknowledged');
    } catch (error) {
      this.sent.set(number, error instanceof Error ? error : new Error(String(error)));
    }
    this.#unacknowledged -= 1;
    happened();
  }
}
