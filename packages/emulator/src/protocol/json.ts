/** Any value that JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Tells whether the value is a JSON object, not a list and not `null`. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON value in the text, or `undefined` when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    // JSON.parse is typed `any`, and returns only JSON values.
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/**
 * A copy as plain JSON. Values that JSON cannot hold, such as functions, are left out. @throws TypeError for a cycle or
 * a bigint
 */
export function toJson(value: object): JsonObject {
  // An object, written and read again, is an object.
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/**
 * The largest depth of JSON that DPS accepts, because not every part of the emulator can handle more. Azure's limit is
 * not documented.
 */
export const MAX_LEVELS = 64;

/**
 * Tells whether objects and lists are nested more than that many levels deep. Works without recursion, so that no value
 * overflows the stack.
 */
export function isDeeperThan(value: JsonValue, levels: number): boolean {
  let level: readonly JsonValue[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}
