import { ProtocolViolation } from '../../devices/mqtt/violation';
import type { SystemProperties } from './types';

/** IoT Hub: the names that system properties have in a topic. */
const SYSTEM_NAMES: Readonly<Record<keyof SystemProperties, string>> = {
  messageId: '$.mid',
  correlationId: '$.cid',
  userId: '$.uid',
  to: '$.to',
  expiryTimeUtc: '$.exp',
  contentType: '$.ct',
  contentEncoding: '$.ce',
  creationTimeUtc: '$.ctime',
  componentName: '$.sub',
  interfaceId: '$.ifid',
  outputName: '$.on',
};

const SYSTEM_PROPERTIES = new Map(Object.entries(SYSTEM_NAMES).map(([property, name]) => [name, property]));

/** The application properties and the system properties of a message. */
export interface MessageProperties {
  readonly properties: Readonly<Record<string, string>>;
  readonly systemProperties: SystemProperties;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ProtocolViolation(`property bag is not URL-encoded: ${text}`);
  }
}

/**
 * Reads the property bag at the end of a topic: URL-encoded, `name=value` joined by `&`, with or without a `/` at the
 * end. Names are decoded before they are compared, because clients encode the `$` of system properties.
 */
export function parsePropertyBag(bag: string): MessageProperties {
  if (bag === '') return { properties: {}, systemProperties: {} };
  const entries = (bag.endsWith('/') ? bag.slice(0, -1) : bag)
    .split('&')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const separator = entry.includes('=') ? entry.indexOf('=') : entry.length;
      return [decode(entry.slice(0, separator)), decode(entry.slice(separator + 1))] as const;
    });
  return {
    properties: Object.fromEntries(entries.filter(([name]) => !SYSTEM_PROPERTIES.has(name))),
    systemProperties: Object.fromEntries(
      entries.flatMap(([name, value]) => {
        const property = SYSTEM_PROPERTIES.get(name);
        return property === undefined ? [] : [[property, value] as const];
      }),
    ),
  };
}

/** The properties of a message to a device. A property that is `null` has no value. */
export interface OutgoingProperties {
  readonly properties: Readonly<Record<string, string | null>>;
  readonly systemProperties: SystemProperties;
}

/** Writes a property bag, system properties first. */
export function formatPropertyBag({ properties, systemProperties }: OutgoingProperties): string {
  const system = Object.entries(SYSTEM_NAMES).map(([property, name]) => {
    // Object.entries loses the keys' type; the table has no others.
    const value = systemProperties[property as keyof SystemProperties];
    return value === undefined ? undefined : ([name, value] as const);
  });
  return [...system, ...Object.entries(properties)]
    .filter((entry) => entry !== undefined)
    .map(([name, value]) => {
      // IoT Hub: a property without a value is its name alone; an empty value is the name and an equals sign.
      const suffix = value === null ? '' : `=${encodeURIComponent(value)}`;
      return `${encodeURIComponent(name)}${suffix}`;
    })
    .join('&');
}
