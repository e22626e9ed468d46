/** A JSON object of the twin. */
export type JsonObject = Record<string, unknown>;

/**
 * What the device knows of its desired properties, so that a change made while nobody listened can be told from what
 * has been heard already.
 */
export class DesiredProperties {
  #known: JsonObject | undefined;
  /** The highest version heard since the present connection began, where versions may have started anew. */
  #heard: number | undefined;
  /** Whether the whole section was read on the present connection, so that versions can be compared. */
  #isCurrent = false;

  /** Whether there is anything to catch up from. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** Another connection begins, perhaps to another hub. */
  begin(): void {
    this.#heard = undefined;
    this.#isCurrent = false;
  }

  /** Takes over the whole section, as a twin that was read has it. */
  learn(document: JsonObject): void {
    this.#known = document;
    this.#isCurrent = true;
  }

  /** Takes over a change. Answers whether it is news: the hub may repeat one that a twin read has shown already. */
  apply(patch: JsonObject): boolean {
    const known = version(this.#known);
    const next = version(patch);
    if (this.#isCurrent && known !== undefined && next !== undefined && next <= known) return false;
    this.#heard = next ?? this.#heard;
    if (this.#known) this.#known = merged(this.#known, patch);
    return true;
  }

  /** Whether a section that was read is older than a change heard since; then it must be read again. */
  isStale(document: JsonObject): boolean {
    return this.#heard !== undefined && (version(document) ?? 0) < this.#heard;
  }

  /**
   * Takes over the whole section as it was read, and answers with the change that leads there from what was known:
   * `undefined` when nothing changed or nothing was known. Contents decide, not versions.
   */
  catchUp(document: JsonObject): JsonObject | undefined {
    const before = this.#known;
    this.learn(document);
    if (!before) return undefined;
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
function difference(before: JsonObject, after: JsonObject): JsonObject | undefined {
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
