import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';

/** Reads one value of a stored file; `path` is where it is, such as `devices[3].status`, for the error. */
export type Read<T> = (value: JsonValue | undefined, path: string) => T;

/** A value of a stored file is missing or wrong. The file was edited by hand or damaged. */
export class StoredValueError extends Error {
  /** Where the value is in its file, such as `devices[3].status`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, such as `is not a string`. */
  readonly problem: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(path === '' ? `The content ${problem}` : `${path} ${problem}`, options);
    this.name = 'StoredValueError';
    this.path = path;
    this.problem = problem;
  }
}

/** Runs checks that know nothing of files: whatever they throw becomes the problem of the value at `path`. */
export function checkedAt<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof StoredValueError) throw error;
    const { message } = error as Error; // whatever checks a value throws errors
    throw new StoredValueError(path, `is refused: ${message}`, { cause: error });
  }
}

/** The path of a property: `path.name`, or `path["a.b"]` for a name that would read as several. */
export function propertyPath(path: string, name: string): string {
  if (!/^[\w$-]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

function mustBe(path: string, value: JsonValue | undefined, what: string): StoredValueError {
  return new StoredValueError(path, value === undefined ? `is missing (${what})` : `is not ${what}`);
}

/** Any JSON value but a missing one. */
export const readJson: Read<JsonValue> = (value, path) => {
  if (value === undefined) throw mustBe(path, value, 'a value');
  return value;
};

export const readObject: Read<JsonObject> = (value, path) => {
  if (!isJsonObject(value)) throw mustBe(path, value, 'an object');
  return value;
};

export const readString: Read<string> = (value, path) => {
  if (typeof value !== 'string') throw mustBe(path, value, 'a string');
  return value;
};

export const readBoolean: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw mustBe(path, value, 'true or false');
  return value;
};

export const readNumber: Read<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw mustBe(path, value, 'a number');
  return value;
};

/** A whole number from 0: a version, a count, a port. */
export const readCount: Read<number> = (value, path) => {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw mustBe(path, value, 'a whole number from 0');
  return Number(value);
};

/** A moment, written as ISO 8601 with a time zone. */
export const readDate: Read<Date> = (value, path) => {
  const what = 'a time such as 2030-01-31T12:00:00.000Z';
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(value)) {
    throw mustBe(path, value, what);
  }
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw mustBe(path, value, what);
  return date;
};

/** Bytes, written as Base64. */
export const readBytes: Read<Buffer> = (value, path) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0) {
    throw mustBe(path, value, 'Base64');
  }
  return Buffer.from(value, 'base64');
};

/** One of a few strings, typed as such. */
export function oneOf<const T extends string>(choices: readonly T[]): Read<T> {
  return (value, path) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) {
      throw mustBe(path, value, `one of ${choices.map((name) => JSON.stringify(name)).join(', ')}`);
    }
    return choice;
  };
}

/** What may be missing; `null` is not missing. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, path) => (value === undefined ? undefined : read(value, path));
}

/** A list whose items are read one by one. */
export function arrayOf<T>(read: Read<T>): Read<readonly T[]> {
  return (value, path) => readArray(value, path).map((item, index) => read(item, `${path}[${index}]`));
}

/** A list of anything. */
const readArray: Read<readonly JsonValue[]> = (value, path) => {
  if (!isJsonArray(value)) throw mustBe(path, value, 'a list');
  return value;
};

/** An object whose properties all hold the same sort of thing, by their names. */
export function recordOf<T>(read: Read<T>): Read<Readonly<Record<string, T>>> {
  return (value, path) =>
    // `fromEntries` makes properties of every name, `__proto__` included.
    Object.fromEntries(
      Object.entries(readObject(value, path)).map(([name, item]) => [
        name,
        read(item, propertyPath(path, name)),
      ]),
    );
}

/** Reads an object property by property: `const field = readFields(value, path); field('deviceId', readString)`. */
export function readFields(
  value: JsonValue | undefined,
  path: string,
): <T>(name: string, read: Read<T>) => T {
  const object = readObject(value, path);
  // Own properties only: `constructor` is not in the file because every object has one.
  return (name, read) =>
    read(Object.hasOwn(object, name) ? object[name] : undefined, propertyPath(path, name));
}

function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
