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

/** IoT Hub: the number of messages that may wait for one device. */
const MAX_MESSAGES = 50;

/** The longest timer of Node.js. Only a message of an edited state file can live longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** IoT Hub: the outcomes for which there is feedback, by the value of `ack`. */
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
  /** Runs while the message is delivered on the present connection and unacknowledged. */
  lockTimer: NodeJS.Timeout | undefined;
  /** The packet identifier of the delivery on the present connection. */
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
  /** Called when a message may be delivered again. */
  readonly unlocked: () => void;
  readonly changed: () => void;
}

/** The messages that wait for one device. A message stays until it is acknowledged, also across connections. */
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
   * Sends the messages that are not under way, in the order in which they were enqueued.
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

  /** Handles the end of a connection. Unacknowledged messages will be sent again. */
  release(): void {
    for (const entry of this.#entries) {
      entry.packetId = undefined;
      if (entry.lockTimer !== undefined) this.#unlock(entry);
    }
  }

  /** Empties the queue. Returns the number of messages that were in it. */
  purge(): number {
    const { length } = this;
    for (const entry of this.#entries) this.#remove(entry, 'Purged');
    return length;
  }

  /** Ends the queue of a deleted device. IoT Hub: there is no feedback for its messages. */
  delete(): void {
    for (const entry of this.#entries) this.#end(entry, 'Purged');
    this.#entries.clear();
  }

  /** Ends the queue when the emulator is closed. The waiting messages stay, so that they can be stored. */
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
    // IoT Hub: a delivered message is locked. It is delivered again if it is not acknowledged in time.
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
