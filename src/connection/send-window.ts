/** The window of a fresh link, in bytes. */
const FIRST_LIMIT = 32 * 1024;
/** More would only take memory: 4 MiB fill a line of 50 Mbit/s with a round trip of 600 ms. */
const LAST_LIMIT = 4 * 1024 * 1024;
/** The time in which a message should be acknowledged, in milliseconds. It is above the round trip of any network. */
const TARGET_MS = 5_000;
/** The share of the window that a message takes besides its bytes, so that the number of messages is bounded, too. */
const MESSAGE_COST = 256;

/**
 * The bytes that one link may have unacknowledged. The window grows while acknowledgements come within
 * {@link TARGET_MS}, and otherwise shrinks to what was acknowledged in that time, so that pings do not queue behind
 * data, and few messages are sent twice when the link breaks. One message may always be sent.
 */
export class SendWindow {
  #limit = FIRST_LIMIT;
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes + MESSAGE_COST <= this.#limit;
  }

  /** A message is given to the link. Returns the part of the window that is taken now. */
  add(bytes: number): number {
    this.#used += bytes + MESSAGE_COST;
    return this.#used;
  }

  /**
   * A message is acknowledged.
   *
   * @param used the result of `add` for the message
   * @param milliseconds the time since then
   */
  acknowledged(bytes: number, used: number, milliseconds: number): void {
    const cost = bytes + MESSAGE_COST;
    if (milliseconds > TARGET_MS) this.#limit = Math.min(this.#limit, (used / milliseconds) * TARGET_MS);
    // A window that is not used says nothing about the link.
    else if (this.#used * 2 > this.#limit) this.#limit = Math.min(this.#limit + cost, LAST_LIMIT);
    this.#used -= cost;
  }
}
