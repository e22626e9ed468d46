import { checkCredentials, type CredentialsOptions } from 'azure-iot-certificates';
import { printable } from 'azure-iot-certificates/internal';
import { textInFlagTerms } from '../flag-terms';
import type { Output } from '../output/output';

/** Prints the warnings of the check of the credentials. Errors are left to the call that uses the credentials. */
export async function warnAboutCredentials(options: CredentialsOptions, output: Output): Promise<void> {
  const { findings } = await checkCredentials(options);
  for (const { severity, message, remedy } of findings) {
    if (severity !== 'warning') continue;
    output.warn(printable(textInFlagTerms(message)));
    output.note(`What to do: ${printable(textInFlagTerms(remedy))}`);
  }
}
