import type { Message } from 'azure-iot-device';
import type { SendCallback } from '../hub/link';
import type { Linked } from './linked-list';

/** A message of the outbox that the hub has not acknowledged. */
export interface Entry extends Linked<Entry> {
  /** The outbox's own copy. */
  readonly message: Message;
  /** The size of body and properties. */
  readonly bytes: number;
  readonly settle: SendCallback;
  /** The time at which the caller sent it, in milliseconds since 1970. */
  readonly queuedAt: number;
  /** The time at which it was given to the latest link, on the clock of `performance`. */
  sentAt: number;
  /** The time that it and the bytes in front of it may take on a slow uplink, in milliseconds. */
  allowanceMs: number;
  /** The factor of `allowanceMs`. It doubles each time a link was given up because of this message. */
  patience: number;
  /** The number of links that the peer has ended while this message was on its way. */
  drops: number;
  /** The number of links that the peer has ended in answer to this message alone. */
  loneDrops: number;
  /** The time that a link must live before this message is sent alone on it, in milliseconds. */
  trialAfterMs: number;
}
