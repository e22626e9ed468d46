import { invalidArgument } from '../../protocol/errors';

// DPS: letters, digits and - . _ : of which the last character must be a letter, a digit or a dash; at most 128.
const REGISTRATION_ID = /^(?=.{1,128}$)[A-Za-z0-9._:-]*[A-Za-z0-9-]$/;

/** The problem of a registration ID or enrollment group ID, or `undefined`. */
export function identifierProblem(value: string, parameter: string): string | undefined {
  if (REGISTRATION_ID.test(value)) return undefined;
  return `${parameter} must be 1 to 128 letters, digits or - . _ : and end with a letter, a digit or a dash`;
}

/** @throws EmulatorError 400004 */
export function checkIdentifier(value: string, parameter: string): void {
  const problem = identifierProblem(value, parameter);
  if (problem !== undefined) throw invalidArgument(problem);
}
