import { invalidArgument } from '../../protocol/errors';

// IoT Hub: letters, digits and these characters of ASCII, at most 128.
const ID = /^[A-Za-z0-9\-.%_*?!(),:=@$'+#]{1,128}$/;
const MAX_REASON_CHARACTERS = 128;

/** @throws EmulatorError 400004 unless it can be the ID of a device or module. */
export function checkHubIdentifier(value: string, parameter: string): string {
  if (ID.test(value)) return value;
  throw invalidArgument(`${parameter} must be 1 to 128 letters, digits or - . % _ * ? ! ( ) , : = @ $ ' + #`);
}

/** @throws EmulatorError 400004 */
export function checkStatusReason(reason: string): string {
  if (reason.length <= MAX_REASON_CHARACTERS) return reason;
  throw invalidArgument(`statusReason is longer than ${MAX_REASON_CHARACTERS} characters`);
}
