import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { count, quote, shellWord } from '../text';
import type { ReadingFinding } from './problem';

/** The options that hold or name certificates and keys. */
type SourceOption = 'cert' | 'certFile' | 'key' | 'keyFile' | 'chain' | 'chainFile';

/** The option or file that bytes come from, in the words of messages and remedies. Never holds the bytes. */
export interface Origin {
  readonly option: SourceOption;
  /** The path as given, of file options. */
  readonly path: string | undefined;
  /** The start of a sentence: `The file "device.crt" (certFile)` or `Option cert`. */
  readonly subject: string;
  /** The same in mid-sentence. */
  readonly label: string;
  /** The path as a word of a shell command, or a file name that stands for it. */
  readonly word: string;
}

const PLACEHOLDERS = { cert: 'CERTIFICATE-FILE', key: 'KEY-FILE', chain: 'CHAIN-FILE' } as const;

/** Recognizes PEM or Base64 in the place of a path. It may be the private key and must not be repeated. */
export function looksLikeContent(path: string): boolean {
  return path.includes('-----') || path.includes('\n') || /^(?:M[A-Z]|LS0t)[\w+/=-]{40}/.test(path);
}

/** The origin of an option's value. */
export function originOf(option: SourceOption, path?: string): Origin {
  const placeholder = PLACEHOLDERS[option.replace('File', '') as keyof typeof PLACEHOLDERS];
  if (path === undefined || looksLikeContent(path)) {
    const label = `option ${option}`;
    return { option, path, subject: `Option ${option}`, label, word: placeholder };
  }
  const label = `the file ${quote(path)} (${option})`;
  return { option, path, subject: `T${label.slice(1)}`, label, word: shellWord(path) };
}

/** The directory of an option's file, ending with a slash or empty, and the name of the file without extension. */
export function besides(
  { path }: Pick<Origin, 'path'>,
  name: string,
): { readonly directory: string; readonly stem: string } {
  const [, directory = '', file = ''] =
    path === undefined || looksLikeContent(path) ? [] : (/^(.*[/\\])?([^/\\]*)$/s.exec(path) ?? []);
  const stem = file.replace(/(?:-chain)?(?:\.[^.]{1,8})?$/, '');
  return { directory, stem: stem === '' ? name.replaceAll(':', '-') : stem };
}

/** The name of a new file beside an option's file, as a word of a shell command. */
export function newFile(origin: Origin, extension: string): string {
  const { directory, stem } = besides(origin, origin.option.replace('File', ''));
  return shellWord(`${directory}${stem}-new${extension}`);
}

/** The remedy for private keys that cannot leave the hardware they are in. */
export const HARDWARE_REMEDY =
  'The key must be readable as a file here, and a key in hardware cannot be taken out. Make another key, in a file, with a certificate for it: azure-iot-x509 cert device --help';

/** The first characters of URIs that name a private key and hold none. */
const KEY_URI =
  /^(?:pkcs11|tpmkey|tpm2?|handle|engine|org\.openssl\.engine|awskms|azurekms|gcpkms|yubikey):/i;

/** The words for a URI that names a private key in hardware. `undefined` for other text. */
export function describeKeyUri(text: string): string | undefined {
  const [scheme] = KEY_URI.exec(text.trimStart()) ?? [];
  if (scheme === undefined) return undefined;
  const what = /^pkcs11/i.test(scheme) ? 'a PKCS#11 URI' : `a URI (${scheme})`;
  return `${what}, which names a private key in a hardware security module, token or TPM`;
}

/** The longest content that is read. Certificates and keys have a few kilobytes. */
const MAX_SOURCE_BYTES = 1024 * 1024;

/** The size of the first read, in bytes. Most certificates and keys are smaller. */
const MIN_BUFFER_BYTES = 4 * 1024;

/** The bytes of one option. */
interface SourceBytes {
  /** Absent if there are findings. */
  readonly bytes: Buffer | undefined;
  /** Permission bits of the file, on POSIX systems. */
  readonly mode: number | undefined;
  readonly findings: readonly ReadingFinding[];
}

