import type { JsonObject, JsonValue } from 'azure-iot-emulator';
import type { Dice } from './dice';

const KEYS = Array.from({ length: 5 }, (_, index) => `key${index + 1}`);

const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets or deletes one of the keys. */
export function randomEntry(dice: Dice): JsonObject {
  const key = `key${dice.between(1, KEYS.length)}`;
  return { [key]: dice.next() < 0.25 ? null : dice.between(1, 1_000_000) };
}

/** A patch that makes any section into this one, with `null` for every key that is not there. */
export function completePatch(section: JsonObject): JsonObject {
  const { group } = section;
  return { ...allKeys(section), group: allKeys(isJsonObject(group) ? group : {}) };
}

function allKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(KEYS.map((key) => [key, object[key] ?? null]));
}

/** Merges as the twin does; not with the emulator's own code, which is under test. */
export function merge(target: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else if (isJsonObject(value)) {
      const inner = result.get(name);
      result.set(name, merge(isJsonObject(inner) ? inner : {}, value));
    } else result.set(name, value);
  }
  return Object.fromEntries(result);
}

/** The section without what counts its changes, and without empty objects: a merge patch cannot tell them from none. */
export function contents({ $version: _version, $metadata: _metadata, ...rest }: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => !isJsonObject(value) || Object.keys(value).length > 0),
  );
}
