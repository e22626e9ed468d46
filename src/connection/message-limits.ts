import { types } from 'node:util';
import { InvalidOptionsError, isObject } from 'azure-iot-certificates/internal';
import type { Message } from 'azure-iot-device';

/**
 * IoT Hub: the largest device-to-cloud message, its properties included. The hub closes the connection on a larger one.
 */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** MQTT 3.1.1, section 1.5.3: strings have a 16-bit length. */
const MAX_TOPIC_BYTES = 65_535;
/** The length of the topic without the properties: `devices/<128 characters>/messages/events/`. */
const TOPIC_RESERVE = 200;

/**
 * The size of a message in bytes, its properties included.
 *
 * @throws {@link InvalidOptionsError} for a message that the hub would close every connection for
 */
export function sizeOf(message: Message): number {
  const data: unknown = isObject(message) ? message.data : undefined;
  if (typeof data !== 'string' && !types.isUint8Array(data)) {
    throw invalid('has no body of type string or Buffer.', 'Give the Message a string or a Buffer.');
  }
  const properties = propertyBytes(message);
  if (properties === undefined) {
    throw invalid('has a property that is not well-formed Unicode.', 'Encode binary values, e.g. as Base64.');
  }
  if (properties > MAX_TOPIC_BYTES - TOPIC_RESERVE) {
    throw invalid('has properties of more than 64 KB.', 'Move large values into the body.');
  }
  const bytes = (typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength) + properties;
  if (bytes > MAX_MESSAGE_BYTES) {
    throw invalid('is larger than 256 KB.', 'Split it, or upload it as a file with uploadToBlob().');
  }
  return bytes;
}

const SYSTEM_PROPERTIES = [
  'messageId',
  'correlationId',
  'userId',
  'to',
  'contentType',
  'contentEncoding',
  'interfaceId',
] as const;
/** An upper bound for the key, `=` and `&` of a system property. */
const SYSTEM_PROPERTY_BYTES = 12;

/** The length of the properties in the topic; `undefined` if they cannot be encoded. */
function propertyBytes(message: Message): number | undefined {
  try {
    let bytes = 0;
    // The SDK's type keeps one of these members private. The type of each value is checked before it is used.
    const fields = message as unknown as Readonly<Record<string, unknown>>;
    for (const name of SYSTEM_PROPERTIES) {
      const value = fields[name];
      if (typeof value === 'string' && value !== '') {
        bytes += encodeURIComponent(value).length + SYSTEM_PROPERTY_BYTES;
      }
    }
    const { propertyList } = message.properties;
    for (const { key, value } of propertyList as readonly { key: string; value: string }[]) {
      bytes += encodeURIComponent(key).length + encodeURIComponent(value).length + 2;
    }
    return bytes;
  } catch {
    // URIError: half of a surrogate pair.
    return undefined;
  }
}

function invalid(message: string, remedy: string): InvalidOptionsError {
  return new InvalidOptionsError([{ option: 'message', message, remedy }]);
}
