import { checkCredentials, type CredentialsOptions } from 'azure-iot-certificates';
import { textInFlagTerms } from '../flag-terms';
import type { Output } from '../output/output';
import { printable } from '../output/printable';

/** Tells what is questionable about the credentials; what is wrong with them is for whoever uses them to refuse. */
export async function warnAboutCredentials(options: CredentialsOptions, output: Output): Promise<void> {
  const { findings } = await checkCredentials(options);
  for (const { severity, message, remedy } of findings) {
    if (severity !== 'warning') continue;
    output.warn(printable(textInFlagTerms(message)));
    output.note(`What to do: ${printable(textInFlagTerms(remedy))}`);
  }
}
