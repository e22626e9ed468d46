export interface IncomingMessage {
  topic: string;
  payload: Buffer;
}

/** A message that waits until its topic is accepted. */
interface HeldMessage extends IncomingMessage {
  /** Packet identifier of a message with QoS 1, which is acknowledged when it is delivered. */
  messageId: number | undefined;
}

/** What a connection does with its incoming messages. */
interface Delivery {
  readonly deliver: (message: IncomingMessage) => void;
  /** Sends PUBACK, unless the connection is over. */
  readonly acknowledge: (messageId: number) => void;
}

/** The incoming messages of one connection. Each is acknowledged when it is delivered. */
export class IncomingMessages {
  readonly #delivery: Delivery;
  #accepts: (topic: string) => boolean = () => true;
  #held: HeldMessage[] = [];

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /**
   * Lets only those messages through whose topics are accepted. The others wait, unacknowledged, until a later call
   * accepts them; if the connection breaks before, the server sends them again. The messages that a hub has kept for a
   * device come directly behind the CONNACK, before a listener can be added.
   */
  accept(accepts: (topic: string) => boolean): void {
    this.#accepts = accepts;
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.receive(message);
  }

  receive(message: HeldMessage): void {
    if (!this.#accepts(message.topic)) {
      this.#held.push(message);
      return;
    }
    this.#delivery.deliver(message);
    const { messageId } = message;
    if (messageId === undefined) return;
    // MqttBase hands the message on in a tick of its own, before this one: a message whose listener ends the process
    // has not been acknowledged.
    process.nextTick(() => this.#delivery.acknowledge(messageId));
  }
}
