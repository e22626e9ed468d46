import { Message, type Client } from 'azure-iot-device';
import type { Events } from './events';
import type { MessageSettings } from './plan';

/** Messages of an input that are under way at once; more are read when these have arrived. */
const MAX_UNDER_WAY = 100;

/** Sends messages and keeps account of them. */
export class Telemetry {
  readonly #client: Client;
  readonly #settings: MessageSettings;
  readonly #events: Events;
  readonly #underWay = new Set<Promise<void>>();
  #undelivered = 0;

  constructor(client: Client, settings: MessageSettings, events: Events) {
    this.#client = client;
    this.#settings = settings;
    this.#events = events;
  }

  /** How many messages neither arrived nor failed yet. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** How many messages will never arrive. */
  get undelivered(): number {
    return this.#undelivered;
  }

  /** Sends a message, without waiting for it. */
  send(body: Buffer): void {
    const delivery = this.#deliver(body).finally(() => this.#underWay.delete(delivery));
    this.#underWay.add(delivery);
  }

  /** Counts what cannot even be sent. */
  refuse(error: Error): void {
    this.#undelivered += 1;
    this.#events.undelivered(undefined, error);
  }

  /** Resolves when there is room for another message of an input. */
  async room(): Promise<void> {
    while (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
  }

  /** Resolves when everything sent so far has arrived or failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #deliver(body: Buffer): Promise<void> {
    const message = new Message(body);
    const { contentType, properties } = this.#settings;
    // The SDK sends any; its type knows one.
    message.contentType = contentType as 'application/json';
    message.contentEncoding = 'utf-8';
    for (const [name, value] of properties) message.properties.add(name, value);
    try {
      await this.#client.sendEvent(message);
      this.#events.sent(body);
    } catch (error) {
      this.#undelivered += 1;
      this.#events.undelivered(body, error);
    }
  }
}
