import type { LossFacts } from '../errors/wire-error';

/** What has happened on one MQTT connection since its CONNACK, for the explanation of its end. */
export class Traffic {
  readonly #connectedAt = performance.now();
  #lastMessageAt: number | undefined;
  #unacknowledged = 0;

  /** A PUBLISH packet is sent. */
  messageSent(isAcknowledged: boolean): void {
    this.#lastMessageAt = performance.now();
    if (isAcknowledged) this.#unacknowledged += 1;
  }

  messageAcknowledged(): void {
    this.#unacknowledged -= 1;
  }

  /** The facts at this moment. */
  get facts(): LossFacts {
    const now = performance.now();
    return {
      livedMs: now - this.#connectedAt,
      sinceMessageMs: this.#lastMessageAt === undefined ? undefined : now - this.#lastMessageAt,
      unacknowledged: this.#unacknowledged,
    };
  }
}
