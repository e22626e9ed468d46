import { types } from 'node:util';
import * as v from 'valibot';
import { must, type Schema } from './problems';

/* Schemas of single values. Each has one message, whatever is wrong with the value. */

/** A whole number of that range. */
export function wholeNumber(minimum: number, maximum: number, message?: string): Schema<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? String(minimum) : `${minimum} to ${maximum}`;
  const text = message ?? must(`must be a whole number from ${range}`);
  return v.pipe(
    v.number(text),
    v.check((value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum, text),
  );
}

/** A whole number from 0: a version, a count. */
export const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** A finite number of that range. */
export function number(minimum: number, maximum: number, message?: string): Schema<number> {
  const text = message ?? must(`must be a number from ${minimum} to ${maximum}`);
  return v.pipe(
    v.number(text),
    v.check((value) => Number.isFinite(value) && value >= minimum && value <= maximum, text),
  );
}

export const text: Schema<string> = v.string(must('must be a string'));

export const boolean: Schema<boolean> = v.boolean(must('must be true or false'));

/** A string that matches the expression. */
export function pattern(expression: RegExp, message: string): Schema<string> {
  return v.pipe(v.string(message), v.regex(expression, message));
}

/** One of a list of values. */
export function oneOf<const T extends string | number>(choices: readonly T[], message?: string): Schema<T> {
  const names = choices.map((choice) => JSON.stringify(choice)).join(', ');
  return v.picklist(choices, message ?? must(`must be one of ${names}`));
}

/** A list of items. */
export function listOf<T>(item: Schema<T>, message = must('must be a list')): Schema<readonly T[]> {
  return v.array(item, message);
}

/** A value that passes a check. The message of an error that the check throws becomes the message of the schema. */
export function refined<T, Output>(schema: Schema<T>, refine: (value: T) => Output): Schema<Output> {
  return v.pipe(
    schema,
    v.rawTransform<T, Output>(({ dataset, addIssue, NEVER }) => {
      try {
        return refine(dataset.value);
      } catch (error) {
        addIssue({
          message: must(`is refused: ${types.isNativeError(error) ? error.message : String(error)}`),
        });
        return NEVER;
      }
    }),
  );
}
