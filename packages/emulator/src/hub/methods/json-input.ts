import { invalidArgument } from '../../protocol/errors';

/** The JSON text of a caller's value. @throws EmulatorError 400004 for what JSON cannot hold. */
export function jsonText(value: unknown, parameter: string): string {
  const text = stringify(value);
  if (text === undefined) throw invalidArgument(`${parameter} is not a value that JSON can hold`);
  return text;
}

function stringify(value: unknown): string | undefined {
  try {
    // Typed as if there were always a text; there is none for undefined and for functions.
    return JSON.stringify(value);
  } catch {
    // Thrown for BigInt and for what contains itself.
    return undefined;
  }
}
