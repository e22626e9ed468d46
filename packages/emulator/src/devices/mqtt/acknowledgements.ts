/** The messages of one connection that its client has not acknowledged, by their packet identifiers. */
export class Acknowledgements {
  readonly #awaited = new Map<number, () => void>();
  #lastMessageId = 0;

  /** Awaits an acknowledgement, under a free packet identifier unless one is given. Returns the identifier. */
  expect(onAcknowledged: () => void, messageId = this.#nextMessageId()): number {
    this.#awaited.set(messageId, onAcknowledged);
    return messageId;
  }

  /** Handles an acknowledgement. An unexpected one is ignored: it may belong to an earlier connection. */
  received(messageId: number): void {
    const onAcknowledged = this.#awaited.get(messageId);
    this.#awaited.delete(messageId);
    onAcknowledged?.();
  }

  /** Forgets all of them. */
  clear(): void {
    this.#awaited.clear();
  }

  #nextMessageId(): number {
    // Not 0 [MQTT-2.3.1-1] and not one in use [MQTT-2.3.1-4]; the queue of a device is far shorter than the range.
    do this.#lastMessageId = (this.#lastMessageId % 0xffff) + 1;
    while (this.#awaited.has(this.#lastMessageId));
    return this.#lastMessageId;
  }
}
