import * as v from 'valibot';
import { examine, must, type Schema } from '../schemas/problems';
import { refined } from '../schemas/values';

/** The error for a value of a stored file that is missing or wrong. The file was edited by hand or damaged. */
export class StoredValueError extends Error {
  /** The place of the value in its file, such as `devices[3].status`; empty for the file as a whole. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === '' ? `The content ${problem}` : `${path} ${problem}`);
    this.name = 'StoredValueError';
    this.path = path;
  }
}

/** Reads a value of a stored file. `path` is its place. @throws StoredValueError for the first problem */
export function readStored<Output>(schema: Schema<Output>, value: unknown, path = ''): Output {
  const result = examine(schema, value, path);
  if ('output' in result) return result.output;
  const [{ path: place, message, isMissing }] = result.problems;
  throw new StoredValueError(place, isMissing ? `is missing: it ${message}` : message);
}

const MOMENT = must('must be a time such as 2030-01-31T12:00:00.000Z');

/** A moment as ISO 8601 with a time zone, unchanged. */
export const timestamp: Schema<string> = v.pipe(
  v.string(MOMENT),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/, MOMENT),
  v.check((value) => !Number.isNaN(Date.parse(value)), MOMENT),
);

/** A moment as ISO 8601 with a time zone. */
export const date: Schema<Date> = refined(timestamp, (value) => new Date(value));

const BASE64 = must('must be Base64');

/** Bytes as Base64. */
export const bytes: Schema<Buffer> = v.pipe(
  v.string(BASE64),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, BASE64),
  v.check((value) => value.length % 4 === 0, BASE64),
  v.transform((value) => Buffer.from(value, 'base64')),
);

/** A list in which no item has the ID of another. */
export function uniqueList<T>(item: Schema<T>, idOf: (item: T) => string): Schema<readonly T[]> {
  return v.pipe(
    v.array(item, must('must be a list')),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const ids = dataset.value.map(idOf);
      const repeated = ids.findIndex((id, index) => ids.indexOf(id) !== index);
      if (repeated < 0) return;
      addIssue({
        message: must(`has the ID of another one: ${ids[repeated] ?? ''}`),
        path: [{ type: 'array', origin: 'value', input: dataset.value, key: repeated, value: ids[repeated] }],
      });
    }),
  );
}
