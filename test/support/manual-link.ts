import type { Message } from 'azure-iot-device';
import type { WireFailure } from '../../src/errors/wire-error';
import type { HubLink, SendCallback } from '../../src/hub/link';

/** A link on which nothing is acknowledged unless the test does it. */
export class ManualLink {
  readonly host = 'hub.example';
  /** The messages that were sent, in order. */
  readonly sent: Message[] = [];
  readonly failures: WireFailure[] = [];
  /** The number of pings that were asked for. */
  pings = 0;
  answersPings = false;
  isOpen = true;
  isEndedByPeer = false;
  heardAt = 0;
  allowanceMs = 0;
  backlogBytes = 0;
  #waiting: { body: string; done: SendCallback }[] = [];
  readonly #over = new AbortController();
  #onDrain: () => void = () => undefined;

  /** The rest of a link is of no concern to an outbox. */
  asLink(): HubLink {
    return this as unknown as HubLink;
  }

  /** Aborts when the connection is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get bodies(): string[] {
    return this.sent.map(({ data }) => String(data));
  }

  get unacknowledged(): number {
    return this.#waiting.length;
  }

  send(message: Message, done: SendCallback): void {
    this.sent.push(message);
    this.#waiting.push({ body: String(message.data), done });
  }

  /** Acknowledges the message with this body, or the oldest one. */
  acknowledge(body = this.#waiting[0]?.body): void {
    const index = this.#waiting.findIndex((message) => message.body === body);
    const [message] = this.#waiting.splice(index, 1);
    if (index < 0 || !message) throw new Error(`No message with the body ${body} is unacknowledged.`);
    message.done(undefined);
  }

  onDrain(callback: () => void): void {
    this.#onDrain = callback;
  }

  drain(): void {
    this.#onDrain();
  }

  ping(): void {
    this.pings += 1;
    if (this.answersPings) this.heardAt = performance.now();
  }

  /** The hub ends the connection. */
  drop(): void {
    this.isOpen = false;
    this.isEndedByPeer = true;
    this.#over.abort();
  }

  fail(failure: WireFailure): void {
    this.isOpen = false;
    this.failures.push(failure);
    this.#over.abort();
  }
}
