import { isObject } from 'azure-iot-certificates/internal';
import * as v from 'valibot';
import { isJsonObject, type JsonObject, type JsonValue } from '../protocol/json';
import { must, type Schema } from './problems';

/** The schemas of an object's members. */
type Entries = v.ObjectEntries;

/** The type of an object with these members. */
export type ObjectOf<Members extends Entries> = v.InferOutput<v.ObjectSchema<Members, undefined>>;

/** The message for a missing member. It is the same as for a wrong one. */
function missingMember(entries: Entries): (issue: v.BaseIssue<unknown>) => string {
  return (issue) => {
    const member = entries[String(issue.path?.at(-1)?.key)];
    // The schema of the member refuses `undefined`.
    const issues = member && v.safeParse(member, undefined).issues;
    return issues?.[0].message ?? must('must be an object');
  };
}

function plainObject(message: string): v.GenericSchema<unknown, Readonly<Record<string, unknown>>> {
  return v.custom<Readonly<Record<string, unknown>>>(isObject, message);
}

/** An object with these members. Other members are ignored. */
export function object<const Members extends Entries>(
  entries: Members,
  message = must('must be an object'),
): Schema<ObjectOf<Members>> {
  return v.pipe(plainObject(message), v.object(entries, missingMember(entries)));
}

/** An object with these members and no others. The problem of another member suggests a similar name. */
export function exactObject<const Members extends Entries>(
  entries: Members,
  message = must('must be an object'),
): Schema<ObjectOf<Members>> {
  const rest = v.undefined_(Object.keys(entries).join(', '));
  const schema = v.pipe(plainObject(message), v.objectWithRest(entries, rest, missingMember(entries)));
  // The rest adds no members: it is undefined.
  return schema;
}

/** Any JSON value that is present. */
export const json: Schema<JsonValue> = v.custom<JsonValue>(
  (value) => value !== undefined,
  must('must be a value'),
);

/** Any JSON object, unchanged. */
export const jsonObject: Schema<JsonObject> = v.custom<JsonObject>(
  (value) => isJsonObject(value as JsonValue | undefined),
  must('must be an object'),
);
