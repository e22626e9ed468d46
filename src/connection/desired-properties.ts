/** A JSON object of the twin. */
export type JsonObject = Record<string, unknown>;

/**
 * What the device knows of its desired properties, so that a change made while it was away can be told from what it
 * has heard already.
 */
export class DesiredProperties {
  #known: JsonObject | undefined;

  /** Takes over the whole section, as a twin that was read has it. */
  learn(document: JsonObject): void {
    this.#known = document;
  }

  /** Takes over a change. Answers whether it is news: the hub may repeat a change that a twin read has shown already. */
  apply(patch: JsonObject): boolean {
    const known = version(this.#known);
    const next = version(patch);
    if (known !== undefined && next !== undefined && next <= known) return false;
    if (this.#known) this.#known = merged(this.#known, patch);
    return true;
  }

  /**
   * Takes over the whole section as it was read after a reconnect, and answers with the change that leads there from
   * what was known: `undefined` when nothing changed or nothing was known.
   */
  catchUp(document: JsonObject): JsonObject | undefined {
    const before = this.#known;
    this.learn(document);
    if (!before) return undefined;
    // Contents decide, not versions: these start anew when the device has moved to another hub.
    const { $version: _before, ...old } = before;
    const { $version, ...now } = document;
    const change = difference(old, now);
    return change && { ...change, $version };
  }
}

function version(object: JsonObject | undefined): number | undefined {
  const value = object?.['$version'];
  return typeof value === 'number' ? value : undefined;
}

/** The JSON merge patch (RFC 7396) from one object to another, or `undefined` if they are the same. */
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
function merged(target: JsonObject, patch: JsonObject): JsonObject {
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

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
