import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import { isJsonObject, type JsonObject, type JsonValue } from '../json';

/** IoT Hub: desired and reported properties, each. */
const MAX_BYTES = 32 * 1024;
const MAX_DEPTH = 10;
const MAX_STRING_BYTES = 4 * 1024;

/** Merges as the twin does: objects property by property, `null` deletes, anything else replaces. */
function mergeProperties(target: JsonObject, patch: JsonObject): JsonObject {
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

/** @throws EmulatorError 400004 */
function checkValue(value: JsonValue, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw invalidArgument(`${path} is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'string' && Buffer.byteLength(value) > MAX_STRING_BYTES) {
    throw invalidArgument(`${path} is longer than ${MAX_STRING_BYTES} bytes`);
  }
  if (!isJsonObject(value)) return;
  for (const [name, child] of Object.entries(value)) {
    // IoT Hub: no control characters, dots, dollar signs or spaces in names.
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    if (/[\u0000-\u001f.$ ]/.test(name))
      throw invalidArgument(`${path}.${name} has a forbidden character in its name`);
    checkValue(child, `${path}.${name}`, depth + 1);
  }
}

/** One half of a twin: properties, and a version that counts their changes. */
export class PropertyCollection {
  #properties: JsonObject = {};
  #version = 1;

  get version(): number {
    return this.#version;
  }

  /** The properties alone. */
  get properties(): JsonObject {
    return this.#properties;
  }

  /** The properties with `$version`. */
  toJSON(): JsonObject {
    return { ...this.#properties, $version: this.#version };
  }

  /**
   * Merges a patch.
   *
   * @throws EmulatorError 400004 for names, depths and strings that a twin cannot hold, 413001 when it grows too large.
   */
  patch(patch: JsonObject): void {
    // Clients may repeat the version that they know; it is not a property.
    const { $version: _, ...properties } = patch;
    checkValue(properties, 'properties', 0);
    const merged = mergeProperties(this.#properties, properties);
    if (Buffer.byteLength(JSON.stringify(merged)) > MAX_BYTES) {
      throw new EmulatorError(SERVICE_ERROR.messageTooLarge, `The properties exceed ${MAX_BYTES} bytes`);
    }
    this.#properties = merged;
    this.#version++;
  }
}