/** Takes the content of an option, or reads the file that the option names. */
export async function readSource(
  origin: Origin,
  content: string | Uint8Array | undefined,
): Promise<SourceBytes> {
  if (content !== undefined) {
    const length = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
    return checkLength(origin, length, () => Buffer.from(content));
  }
  const path = origin.path ?? '';
  if (looksLikeContent(path)) {
    const inline = origin.option.replace('File', '');
    return failure({
      rule: 'file-readable',
      message: `${origin.subject} holds the text of a certificate or key, but must be a path.`,
      remedy: `Pass the text as option ${inline} instead of ${origin.option}.`,
    });
  }
  try {
    const information = await stat(path);
    if (!information.isFile()) return failure(notAFile(origin, information));
    return await readFile(origin, path);
  } catch (error) {
    return failure(unreadable(origin, path, error));
  }
}

async function readFile(origin: Origin, path: string): Promise<SourceBytes> {
  // Not blocking: opening a file that became a pipe in the meantime must not hang.
  const file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0));
  try {
    const { size, mode } = await file.stat();
    if (size > MAX_SOURCE_BYTES) return checkLength(origin, size, () => Buffer.alloc(0));
    // One byte more than the size shows the end. A file may grow, and those of /proc have the size 0.
    let buffer: Buffer = Buffer.alloc(Math.max(size, MIN_BUFFER_BYTES) + 1);
    let length = 0;
    while (length <= MAX_SOURCE_BYTES) {
      if (length === buffer.length) buffer = grown(buffer);
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const read = checkLength(origin, length, () => Buffer.from(buffer.subarray(0, length)));
    return process.platform === 'win32' ? read : { ...read, mode: mode & 0o777 };
  } finally {
    await file.close();
  }
}

function grown(buffer: Buffer): Buffer {
  return Buffer.concat([buffer], Math.min(2 * buffer.length, MAX_SOURCE_BYTES + 1));
}

function checkLength(origin: Origin, length: number, bytes: () => Buffer): SourceBytes {
  if (length <= MAX_SOURCE_BYTES) return { bytes: bytes(), mode: undefined, findings: [] };
  return failure({
    rule: 'file-size',
    message: `${origin.subject} has ${count(length, 'byte')}; more than ${MAX_SOURCE_BYTES} are not read as a certificate or key.`,
    remedy: `Give ${expected(origin)} alone, not the archive or bundle that it came in.`,
  });
}

function notAFile(origin: Origin, information: Stats): ReadingFinding {
  const what = information.isDirectory() ? 'is a directory (EISDIR)' : 'is not a regular file';
  return {
    rule: 'file-readable',
    message: `${origin.subject} ${what}.`,
    remedy: `Set ${origin.option} to the path of the file that holds ${expected(origin)}.`,
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist, because a part of its path is not a directory',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a symbolic link that leads in circles',
  ENAMETOOLONG: 'has a name that is too long for the file system',
  EMFILE: 'could not be opened, because this process has too many open files',
};

function unreadable(origin: Origin, path: string, error: unknown): ReadingFinding {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
  const uri = describeKeyUri(path);
  if (code === 'ENOENT' && uri !== undefined) {
    const message = `Option ${origin.option} is ${uri}, not a file: ${quote(path)}.`;
    return { rule: 'file-readable', message, remedy: HARDWARE_REMEDY };
  }
  const reason = REASONS[code] ?? 'could not be read';
  const resolved = resolve(path);
  const where = resolved === path ? '' : ` Its full path is ${quote(resolved)}.`;
  return {
    rule: 'file-readable',
    message: `${origin.subject} ${reason} (${code}).${where}`,
    remedy: remedyFor(origin, path, code),
  };
}

function remedyFor(origin: Origin, path: string, code: string): string {
  if (code === 'EACCES' || code === 'EPERM') {
    return `Let the user that runs this process read it: ls -l ${origin.word}, then chown or chmod.`;
  }
  if (/^file:/i.test(path)) return `Write a path in ${origin.option}, not a URL: leave "file://" out.`;
  if (path.startsWith('~')) {
    return `Write the home directory out in ${origin.option}: only a shell understands "~".`;
  }
  return `Correct the path in ${origin.option}; a relative path starts at the working directory of the process.`;
}

function expected(origin: Origin): string {
  if (origin.option.startsWith('key')) return 'the private key';
  return origin.option.startsWith('chain') ? 'the intermediate certificates' : 'the device certificate';
}

function failure(finding: ReadingFinding): SourceBytes {
  return { bytes: undefined, mode: undefined, findings: [finding] };
}
