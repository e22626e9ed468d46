import type { Message } from 'azure-iot-device';
import { InvalidOptionsError, type DeviceError } from 'azure-iot-certificates';
import type { HubLink, SendCallback } from '../hub/link';
import { LinkedList, type Linked } from './linked-list';
import { safely } from './safely';

/** Largest device-to-cloud message, its properties included, that IoT Hub takes; it closes the connection on more. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** MQTT 3.1.1, section 1.5.3: strings have a 16-bit length. */
const MAX_TOPIC_BYTES = 65_535;
/** What the topic holds besides the properties: `devices/<128 characters>/messages/events/`. */
const TOPIC_RESERVE = 200;

/** A link over which a message is not acknowledged for so long is broken, though it may not know it. */
const ACKNOWLEDGE_TIMEOUT_MS = 30_000;

interface Entry extends Linked<Entry> {
  readonly message: Message;
  readonly settle: SendCallback;
  /** When it was given to the link, on the clock of `performance`. */
  sentAt: number;
}

/**
 * Telemetry on its way: what is sent while the link is down waits here, and what the hub has not acknowledged when the
 * link breaks is sent again on the next one, in the order in which it was given.
 */
export class Outbox {
  readonly #maxWaiting: number;
  readonly #queueFull: () => DeviceError;
  /** In the order in which they were given. */
  readonly #entries = new LinkedList<Entry>();
  #link: HubLink | undefined;
  /** Runs while messages are unacknowledged. */
  #timer: NodeJS.Timeout | undefined;
  #closed: DeviceError | undefined;

  /**
   * @param maxWaiting how many messages may wait while the link is down
   * @param queueFull makes the error for one more
   */
  constructor(maxWaiting: number, queueFull: () => DeviceError) {
    this.#maxWaiting = maxWaiting;
    this.#queueFull = queueFull;
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

  /** Sends all that waits, in order, and from now on at once. */
  start(link: HubLink): void {
    this.#link = link;
    for (const entry of [...this.#entries]) this.#transmit(entry, link);
  }

  /** The link is down: from now on messages wait. */
  stop(): void {
    this.#link = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Settles all that is not acknowledged, and everything after it, with the error. */
  close(error: DeviceError): void {
    this.#closed = error;
    this.stop();
    for (const entry of [...this.#entries]) this.#settle(entry, error);
  }

  #isFull(): boolean {
    return this.#link === undefined && this.#entries.size >= this.#maxWaiting;
  }

  #transmit(entry: Entry, link: HubLink): void {
    if (!link.isOpen) return;
    entry.sentAt = performance.now();
    this.#timer ??= this.#watch(link, ACKNOWLEDGE_TIMEOUT_MS);
    try {
      link.send(entry.message, (error, result) => {
        if (!error) this.#settle(entry, undefined, result);
        // What the broken link did not acknowledge goes out again on the next one.
        else if (!link.isOpen) return;
        else if (error.name === 'TimeoutError') giveUp(link);
        else this.#settle(entry, error);
      });
    } catch (error) {
      // What cannot be sent now can never be.
      this.#settle(entry, error as Error);
    }
  }

  /** Looks after a while whether the oldest message has been acknowledged. */
  #watch(link: HubLink, delayMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timer = undefined;
      const oldest = this.#entries.first;
      if (!oldest) return;
      const remainingMs = oldest.sentAt + ACKNOWLEDGE_TIMEOUT_MS - performance.now();
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
  link.fail({ kind: 'timeout', stage: 'publish', timeoutMs: ACKNOWLEDGE_TIMEOUT_MS });
}

/** What no connection will ever carry must be refused at once: the hub would drop the connection, again and again. */
function problem(message: Message): InvalidOptionsError | undefined {
  const { data } = message as { data: unknown };
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
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
/** Key, `=` and `&` of a system property, generously. */
const SYSTEM_PROPERTY_BYTES = 12;

/** What the properties take up in the topic; `undefined` if they cannot be put there. */
function propertyBytes(message: Message): number | undefined {
  try {
    let bytes = 0;
    // By name, because the SDK's type keeps one of them private; each value is looked at before it is used.
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
