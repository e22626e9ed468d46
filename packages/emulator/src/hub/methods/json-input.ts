import { invalidArgument } from '../../protocol/errors';

/** The JSON text of a caller's value. @throws EmulatorError 400004 for a value that JSON cannot hold. */
export function jsonText(value: unknown, parameter: string): string {
  const text = stringify(value);
  if (text === undefined) throw invalidArgument(`${parameter} is not a value that JSON can hold`);
  return text;
}

function stringify(value: unknown): string | undefined {
  try {
    // JSON.stringify returns undefined for undefined and for functions, which its type leaves out.
    return JSON.stringify(value);
  } catch {
    // JSON.stringify throws for a BigInt and for a value that contains itself.
    return undefined;
  }
}
