import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json';

/** IoT Hub: the limits of tags, desired and reported properties. */
const MAX_DEPTH = 10;
const MAX_STRING_BYTES = 4 * 1024;
const MAX_NAME_BYTES = 1024;
const MIN_INTEGER = -4503599627370496;
const MAX_INTEGER = 4503599627370495;
/** IoT Hub: the characters that names must not have: control characters (C0 and C1), dots, dollar signs and spaces. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN_IN_NAMES = /[\u0000-\u001f\u0080-\u009f.$ ]/;
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u0080-\u009f]/g;
/** IoT Hub: the sizes of values other than strings, in bytes. */
const NUMBER_BYTES = 8;
const BOOLEAN_BYTES = 4;
/**
 * The size of `null` and of empty values, which Azure does not document. Without it, a list of them would never be
 * full.
 */
const LEAST_BYTES = 1;

function checkName(name: string, path: string): void {
  if (FORBIDDEN_IN_NAMES.test(name)) {
    throw invalidArgument(`${path}.${name} has a forbidden character in its name`);
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw invalidArgument(`${path} has a name longer than ${MAX_NAME_BYTES} bytes`);
  }
}

function readNumber(value: number, path: string): number {
  if (!Number.isFinite(value)) throw invalidArgument(`${path} is not a number that JSON can hold`);
  // IoT Hub does not treat a number that JSON writes with an exponent as an integer.
  const isInteger = /^-?\d+$/.test(String(value));
  if (isInteger && (value < MIN_INTEGER || value > MAX_INTEGER)) {
    throw invalidArgument(`${path} is not an integer from ${MIN_INTEGER} to ${MAX_INTEGER}`);
  }
  return value;
}

function readString(value: string, path: string): string {
  if (Buffer.byteLength(value) <= MAX_STRING_BYTES) return value;
  throw invalidArgument(`${path} is longer than ${MAX_STRING_BYTES} bytes`);
}

function isPlainObject(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function readValue(value: unknown, path: string, depth: number): JsonValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return readNumber(value, path);
  if (typeof value === 'string') return readString(value, path);
  if (typeof value === 'object') {
    if (depth > MAX_DEPTH) throw invalidArgument(`${path} is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value))
      return value.map((item, index) => readValue(item, `${path}[${index}]`, depth + 1));
    if (isPlainObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, child]: [string, unknown]) => {
          checkName(name, path);
          return [name, readValue(child, `${path}.${name}`, depth + 1)];
        }),
      );
    }
  }
  throw invalidArgument(`${path} is not a value that JSON can hold`);
}

/**
 * A checked copy of properties, or of a patch for them, from a caller or a device.
 *
 * @throws EmulatorError 400004 for anything but an object, and for what a twin cannot hold.
 */
export function readProperties(properties: unknown, path: string): JsonObject {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw invalidArgument(`${path} is not an object`);
  }
  // Clients may send the twin's `$version` and `$metadata` back.
  const { $version, $metadata, ...rest } = properties as Readonly<Record<string, unknown>>;
  const value = readValue(rest, path, 0);
  if (isJsonObject(value)) return value;
  throw invalidArgument(`${path} is not an object`);
}

/** Merges a patch: objects property by property; `null` deletes; any other value replaces. */
export function mergeProperties(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue>(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    const current = merged.get(name);
    if (value === null) merged.delete(name);
    else if (isJsonObject(value))
      merged.set(name, mergeProperties(isJsonObject(current) ? current : {}, value));
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/**
 * IoT Hub: names and strings count by their length in UTF-8 without control characters, numbers 8, booleans 4 bytes.
 */
function sizeOf(value: JsonValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value.replaceAll(CONTROL_CHARACTERS, ''));
  if (typeof value === 'number') return NUMBER_BYTES;
  if (typeof value === 'boolean') return BOOLEAN_BYTES;
  if (value === null) return LEAST_BYTES;
  return Object.entries(value).reduce(
    (sum, [name, child]: [string, JsonValue]) =>
      sum + (Array.isArray(value) ? 0 : sizeOf(name)) + Math.max(LEAST_BYTES, sizeOf(child)),
    0,
  );
}

/** @throws EmulatorError 413001 */
export function checkSize(properties: JsonObject, maxBytes: number, path: string): void {
  if (sizeOf(properties) <= maxBytes) return;
  throw new EmulatorError(SERVICE_ERROR.messageTooLarge, `${path} exceed ${maxBytes} bytes`);
}
