import { types } from 'node:util';
import type { DeviceTransport, Message } from 'azure-iot-device';

/** The properties of a message as the SDK's transport reads them. */
class OutgoingProperties {
  readonly propertyList: readonly { readonly key: string; readonly value: string }[];

  constructor({ propertyList }: Message['properties']) {
    const list = propertyList as OutgoingProperties['propertyList'];
    this.propertyList = list.map(({ key, value }) => ({ key, value }));
  }

  count(): number {
    return this.propertyList.length;
  }
}

/**
 * The members of a message that the SDK's transport reads, copied, with a cheap `toJSON`. The SDK turns every message
 * into JSON for its log, also when the log is off; with a payload of 200 kB that takes ten times as long as sending it.
 */
class OutgoingMessage {
  readonly data: string | Buffer;
  readonly properties: OutgoingProperties;
  readonly messageId: string;
  readonly correlationId: string;
  readonly userId: string;
  readonly to: string;
  readonly expiryTimeUtc: unknown;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly interfaceId: string | undefined;

  constructor(message: Message) {
    const data = message.data as string | Uint8Array;
    const expiryTimeUtc: unknown = message.expiryTimeUtc;
    this.data = typeof data === 'string' ? data : Buffer.copyBytesFrom(data);
    this.properties = new OutgoingProperties(message.properties);
    this.messageId = message.messageId;
    this.correlationId = message.correlationId;
    this.userId = message.userId;
    this.to = message.to;
    this.expiryTimeUtc = types.isDate(expiryTimeUtc) ? new Date(expiryTimeUtc) : expiryTimeUtc;
    this.contentType = message.contentType;
    this.contentEncoding = message.contentEncoding;
    // Private in the SDK's type; set by Message.setAsSecurityMessage().
    this.interfaceId = (message as unknown as { interfaceId?: string }).interfaceId;
  }

  toJSON(): string {
    return 'a message';
  }
}

/**
 * A copy of a message that the caller may change after the call. The copy stays the same when it is sent, and sent again
 * on another connection.
 */
export function copyMessage(message: Message): Message {
  // The transport reads these members and calls none of the other methods.
  return new OutgoingMessage(message) as unknown as Message;
}

/** The result of the SDK's MQTT transports for a message sent, with the same class name as theirs. */
export class MessageEnqueued {
  readonly transportObj: unknown;

  constructor(transportObj: unknown) {
    this.transportObj = transportObj;
  }
}

/** A private method of the SDK's MQTT transports. */
interface TopicMaker {
  readonly _getEventTopicFromMessage?: (message: Message) => string;
}

/**
 * The topic of a message with its properties encoded, as the SDK's transport makes it; `undefined` if the transport has
 * no such method. The rest of the SDK's way from a message to the wire is two state machines and the texts of their logs,
 * which cost as much as MQTT.js, TLS and the socket together.
 */
export function telemetryTopic(transport: DeviceTransport, message: Message): string | undefined {
  return (transport as TopicMaker)._getEventTopicFromMessage?.(message);
}
