import { join } from 'node:path';
import { writeCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { factsOf, shellWord } from 'azure-iot-certificates/internal';
import { abortable } from '../../network/deadline';
import { explaining } from '../flag-terms';
import type { Io } from '../io';
import type { Output } from '../output/output';
import { alignColumns } from '../output/text';
import { UsageError } from '../usage-error';
import { describeCertificate } from './describe';
import { CERTIFICATE_TERMS } from './flags';

/** A file that was written, and what for. */
interface MadeFile {
  readonly path: string;
  readonly purpose: string;
}

/** What to do next: a sentence, or a command line that can be copied. */
export type NextStep = { readonly say: string } | { readonly run: readonly string[] };

/** What was made. */
interface Made {
  readonly certificate: IssuedCertificate;
  /** What to call it. Default: what it is as far as it says so itself. */
  readonly kind?: string;
  /** For `--json`: which file is which. */
  readonly files: Readonly<Record<string, string>>;
  readonly listed: readonly MadeFile[];
  readonly next: readonly NextStep[];
}

/** What every making command needs. */
interface Making {
  readonly io: Io;
  readonly output: Output;
}

/** Makes a certificate, unless interrupted; what is wrong with its options is said in terms of flags. */
export async function make(
  { io, output }: Making,
  create: () => Promise<IssuedCertificate>,
): Promise<IssuedCertificate> {
  const certificate = await output.during('Making the key and the certificate', () =>
    abortable(explaining(CERTIFICATE_TERMS, create), io.signal),
  );
  io.signal.throwIfAborted();
  return certificate;
}

/** Where a certificate and its key go. */
interface Target {
  readonly directory: string;
  readonly name: string;
  readonly passphrase: string | undefined;
  readonly overwrite: boolean;
}

/** Writes certificate, chain and key; all or none. */
export async function write(certificate: IssuedCertificate, target: Target) {
  const { passphrase, ...options } = target;
  return await explaining(CERTIFICATE_TERMS, () =>
    writeCertificate(certificate, { ...options, ...(passphrase !== undefined && { passphrase }) }),
  );
}

/** A file name made of a name that people read: `Contoso Line 1` is `contoso-line-1`. */
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

/** Tells what was made, which file is for what, and what to do next. */
export function report({ io, output }: Making, { certificate, files, listed, next, ...made }: Made): void {
  const description = describeCertificate(factsOf(certificate.x509), io.now());
  const { kind = description.kind } = made;
  output.result({
    json: { ...description, files },
    text: ({ bold, dim }) => [
      `Made ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}: ${bold(description.subject)}, valid until ${description.notAfter}, ${description.key}.`,
      dim(`SHA-256 thumbprint ${description.thumbprint.sha256}`),
      '',
      ...alignColumns(listed.map(({ path, purpose }) => [`  ${path}`, purpose])),
      '',
      bold('Next'),
      ...next.map((step) => ('say' in step ? `- ${step.say}` : `    ${step.run.map(shellWord).join(' ')}`)),
    ],
  });
}
