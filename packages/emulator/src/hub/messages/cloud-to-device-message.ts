import { randomUUID } from 'node:crypto';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { MAX_TIME_TO_LIVE_SECONDS } from './cloud-to-device-settings';
import { formatPropertyBag } from './property-bag';
import type { Acknowledgement, CloudToDeviceMessage, SystemProperties } from './types';

/** IoT Hub: the largest message to a device, in bytes. */
const MAX_BYTES = 64 * 1024;
/** The longest string in a packet (MQTT 3.1.1, 1.5.3). */
const MAX_TOPIC_BYTES = 0xffff;
/** IoT Hub: the application property by which a service requests feedback. */
const ACK_PROPERTY = 'iothub-ack';

export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = ['none', 'positive', 'negative', 'full'];

/** A message to a device in the queue. */
export interface QueuedMessage {
  readonly messageId: string;
  /** The properties in their form for the topic. */
  readonly propertyBag: string;
  readonly body: Buffer;
  readonly ack: Acknowledgement;
  readonly enqueuedTime: Date;
  readonly expiry: Date;
  /** The number of earlier deliveries. */
  readonly deliveryCount: number;
}

/** @throws EmulatorError 400004 */
function readExpiry({ expiry }: CloudToDeviceMessage, now: Date, defaultSeconds: number): Date {
  if (expiry === undefined) return new Date(now.getTime() + defaultSeconds * 1000);
  const timeToLiveMs = expiry.getTime() - now.getTime();
  if (timeToLiveMs > 0 && timeToLiveMs <= MAX_TIME_TO_LIVE_SECONDS * 1000) return expiry;
  throw invalidArgument('expiry must lie in the future, and within two days');
}

/** @throws EmulatorError 400004 */
function readAck({ ack, properties }: CloudToDeviceMessage): Acknowledgement | undefined {
  const given: string | null | undefined = ack ?? properties?.[ACK_PROPERTY];
  if (given === undefined) return undefined;
  const known = ACKNOWLEDGEMENTS.find((candidate) => candidate === given);
  if (known !== undefined) return known;
  throw invalidArgument(`ack must be ${ACKNOWLEDGEMENTS.join(', ')}`);
}

function systemProperties(
  message: CloudToDeviceMessage,
  deviceId: string,
  messageId: string,
): SystemProperties {
  const { correlationId, userId, contentType, contentEncoding, expiry } = message;
  return {
    messageId,
    to: `/devices/${deviceId}/messages/deviceBound`,
    ...(correlationId !== undefined && { correlationId }),
    ...(userId !== undefined && { userId }),
    ...(contentType !== undefined && { contentType }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(expiry !== undefined && { expiryTimeUtc: expiry.toISOString() }),
  };
}

/** @throws EmulatorError 400004 for text that has no form in UTF-8. */
function writePropertyBag(properties: Parameters<typeof formatPropertyBag>[0]): string {
  try {
    return formatPropertyBag(properties);
  } catch {
    throw invalidArgument('a property holds half of a surrogate pair');
  }
}

/** @throws EmulatorError 400004, 413001 */
export function createQueuedMessage(
  deviceId: string,
  message: CloudToDeviceMessage,
  defaultTimeToLiveSeconds: number,
): QueuedMessage {
  const enqueuedTime = new Date();
  const { messageId = randomUUID(), body, properties = {} } = message;
  const expiry = readExpiry(message, enqueuedTime, defaultTimeToLiveSeconds);
  const ack = readAck(message);
  const propertyBag = writePropertyBag({
    properties: { ...properties, ...(ack !== undefined && { [ACK_PROPERTY]: ack }) },
    systemProperties: systemProperties(message, deviceId, messageId),
  });
  const content = Buffer.from(body);
  const topicBytes =
    Buffer.byteLength(`devices/${encodeURIComponent(deviceId)}/messages/devicebound/`) + propertyBag.length;
  if (content.length + propertyBag.length > MAX_BYTES || topicBytes > MAX_TOPIC_BYTES) {
    throw new EmulatorError(SERVICE_ERROR.messageTooLarge, `The message exceeds ${MAX_BYTES} bytes`);
  }
  return {
    messageId,
    propertyBag,
    body: content,
    ack: ack ?? 'none',
    enqueuedTime,
    expiry,
    deliveryCount: 0,
  };
}
