import type { DeviceTransport, Message } from 'azure-iot-device';

/**
 * What the SDK's transport reads of a message; turning it into JSON costs nothing. The SDK does that to every message for
 * its log, even when nobody reads the log; with a payload of 200 kB that takes ten times as long as sending it.
 */
class OutgoingMessage {
  readonly data: unknown;
  readonly properties: Message['properties'];
  readonly messageId: string;
  readonly correlationId: string;
  readonly userId: string;
  readonly to: string;
  readonly expiryTimeUtc: unknown;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly interfaceId: string | undefined;

  constructor(message: Message) {
    this.data = message.data;
    this.properties = message.properties;
    this.messageId = message.messageId;
    this.correlationId = message.correlationId;
    this.userId = message.userId;
    this.to = message.to;
    this.expiryTimeUtc = message.expiryTimeUtc;
    this.contentType = message.contentType;
    this.contentEncoding = message.contentEncoding;
    // Private in the SDK's type; set by Message.setAsSecurityMessage().
    this.interfaceId = (message as unknown as { interfaceId?: string }).interfaceId;
  }

  toJSON(): string {
    return 'a message';
  }
}

/** What the SDK's MQTT transports answer for a message sent, under the name that theirs has. */
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
 * The topic of a message, with its properties encoded, as the SDK's transport makes it; `undefined` from a transport that
 * does not tell. The rest of the SDK's way from a message to the wire is two state machines and the texts of their logs,
 * which cost as much as MQTT.js, TLS and the socket together.
 */
export function telemetryTopic(transport: DeviceTransport, message: Message): string | undefined {
  return (transport as TopicMaker)._getEventTopicFromMessage?.(message);
}

/** The message as the SDK may see it. */
export function withCheapJson(message: Message): Message {
  // The transport reads the fields above and calls none of the methods.
  return new OutgoingMessage(message) as unknown as Message;
}
