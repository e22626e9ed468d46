import type { Message } from 'azure-iot-device';
import type { DeviceError } from 'azure-iot-certificates';
import { closedExplanation } from '../errors/connection-error';
import { ConnectionError } from '../errors/errors';
import type { HubLink, SendCallback } from '../hub/link';
import { copyMessage } from '../hub/sdk-telemetry';
import { safely } from './callbacks';
import type { MessageQueue } from './device-connection';
import { Delivery, type DeliveryQueue } from './delivery';
import { DroppedMessages } from './dropped-messages';
import type { Entry } from './entry';
import { LinkedList } from './linked-list';
import { sizeOf } from './message-limits';

/** The messages that may wait while the link is down. */
export interface QueueLimits {
  readonly maxMessages: number;
  /** Bytes of bodies and properties. */
  readonly maxBytes: number;
}

/** The longest time for which the features wait for messages that may have ended the last link, in milliseconds. */
const PROOF_LIMIT_MS = 2_000;
/** The longest time that a Node.js timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The telemetry under way. Messages that are sent while the link is down wait here, and messages that the hub has not
 * acknowledged when the link breaks are sent again on the next one, in the order in which they were given.
 */
export class Outbox {
  readonly #limits: QueueLimits;
  readonly #queue: DeliveryQueue = {
    entries: new LinkedList(),
    drops: new DroppedMessages(),
    settle: (entry, error, result) => this.#settle(entry, error, result),
    refuse: (entry) => this.#settle(entry, this.#refused(entry)),
  };
  /** Called after each message that leaves the queue. */
  readonly #onSettled = new Set<() => void>();
  #bytes = 0;
  /** Sends over the present link; `undefined` while the link is down. */
  #delivery: Delivery | undefined;
  /** The last message that was on its way when a link ended at the subscription of a feature. */
  #suspect: Entry | undefined;
  /** The link on which the features have waited for the suspect. */
  #proven: HubLink | undefined;
  /** The hub of the latest link. */
  #host = 'the hub';
  #closed: DeviceError | undefined;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get queue(): MessageQueue {
    const { first, size } = this.#queue.entries;
    return { messages: size, bytes: this.#bytes, ...(first && { oldest: new Date(first.queuedAt) }) };
  }

  /** Sends a copy of the message, or keeps it until it can be sent. */
  send(message: Message, settle: SendCallback): void {
    let entry: Entry;
    try {
      entry = this.#accept(message, settle);
    } catch (error) {
      settle(error as Error);
      return;
    }
    this.#queue.entries.add(entry);
    this.#bytes += entry.bytes;
    this.#delivery?.added(entry);
  }

  /** Sends all waiting messages, in order, and from now on each message as soon as the link takes it. */
  start(link: HubLink): void {
    this.#host = link.host;
    this.#delivery = new Delivery(this.#queue, link);
    this.#delivery.start();
  }

  /**
   * Waits until the messages are acknowledged that may have ended the last link, so that an end of this one shows whether
   * they or a feature is the cause. Resolves also when the link is over, and after two seconds.
   */
  async prove(link: HubLink): Promise<void> {
    const suspect = this.#suspect;
    if (suspect?.isListed && this.#delivery?.lastUnderWay(link)) {
      await this.#until(() => suspect.isListed !== true, PROOF_LIMIT_MS, link.over);
      this.#proven = link;
    }
    if (!suspect?.isListed) this.#suspect = undefined;
  }

  /** A link has ended at the subscription of a feature. Returns `true` if a message may be the cause as well. */
  mayHaveEnded(link: HubLink): boolean {
    const last = this.#delivery?.lastUnderWay(link);
    if (last) this.#suspect = last;
    return last !== undefined && link !== this.#proven;
  }

  /** The link is down: from now on messages wait. */
  stop(): void {
    const refused = this.#delivery?.stop();
    this.#delivery = undefined;
    if (refused) this.#queue.refuse(refused);
  }

  /** Refuses messages from now on. Resolves when the present ones are settled, at the latest after the given time. */
  async drain(milliseconds: number): Promise<void> {
    const host = this.#host;
    this.#closed ??= new ConnectionError({ ...closedExplanation(host), service: 'hub', host });
    if (this.#queue.entries.size === 0 || !(milliseconds > 0)) return;
    await this.#until(() => this.#queue.entries.size === 0, milliseconds);
  }

  /** Settles everything unacknowledged, and every message from now on, with the error. */
  close(error: DeviceError): void {
    this.#closed = error;
    this.stop();
    for (const entry of [...this.#queue.entries]) this.#settle(entry, error);
  }

  /** @throws the error with which the message is refused */
  #accept(message: Message, settle: SendCallback): Entry {
    if (this.#closed) throw this.#closed;
    const bytes = sizeOf(message);
    this.#checkLimits(bytes);
    return {
      message: copyMessage(message),
      bytes,
      settle,
      queuedAt: Date.now(),
      sentAt: 0,
      allowanceMs: 0,
      patience: 1,
      drops: 0,
      loneDrops: 0,
      trialAfterMs: 0,
      previous: undefined,
      next: undefined,
      isListed: false,
    };
  }

  /** Resolves when a message leaves the queue and the condition is met, when the signal aborts, or after the given time. */
  async #until(isMet: () => boolean, milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        this.#onSettled.delete(onSettled);
        resolve();
      };
      const onSettled = () => {
        if (isMet()) end();
      };
      const timer = setTimeout(end, Math.min(milliseconds, MAX_TIMEOUT_MS));
      signal?.addEventListener('abort', end);
      this.#onSettled.add(onSettled);
    });
  }

  #checkLimits(bytes: number): void {
    if (this.#delivery) return;
    const { maxMessages, maxBytes } = this.#limits;
    if (this.#queue.entries.size >= maxMessages) throw this.#full(`${maxMessages} messages`, 'maxMessages');
    if (this.#bytes + bytes > maxBytes) throw this.#full(`more than ${maxBytes} bytes`, 'maxBytes');
  }

  #full(limit: string, option: keyof QueueLimits): ConnectionError {
    return new ConnectionError({
      code: 'QUEUE_FULL',
      service: 'hub',
      host: this.#host,
      message: `The connection to ${this.#host} is down and the queue is full: ${limit} would wait for it (offlineQueue.${option}).`,
      remedy: `Send less, keep messages elsewhere until the state is "connected", or allow more with offlineQueue.${option}.`,
      isTransient: true,
    });
  }

  #refused({ message, bytes }: Entry): ConnectionError {
    const host = this.#host;
    const { length } = message.properties.propertyList as readonly unknown[];
    return new ConnectionError({
      code: 'MESSAGE_REFUSED',
      service: 'hub',
      host,
      message: `${host} ended the connection each time that it got one message alone: ${bytes} bytes with its properties, of which ${length} are the application's.`,
      remedy:
        'Compare the message with one that is accepted: the names and values of its properties, its content type and encoding, its expiry time, its size. If no message is accepted, the quota of the hub may be used up.',
    });
  }

  #settle(entry: Entry, error?: Error, result?: Parameters<SendCallback>[1]): void {
    this.#delivery?.leaving(entry);
    if (!this.#queue.entries.delete(entry)) return;
    this.#bytes -= entry.bytes;
    safely(() => entry.settle(error, result));
    for (const onSettled of this.#onSettled) onSettled();
  }
}
