import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { FileError, InvalidOptionsError } from './errors';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The roots to verify the servers with: the runtime's own, and those of the option `ca` or `caFile` besides. Answers
 * `undefined` when the option is absent, which leaves the choice to the runtime.
 *
 * @throws {@link FileError} when the file cannot be read, {@link InvalidOptionsError} when it holds no certificate
 */
export async function trustedRoots(options: {
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
  return [...systemRoots(), ...extra];
}

function systemRoots(): readonly string[] {
  // From Node 22.15 on: also what NODE_EXTRA_CA_CERTS and --use-system-ca add.
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
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
