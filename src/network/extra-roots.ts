import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FileError, InvalidOptionsError } from 'azure-iot-certificates';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The roots of the option `ca` or `caFile`, to be trusted besides the runtime's own. Answers `undefined` when the option
 * is absent.
 *
 * @throws {@link FileError} when the file cannot be read, {@link InvalidOptionsError} when it holds no certificate
 */
export async function extraRoots(options: {
  ca?: string | Buffer;
  caFile?: string;
}): Promise<readonly string[] | undefined> {
  const { ca, caFile } = options;
  const content = ca ?? (caFile === undefined ? undefined : await read(caFile));
  if (content === undefined) return undefined;
  const extra = content.toString().match(CERTIFICATE) ?? [];
  if (extra.length === 0 || !extra.every(isCertificate)) {
    throw new InvalidOptionsError([
      {
        option: ca === undefined ? 'caFile' : 'ca',
        message: 'holds no readable PEM certificate.',
        remedy: 'Give the root certificate of the server in PEM form (-----BEGIN CERTIFICATE-----).',
      },
    ]);
  }
  return extra;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      path,
      message: `The file given as caFile cannot be read: ${path} (${code}).`,
      remedy: 'Check the path and its permissions.',
      cause,
    });
  }
}
