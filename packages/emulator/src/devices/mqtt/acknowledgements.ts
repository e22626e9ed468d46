/** The messages of one connection that its client has not acknowledged, by their packet identifiers. */
export class Acknowledgements {
  readonly #awaited = new Map<number, () => void>();
  #lastMessageId = 0;

  /** Awaits one, under a packet identifier that is free unless it is given. Answers with the identifier. */
  expect(onAcknowledged: () => void, messageId = this.#nextMessageId()): number {
    this.#awaited.set(messageId, onAcknowledged);
    return messageId;
  }

  /** One came. If it answers nothing, it is ignored, as it may belong to an earlier connection. */
  received(messageId: number): void {
    const onAcknowledged = this.#awaited.get(messageId);
    this.#awaited.delete(messageId);
    onAcknowledged?.();
  }

  /** None of them will come. */
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
