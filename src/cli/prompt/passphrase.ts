import { readFile, stat } from 'node:fs/promises';
import { decodeText } from 'azure-iot-certificates/internal';
import type { Io } from '../io';
import { UsageError } from '../usage-error';

/** The largest passphrase file, in bytes. OpenSSL cannot use a longer passphrase. */
const MAX_FILE_BYTES = 4096;

/** The source of a passphrase: at most one of the two. */
export interface PassphraseSource {
  /** Name of the environment variable that holds it. */
  readonly variable?: string | undefined;
  /** Path of the file whose only line is the passphrase. */
  readonly file?: string | undefined;
}

/** The names of the two sources in messages: flags, or fields of a profile. */
interface PassphraseSourceNames {
  readonly variable: string;
  readonly file: string;
}

/**
 * Reads a passphrase; `undefined` when the source names none.
 *
 * @throws UsageError when the variable is not set, the file cannot be read, or both are given
 */
export async function readPassphrase(
  { variable, file }: PassphraseSource,
  { env }: Pick<Io, 'env'>,
  names: PassphraseSourceNames = { variable: '--passphrase-env', file: '--passphrase-file' },
): Promise<string | undefined> {
  if (variable !== undefined && file !== undefined)
    throw new UsageError(`${names.variable} and ${names.file} are both given; give one of the two.`);
  if (variable !== undefined) {
    const passphrase = env[variable] ?? '';
    if (passphrase !== '') return passphrase;
    // Text that is no name of a variable may be the passphrase itself.
    const subject = /^[A-Z][A-Z0-9_]*$/.test(variable) ? variable : 'what it was given';
    throw new UsageError(
      `${names.variable} takes the name of an environment variable that holds the passphrase, but ${subject} is not set.`,
    );
  }
  return file === undefined ? undefined : await fromFile(file, names.file);
}

async function fromFile(file: string, name: string): Promise<string> {
  let text: string;
  try {
    if ((await stat(file)).size > MAX_FILE_BYTES)
      throw new UsageError(`${name} must name a file with nothing but the passphrase; ${file} is too long.`);
    ({ text } = decodeText(await readFile(file)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${name} names a file that cannot be read: ${file} (${code}).`);
  }
  // Editors and echo end the line; other white space may be part of the passphrase.
  const passphrase = text.replace(/(?:\r?\n|\r)$/, '');
  if (passphrase === '') throw new UsageError(`${name} names an empty file: ${file}.`);
  if (/[\r\n]/.test(passphrase))
    throw new UsageError(`${name} must name a file of one line, the passphrase; ${file} has several.`);
  return passphrase;
}
