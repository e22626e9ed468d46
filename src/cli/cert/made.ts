import { join } from 'node:path';
import { writeCertificate, type IssuedCertificate, type WrittenCertificate } from 'azure-iot-certificates';
import { factsOf, printable, shellWord } from 'azure-iot-certificates/internal';
import { abortable } from '../../network/deadline';
import type { Invocation } from '../command';
import { explaining } from '../flag-terms';
import { alignColumns } from '../output/text';
import { UsageError } from '../usage-error';
import { describeCertificate } from './describe';
import { CERTIFICATE_TERMS } from './flags';

/** A file that was written, and its purpose. */
interface MadeFile {
  readonly path: string;
  readonly purpose: string;
}

/** The next thing to do: a sentence, or a command line that can be copied. */
export type NextStep = { readonly say: string } | { readonly run: readonly string[] };

/** A new certificate, for the report. */
interface Made {
  readonly certificate: IssuedCertificate;
  /** The kind of certificate. Default: the kind that its content shows. */
  readonly kind?: string;
  /** The files by their roles, for `--json`. */
  readonly files: Readonly<Record<string, string>>;
  readonly listed: readonly MadeFile[];
  readonly next: readonly NextStep[];
}

type Making = Pick<Invocation, 'io' | 'output'>;

/** Makes a certificate, unless interrupted. Errors in its options are in terms of flags. */
export async function make(
  { io, output }: Making,
  create: () => Promise<IssuedCertificate>,
): Promise<IssuedCertificate> {
  output.progress('Making the key and the certificate');
  const certificate = await abortable(explaining(CERTIFICATE_TERMS, create), io.signal);
  io.signal.throwIfAborted();
  return certificate;
}

/** The purpose of a CA's key among the files that were made. */
export const SIGNING_KEY = 'private key: signs certificates; keep it secret and away from devices';

/** The files that a certificate and its key are written to. */
interface Target {
  readonly out: string;
  readonly name: string;
  readonly force: boolean;
  readonly passphrase: string | undefined;
}

/** Writes certificate, chain and key; all or none. */
export async function write(
  certificate: IssuedCertificate,
  { out, name, force, passphrase }: Target,
): Promise<WrittenCertificate> {
  const options = { directory: out, name, overwrite: force, ...(passphrase !== undefined && { passphrase }) };
  return await explaining(CERTIFICATE_TERMS, () => writeCertificate(certificate, options));
}

/** A file name made from a display name: `Contoso Line 1` is `contoso-line-1`. */
export function fileName(commonName: string): string {
  return commonName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|-+$/g, '');
}

/**
 * A path in the output directory.
 *
 * @throws UsageError when the name would lead out of it
 */
export function inDirectory(directory: string, name: string): string {
  if (/[/\\\0]/.test(name)) throw new UsageError('--name must be a file name without a path.');
  return join(directory, name);
}

/** Prints the certificate, the purpose of each file, and the next steps. */
export function report({ io, output }: Making, { certificate, files, listed, next, ...made }: Made): void {
  const description = describeCertificate(factsOf(certificate.x509), io.now());
  const { kind = description.kind } = made;
  output.result({
    json: { ...description, files },
    text: ({ bold, dim }) => [
      `Made ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}: ${bold(description.subject)}, valid until ${description.notAfter}, ${description.key}.`,
      dim(`SHA-256 thumbprint ${description.thumbprint.sha256}`),
      '',
      ...alignColumns(listed.map(({ path, purpose }) => [`  ${printable(path)}`, purpose])),
      '',
      bold('Next'),
      ...next.map((step) => ('say' in step ? `- ${step.say}` : `    ${step.run.map(shellWord).join(' ')}`)),
    ],
  });
}
