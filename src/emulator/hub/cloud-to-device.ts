import { randomUUID } from 'node:crypto';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import type { OutgoingMessage } from '../mqtt/service';
import { formatPropertyBag } from './property-bag';
import type { CloudToDeviceMessage, CloudToDeviceOutcome, EnqueuedMessage } from './types';

/** IoT Hub: messages that may wait for one device. */
const MAX_MESSAGES = 50;
/** IoT Hub: the largest message to a device. */
const MAX_BYTES = 64 * 1024;
/** IoT Hub's default; every delivery counts, not only failed ones. */
const MAX_DELIVERIES = 10;
/** The longest string in a packet (MQTT 3.1.1, 1.5.3). */
const MAX_TOPIC_BYTES = 0xffff;
const DEFAULT_TIME_TO_LIVE_MS = 60 * 60 * 1000;
const MAX_TIME_TO_LIVE_MS = 48 * 60 * 60 * 1000;

interface Entry {
  readonly topic: string;
  readonly body: Buffer;
  readonly settle: (outcome: CloudToDeviceOutcome) => void;
  readonly expiryTimer: NodeJS.Timeout;
  deliveries: number;
  /** Sent on the connection that exists now, and unacknowledged. */
  isInFlight: boolean;
}

/** How a message gets to the device; `undefined` while it is away or not subscribed. */
export type Deliver =
  | ((message: Pick<OutgoingMessage, 'topic' | 'payload' | 'isRedelivery' | 'onAcknowledged'>) => void)
  | undefined;

/** The messages that wait for one device. A message stays until it is acknowledged, also beyond a connection. */
export class CloudToDeviceQueue {
  readonly #deviceId: string;
  readonly #entries = new Set<Entry>();

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  get length(): number {
    return this.#entries.size;
  }

  /** @throws EmulatorError 400004, 403004, 413001 */
  enqueue(message: CloudToDeviceMessage): EnqueuedMessage {
    const { messageId = randomUUID(), body, properties = {}, expiry } = message;
    const timeToLiveMs = expiry === undefined ? DEFAULT_TIME_TO_LIVE_MS : expiry.getTime() - Date.now();
    if (!(timeToLiveMs > 0 && timeToLiveMs <= MAX_TIME_TO_LIVE_MS)) {
      throw invalidArgument('expiry must lie in the future, and within two days');
    }
    const bag = formatPropertyBag({
      properties,
      systemProperties: this.#systemProperties(message, messageId),
    });
    const content = Buffer.from(body);
    const topic = `devices/${this.#deviceId}/messages/devicebound/${bag}`;
    if (content.length + Buffer.byteLength(bag) > MAX_BYTES || Buffer.byteLength(topic) > MAX_TOPIC_BYTES) {
      throw new EmulatorError(SERVICE_ERROR.messageTooLarge, `The message exceeds ${MAX_BYTES} bytes`);
    }
    if (this.#entries.size >= MAX_MESSAGES) {
      throw new EmulatorError(
        SERVICE_ERROR.maximumQueueDepthExceeded,
        `${MAX_MESSAGES} messages are waiting for device ${this.#deviceId} already`,
      );
    }
    const outcome = new Promise<CloudToDeviceOutcome>((settle) => {
      const entry: Entry = {
        topic,
        body: content,
        settle,
        expiryTimer: setTimeout(() => this.#remove(entry, 'Expired'), timeToLiveMs).unref(),
        deliveries: 0,
        isInFlight: false,
      };
      this.#entries.add(entry);
    });
    return { messageId, outcome };
  }

  /** Sends what is not on its way yet, in the order in which it was enqueued. */
  deliver(deliver: Deliver): void {
    if (deliver === undefined) return;
    for (const entry of this.#entries) {
      if (entry.isInFlight) continue;
      if (entry.deliveries >= MAX_DELIVERIES) {
        this.#remove(entry, 'DeliveryCountExceeded');
        continue;
      }
      entry.isInFlight = true;
      entry.deliveries++;
      deliver({
        topic: entry.topic,
        payload: entry.body,
        isRedelivery: entry.deliveries > 1,
        onAcknowledged: () => this.#remove(entry, 'Success'),
      });
    }
  }

  /** The connection is gone: what it did not acknowledge will be sent again. */
  release(): void {
    for (const entry of this.#entries) entry.isInFlight = false;
  }

  purge(): void {
    for (const entry of this.#entries) this.#remove(entry, 'Purged');
  }

  #systemProperties(message: CloudToDeviceMessage, messageId: string): Record<string, string> {
    const { correlationId, userId, contentType, contentEncoding, expiry } = message;
    return {
      messageId,
      to: `/devices/${this.#deviceId}/messages/deviceBound`,
      ...(correlationId !== undefined && { correlationId }),
      ...(userId !== undefined && { userId }),
      ...(contentType !== undefined && { contentType }),
      ...(contentEncoding !== undefined && { contentEncoding }),
      ...(expiry !== undefined && { expiryTimeUtc: expiry.toISOString() }),
    };
  }

  #remove(entry: Entry, outcome: CloudToDeviceOutcome): void {
    clearTimeout(entry.expiryTimer);
    this.#entries.delete(entry);
    entry.settle(outcome);
  }
}
