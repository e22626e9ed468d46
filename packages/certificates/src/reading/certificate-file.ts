import type { CertificateFacts } from './certificate';
import { readCertificates } from './chain';
import { readDocument } from './credentials';
import { KEY_KINDS } from './document';
import type { ReadingFinding } from './problem';
import { originOf } from './source';

/** The certificates of one file. */
export interface CertificateFile {
  readonly certificates: readonly CertificateFacts[];
  /** True if the file also holds a private key. The key is not read. */
  readonly hasKey: boolean;
  /** The reasons why certificates could not be read. They name the file as option `certFile`. */
  readonly findings: readonly ReadingFinding[];
  /** True if the passphrase of a PKCS#12 file is missing or wrong. Other files need none. */
  readonly needsPassphrase: boolean;
}

/** Reads every certificate of a PEM, DER or PKCS#12 file. */
export async function readCertificateFile(path: string, passphrase?: string): Promise<CertificateFile> {
  const { document, findings } = await readDocument(originOf('certFile', path), undefined, passphrase);
  if (document === undefined) {
    const needsPassphrase = findings.some(({ rule }) => rule.startsWith('passphrase-'));
    return { certificates: [], hasKey: false, findings, needsPassphrase };
  }
  const hasKey = document.items.some(({ kind }) => KEY_KINDS.has(kind));
  return { ...readCertificates(document), hasKey, needsPassphrase: false };
}
