import type { OutgoingMessage } from '../../devices/mqtt/client';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import { createQueuedMessage, type QueuedMessage } from './cloud-to-device-message';
import type {
  Acknowledgement,
  CloudToDeviceFeedback,
  CloudToDeviceMessage,
  CloudToDeviceOutcome,
  CloudToDeviceSettings,
  EnqueuedMessage,
} from './types';

/** IoT Hub: messages that may wait for one device. */
const MAX_MESSAGES = 50;

/** The longest timer of Node.js. Only a message of an edited state file can live longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** IoT Hub: which outcomes a service hears of. */
const WANTS_FEEDBACK: Readonly<Record<Acknowledgement, (outcome: CloudToDeviceOutcome) => boolean>> = {
  none: () => false,
  positive: (outcome) => outcome === 'Success',
  negative: (outcome) => outcome !== 'Success',
  full: () => true,
};

interface Entry {
  readonly message: QueuedMessage;
  readonly settle: (outcome: CloudToDeviceOutcome) => void;
  readonly expiryTimer: NodeJS.Timeout;
  deliveryCount: number;
  /** Runs while the message is delivered on the connection that exists now, and unacknowledged. */
  lockTimer: NodeJS.Timeout | undefined;
  /** Under which it was sent on the connection that exists now. */
  packetId: number | undefined;
}

/** A delivery of a message. */
interface Delivery extends Pick<OutgoingMessage, 'payload' | 'onAcknowledged'> {
  readonly propertyBag: string;
  /** True if the message was sent before, on this connection or an earlier one. */
  readonly isRedelivery: boolean;
  /** The packet identifier of the earlier delivery on this connection. */
  readonly packetId: number | undefined;
}

/**
 * Sends a message to the device, and returns the packet identifier; `undefined` while the device is disconnected or not
 * subscribed.
 */
export type Deliver = ((delivery: Delivery) => number | undefined) | undefined;

/** The surroundings of a queue. */
export interface QueueInit {
  readonly deviceId: string;
  readonly deviceGenerationId: string;
  readonly settings: CloudToDeviceSettings;
  /** True if a delivery counts although its acknowledgement did not come in time. */
  readonly countsEveryDelivery: boolean;
  /** The stored messages. */
  readonly messages: readonly QueuedMessage[];
  readonly feedback: (record: CloudToDeviceFeedback) => void;
  /** A message may be delivered again. */
  readonly unlocked: () => void;
  readonly changed: () => void;
}

/** The messages that wait for one device. A message stays until it is acknowledged, also beyond a connection. */
export class CloudToDeviceQueue {
  readonly #init: QueueInit;
  readonly #entries = new Set<Entry>();

  constructor(init: QueueInit) {
    this.#init = init;
    for (const message of init.messages) this.#add(message, () => undefined);
  }

  get length(): number {
    return this.#entries.size;
  }

  /** The waiting messages, oldest first. */
  get messages(): readonly QueuedMessage[] {
    return [...this.#entries].map(({ message, deliveryCount }) => ({ ...message, deliveryCount }));
  }

  /** @throws EmulatorError 400004, 403004, 413001 */
  enqueue(init: CloudToDeviceMessage): EnqueuedMessage {
    const { deviceId, settings, changed } = this.#init;
    const message = createQueuedMessage(deviceId, init, settings.defaultTimeToLiveSeconds);
    if (this.#entries.size >= MAX_MESSAGES) {
      throw new EmulatorError(
        SERVICE_ERROR.maximumQueueDepthExceeded,
        `${MAX_MESSAGES} messages are waiting for device ${deviceId} already`,
      );
    }
    const outcome = new Promise<CloudToDeviceOutcome>((settle) => this.#add(message, settle));
    changed();
    return { messageId: message.messageId, outcome };
  }

  /**
   * Sends what is not on its way yet, in the order in which it was enqueued.
   *
   * @param find - finds the way to the device, for each message anew: it may break while there is more to send.
   */
  deliver(find: () => Deliver): void {
    for (const entry of this.#entries) {
      if (entry.lockTimer !== undefined) continue;
      const deliver = find();
      if (deliver === undefined) return;
      this.#send(entry, deliver);
    }
  }

  /** The connection is gone: what it did not acknowledge will be sent again. */
  release(): void {
    for (const entry of this.#entries) {
      entry.packetId = undefined;
      if (entry.lockTimer !== undefined) this.#unlock(entry);
    }
  }

  /** Empties the queue. Answers how many messages were in it. */
  purge(): number {
    const { length } = this;
    for (const entry of this.#entries) this.#remove(entry, 'Purged');
    return length;
  }

  /** The device is gone, and with it the feedback that was due (IoT Hub). */
  delete(): void {
    for (const entry of this.#entries) this.#end(entry, 'Purged');
    this.#entries.clear();
  }

  /** The emulator is closed. What waited is still there for those who keep it. */
  close(): void {
    for (const entry of this.#entries) this.#end(entry, 'Purged');
  }

  #add(message: QueuedMessage, settle: Entry['settle']): void {
    const entry: Entry = {
      message,
      settle,
      expiryTimer: setTimeout(
        () => this.#remove(entry, 'Expired'),
        Math.min(MAX_TIMER_MS, Math.max(0, message.expiry.getTime() - Date.now())),
      ).unref(),
      deliveryCount: message.deliveryCount,
      lockTimer: undefined,
      packetId: undefined,
    };
    this.#entries.add(entry);
  }

  #send(entry: Entry, deliver: NonNullable<Deliver>): void {
    const { settings, changed } = this.#init;
    const { message, packetId } = entry;
    // IoT Hub: a message that is delivered is locked, and available again if it is not acknowledged in time.
    entry.lockTimer = setTimeout(() => {
      this.#unlock(entry);
      this.#init.unlocked();
    }, settings.lockTimeoutSeconds * 1000).unref();
    entry.deliveryCount++;
    changed();
    entry.packetId = deliver({
      propertyBag: message.propertyBag,
      payload: message.body,
      isRedelivery: entry.deliveryCount > 1,
      packetId,
      onAcknowledged: () => this.#remove(entry, 'Success'),
    });
  }

  #unlock(entry: Entry): void {
    const { settings, countsEveryDelivery } = this.#init;
    clearTimeout(entry.lockTimer);
    entry.lockTimer = undefined;
    if (countsEveryDelivery && entry.deliveryCount >= settings.maxDeliveryCount) {
      this.#remove(entry, 'DeliveryCountExceeded');
    }
  }

  #remove(entry: Entry, outcome: CloudToDeviceOutcome): void {
    // A message that was sent twice may be acknowledged twice.
    if (!this.#entries.delete(entry)) return;
    this.#end(entry, outcome);
    const { deviceId, deviceGenerationId, feedback, changed } = this.#init;
    const { messageId, ack } = entry.message;
    if (WANTS_FEEDBACK[ack](outcome)) {
      feedback({
        originalMessageId: messageId,
        deviceId,
        deviceGenerationId,
        statusCode: outcome,
        description: outcome,
        enqueuedTimeUtc: new Date().toISOString(),
      });
    }
    changed();
  }

  #end(entry: Entry, outcome: CloudToDeviceOutcome): void {
    clearTimeout(entry.expiryTimer);
    clearTimeout(entry.lockTimer);
    entry.settle(outcome);
  }
}
