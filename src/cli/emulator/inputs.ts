import { readFile } from '../cert/show/read';
import { CommandError } from '../command-error';
import type { JsonObject } from 'azure-iot-emulator';
import { UsageError } from '../usage-error';

/**
 * The first certificate of a file (PEM, DER, or PKCS#12 without passphrase), as PEM: in a chain file, the leaf.
 *
 * @param argument what gives the path: the name of an argument or a flag
 * @throws CommandError
 */
export async function readCertificate(path: string, argument: string): Promise<string> {
  const { certificates, problems } = await readFile(path, () => Promise.resolve(undefined));
  const [first] = certificates;
  if (first !== undefined) return first.x509.toString();
  const [problem] = problems;
  throw new CommandError({
    code: 'CERTIFICATE_NOT_READABLE',
    message: `${argument} cannot be used. ${problem?.message ?? `There is no certificate in ${path}.`}`,
    remedy: problem?.remedy ?? 'Give a certificate in PEM or DER form.',
  });
}

/** The value of a JSON flag that must be an object. @throws UsageError */
export function objectOf(value: unknown, flag: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // What JSON.parse answers for an object.
    return value as JsonObject;
  }
  throw new UsageError(`${flag} must be a JSON object such as {"interval":5}.`);
}

/** `name=value` of a repeatable flag. @throws UsageError */
export function pairsOf(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const separator = text.indexOf('=');
      if (separator > 0) return [text.slice(0, separator), text.slice(separator + 1)] as const;
      throw new UsageError(`${flag} must be NAME=VALUE, not ${JSON.stringify(text)}.`);
    }),
  );
}
