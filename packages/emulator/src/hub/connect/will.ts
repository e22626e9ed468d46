import type { IConnectPacket } from 'mqtt-packet';
import { parsePropertyBag, type MessageProperties } from '../messages/property-bag';
import { telemetryProperties, type TopicOwner } from '../messages/topics';

/** A last will, published as telemetry when the connection ends without DISCONNECT. */
export interface Will {
  readonly body: Buffer;
  readonly properties: MessageProperties;
}

/**
 * The will in a CONNECT packet, with the properties that IoT Hub gives it.
 *
 * @throws ProtocolViolation when its property bag is not URL-encoded.
 */
export function readWill({ will }: IConnectPacket, owner: TopicOwner): Will | undefined {
  if (will === undefined) return undefined;
  const { properties, systemProperties } = parsePropertyBag(telemetryProperties(will.topic, owner) ?? '');
  return {
    body: Buffer.from(will.payload),
    properties: {
      properties: {
        ...properties,
        ...(will.retain === true && { 'mqtt-retain': 'true' }),
        'iothub-MessageType': 'Will',
      },
      systemProperties,
    },
  };
}
