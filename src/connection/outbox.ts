import { types } from 'node:util';
import type { Message } from 'azure-iot-device';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import { ConnectionError } from '../errors/errors';
import type { HubLink, SendCallback } from '../hub/link';
import { safely } from './callbacks';

/**
 * IoT Hub: the largest device-to-cloud message, its properties included. The hub closes the connection on a larger one.
 */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** MQTT 3.1.1, section 1.5.3: strings have a 16-bit length. */
const MAX_TOPIC_BYTES = 65_535;
/** The length of the topic without the properties: `devices/<128 characters>/messages/events/`. */
const TOPIC_RESERVE = 200;

/** The time for the acknowledgement of a message, in milliseconds. A link that exceeds it counts as broken. */
const TELEMETRY_TIMEOUT_MS = 30_000;

/** An item of a {@link LinkedList}. The list alone sets these members. */
export interface Linked<Item> {
  previous?: Item | undefined;
  next?: Item | undefined;
  isListed?: boolean;
}

/**
 * Items in the order in which they were added, for lists that change thousands of times a second. A Set gets a new
 * table every few changes, and each abandoned table refers to the next one. Once the garbage collector has moved one of
 * them to the old generation, everything that the later ones held stays until the next full collection, which costs
 * more than sending a message.
 */
export class LinkedList<Item extends Linked<Item>> implements Iterable<Item> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  get first(): Item | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an item that is in no list. */
  add(item: Item): void {
    item.previous = this.#last;
    item.isListed = true;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Returns whether the item was in the list. */
  delete(item: Item): boolean {
    if (!item.isListed) return false;
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    // A deleted item must not keep others alive.
    item.previous = undefined;
    item.next = undefined;
    item.isListed = false;
    this.#size -= 1;
    return true;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let item = this.#first; item; item = item.next) yield item;
  }
}

/** A message under way. */
interface Entry extends Linked<Entry> {
  readonly message: Message;
  readonly settle: SendCallback;
  /** The time at which the message was given to the link, on the clock of `performance`. */
  sentAt: number;
}

/**
 * The telemetry under way. Messages that are sent while the link is down wait here, and messages that the hub has not
 * acknowledged when the link breaks are sent again on the next one, in the order in which they were given.
 */
export class Outbox {
  readonly #maxWaiting: number;
  /** The messages, in the order in which they were given. */
  readonly #entries = new LinkedList<Entry>();
  #link: HubLink | undefined;
  /** The hub of the latest link. */
  #host = 'the hub';
  /** Runs while messages are unacknowledged. */
  #timer: NodeJS.Timeout | undefined;
  #closed: DeviceError | undefined;

  /**
   * @param maxWaiting the number of messages that may wait while the link is down; one more is refused with
   * `QUEUE_FULL`
   */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  send(message: Message, settle: SendCallback): void {
    const error = this.#closed ?? problem(message) ?? (this.#isFull() ? this.#queueFull() : undefined);
    if (error) {
      settle(error);
      return;
    }
    const entry: Entry = {
      message,
      settle,
      sentAt: 0,
      previous: undefined,
      next: undefined,
      isListed: false,
    };
    this.#entries.add(entry);
    if (this.#link) this.#transmit(entry, this.#link);
  }

  /** Sends all waiting messages, in order, and from now on each message at once. */
  start(link: HubLink): void {
    this.#link = link;
    this.#host = link.host;
    for (const entry of [...this.#entries]) this.#transmit(entry, link);
  }

  /** The link is down: from now on messages wait. */
  stop(): void {
    this.#link = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Settles everything unacknowledged, and every message from now on, with the error. */
  close(error: DeviceError): void {
    this.#closed = error;
    this.stop();
    for (const entry of [...this.#entries]) this.#settle(entry, error);
  }

  #isFull(): boolean {
    return this.#link === undefined && this.#entries.size >= this.#maxWaiting;
  }

  #queueFull(): ConnectionError {
    return new ConnectionError({
      code: 'QUEUE_FULL',
      service: 'hub',
      host: this.#host,
      message: `The connection to ${this.#host} is down and ${this.#maxWaiting} messages are waiting for it: the queue is full.`,
      remedy:
        'Send less, keep messages elsewhere until the state is "connected", or allow more with offlineQueue.maxMessages.',
      isTransient: true,
    });
  }

  #transmit(entry: Entry, link: HubLink): void {
    if (!link.isOpen) return;
    entry.sentAt = performance.now();
    this.#timer ??= this.#watch(link, TELEMETRY_TIMEOUT_MS);
    try {
      link.send(entry.message, (error, result) => {
        if (!error) this.#settle(entry, undefined, result);
        // A message that the broken link did not acknowledge is sent again on the next one.
        else if (!link.isOpen) return;
        else if (error.name === 'TimeoutError') giveUp(link);
        else this.#settle(entry, error);
      });
    } catch (error) {
      // A message that cannot be sent now can never be sent.
      this.#settle(entry, error as Error);
    }
  }

  /** Gives the link up after a while unless the oldest message has been acknowledged by then. */
  #watch(link: HubLink, delayMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timer = undefined;
      const oldest = this.#entries.first;
      if (!oldest) return;
      const remainingMs = oldest.sentAt + TELEMETRY_TIMEOUT_MS - performance.now();
      if (remainingMs > 0) this.#timer = this.#watch(link, remainingMs);
      else giveUp(link);
    }, delayMs);
    // The connection keeps the process alive, as long as there is one.
    return timer.unref();
  }

