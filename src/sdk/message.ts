import type { Message } from 'azure-iot-device';

/**
 * The message as the SDK may see it: the same, except that turning it into JSON costs nothing. The SDK does that to
 * every message for its log, even when nobody reads the log; with a payload of 200 kB that takes ten times as long as
 * sending it.
 */
export function withCheapJson(message: Message): Message {
  return Object.create(message, { toJSON: { value: describe } }) as Message;
}

function describe(this: Message): string {
  return `message ${this.messageId}`;
}
