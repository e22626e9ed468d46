import { isObject } from 'azure-iot-certificates/internal';

/** A JSON object of the twin. */
export type JsonObject = Record<string, unknown>;

/** The JSON merge patch (RFC 7396) from one object to another, or `undefined` if the objects are the same. */
export function difference(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const old = new Map(Object.entries(before));
  const patch = new Map<string, unknown>();
  for (const [key, value] of Object.entries(after)) {
    const previous = old.get(key);
    old.delete(key);
    if (isObject(previous) && isObject(value)) {
      const inner = difference(previous, value);
      if (inner) patch.set(key, inner);
    } else if (JSON.stringify(previous) !== JSON.stringify(value)) {
      patch.set(key, value);
    }
  }
  for (const key of old.keys()) patch.set(key, null);
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

/** The result of a JSON merge patch (RFC 7396). Maps, because a key may be called `__proto__`. */
export function merged(target: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (isObject(value)) {
      const inner = result.get(key);
      result.set(key, merged(isObject(inner) ? inner : {}, value));
    } else result.set(key, value);
  }
  return Object.fromEntries(result);
}