  #settle(entry: Entry, error?: Error, result?: Parameters<SendCallback>[1]): void {
    if (!this.#entries.delete(entry)) return;
    safely(() => entry.settle(error, result));
  }
}

/** A message was not acknowledged in time. */
function giveUp(link: HubLink): void {
  link.fail({ kind: 'timeout', stage: 'publish', timeoutMs: TELEMETRY_TIMEOUT_MS });
}

/** The error for a message that the hub would close every connection for. */
function problem(message: Message): InvalidOptionsError | undefined {
  const { data } = message as { data: unknown };
  if (typeof data !== 'string' && !types.isUint8Array(data)) {
    return invalid('has no body of type string or Buffer.', 'Give the Message a string or a Buffer.');
  }
  const properties = propertyBytes(message);
  if (properties === undefined) {
    return invalid(
      'has a property that is not well-formed Unicode.',
      'Encode binary values, e.g. as Base64.',
    );
  }
  if (properties > MAX_TOPIC_BYTES - TOPIC_RESERVE) {
    return invalid('has properties of more than 64 KB.', 'Move large values into the body.');
  }
  if (Buffer.byteLength(data) + properties > MAX_MESSAGE_BYTES) {
    return invalid('is larger than 256 KB.', 'Split it, or upload it as a file with uploadToBlob().');
  }
  return undefined;
}

const SYSTEM_PROPERTIES = [
  'messageId',
  'correlationId',
  'userId',
  'to',
  'contentType',
  'contentEncoding',
  'interfaceId',
] as const;
/** An upper bound for the key, `=` and `&` of a system property. */
const SYSTEM_PROPERTY_BYTES = 12;

/** The length of the properties in the topic; `undefined` if they cannot be encoded. */
function propertyBytes(message: Message): number | undefined {
  try {
    let bytes = 0;
    // The SDK's type keeps one of these members private. The type of each value is checked before it is used.
    const fields = message as unknown as Readonly<Record<string, unknown>>;
    for (const name of SYSTEM_PROPERTIES) {
      const value = fields[name];
      if (typeof value === 'string' && value !== '') {
        bytes += encodeURIComponent(value).length + SYSTEM_PROPERTY_BYTES;
      }
    }
    const { propertyList } = message.properties;
    for (const { key, value } of propertyList as readonly { key: string; value: string }[]) {
      bytes += encodeURIComponent(key).length + encodeURIComponent(value).length + 2;
    }
    return bytes;
  } catch {
    // URIError: half of a surrogate pair.
    return undefined;
  }
}

function invalid(message: string, remedy: string): InvalidOptionsError {
  return new InvalidOptionsError([{ option: 'message', message, remedy }]);
}
