import { inspect } from 'node:util';
import { DeviceError, type ServiceName } from 'azure-iot-certificates';
import { printable, printableLines } from 'azure-iot-certificates/internal';
import { CommandError } from './command-error';
import { EXIT } from './exit-codes';
import { inFlagTerms } from './flag-terms';
import type { Output } from './output/output';

const SERVICES: Readonly<Record<ServiceName, string>> = { dps: 'DPS', hub: 'IoT Hub' };

/**
 * Prints an error and its remedy on stderr; with `--json` also as JSON on stdout.
 *
 * @returns the exit code
 */
export function reportFailure(error: unknown, output: Output, isDebug: boolean): number {
  const failure = error instanceof DeviceError ? inFlagTerms(error) : error;
  const { red, bold } = output.noteStyle;
  output.note(`${red(bold('error:'))} ${messageOf(failure)}`);
  if (failure instanceof CommandError) {
    output.note(`What to do: ${printableLines(failure.remedy)}`);
    const reference = referenceOf(failure);
    if (reference !== undefined) output.note(reference);
  } else {
    output.note('What to do: try again with --debug, which shows where the error comes from.');
  }
  if (isDebug) output.note(inspect(error));
  output.failure(jsonOf(failure));
  const isUsage = failure instanceof CommandError && failure.code === 'INVALID_OPTIONS';
  return isUsage ? EXIT.usage : EXIT.failed;
}

/** The details for a support request. */
function referenceOf({ service, serviceCode, trackingId }: CommandError): string | undefined {
  const parts = [
    ...(service !== undefined && serviceCode !== undefined
      ? [`${SERVICES[service]} code ${serviceCode}`]
      : []),
    ...(trackingId !== undefined ? [`tracking ID ${printable(trackingId)}`] : []),
  ];
  return parts.length === 0 ? undefined : `Reference: ${parts.join(', ')}`;
}

/** The JSON of an error in terms of flags. */
export function jsonOf(failure: unknown): object {
  if (!(failure instanceof CommandError)) return { code: 'UNEXPECTED', message: messageOf(failure) };
  const { code, message, remedy, service, serviceCode, trackingId, isTransient } = failure;
  return { code, message, remedy, isTransient, service, serviceCode, trackingId };
}

function messageOf(error: unknown): string {
  // Not instanceof: errors of node come from another realm in vm contexts.
  const { message } = Object(error) as { message?: unknown };
  return printableLines(typeof message === 'string' && message !== '' ? message : String(error));
}
