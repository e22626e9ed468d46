import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FileError } from '../errors';
import type { CertificateSource, KeySource } from '../options';
import {
  CertificateWithKey,
  passphraseProblem,
  PASSPHRASE_REMEDY,
  type IssuedCertificate,
} from './issued-certificate';
import { isSelfSigned } from './issuer';
import { findCertificates, findPrivateKey, isEncryptedKey } from './pem';
import { OptionProblems } from './problems';

/** Options of {@link loadCertificate}: exactly one of `cert` and `certFile`, exactly one of `key` and `keyFile`. */
export type LoadCertificateOptions = CertificateSource &
  KeySource & {
    /** Decrypts the private key. Default: none, the key is not encrypted. */
    passphrase?: string;
  };

/** The text of a source and the option that it came from. */
interface SourceText {
  option: string;
  text: string;
}

async function readSource(
  contentOption: string,
  content: unknown,
  fileOption: string,
  file: unknown,
  problems: OptionProblems,
): Promise<SourceText | undefined> {
  const remedy = `Pass ${contentOption} (PEM text or Buffer) or ${fileOption} (a path).`;
  if (content !== undefined && file !== undefined) {
    problems.add(contentOption, `and ${fileOption} are both given.`, remedy);
  } else if (typeof content === 'string' || Buffer.isBuffer(content)) {
    return { option: contentOption, text: content.toString() };
  } else if (content !== undefined) {
    problems.add(contentOption, 'must be PEM text or a Buffer.', remedy);
  } else if (typeof file === 'string' && file !== '') {
    return { option: fileOption, text: await readText(file) };
  } else {
    problems.add(fileOption, file === undefined ? 'is missing.' : 'must be a path.', remedy);
  }
  return undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      message: `Cannot read ${path}.`,
      remedy: 'Check that the path is right, that it is a file and that this user may read it.',
      path,
      cause,
    });
  }
}

function parseCertificates({ option, text }: SourceText, problems: OptionProblems): X509Certificate[] {
  const remedy =
    'Pass a certificate in PEM form; convert with: openssl x509 -inform DER -in FILE -out FILE.crt';
  const blocks = findCertificates(text);
  if (blocks.length === 0) problems.add(option, 'holds no PEM block "CERTIFICATE".', remedy);
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      problems.add(option, `holds a damaged certificate (number ${index + 1} of ${blocks.length}).`, remedy);
      return [];
    }
  }
  return certificates;
}

function parseKey(
  { option, text }: SourceText,
  passphrase: string | undefined,
  problems: OptionProblems,
): KeyObject | undefined {
  const block = findPrivateKey(text);
  if (block === undefined) {
    const remedy = 'Pass a private key in PEM form (PKCS#8, PKCS#1 or SEC1).';
    problems.add(option, 'holds no PEM block "PRIVATE KEY".', remedy);
    return undefined;
  }
  const isEncrypted = isEncryptedKey(block);
  if (isEncrypted && passphrase === undefined) {
    problems.add(
      'passphrase',
      'is missing, but the private key is encrypted.',
      'Pass the passphrase of the key.',
    );
    return undefined;
  }
  try {
    return createPrivateKey({ key: block, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // The cause is left out: what OpenSSL says of a wrong passphrase depends on the bytes that come out.
    if (isEncrypted) {
      const remedy = 'Check the passphrase; try it with: openssl pkey -in FILE -noout';
      problems.add('passphrase', 'does not decrypt the private key.', remedy);
    } else {
      problems.add(option, 'holds a damaged private key.', 'Restore the key from its original.');
    }
    return undefined;
  }
}

/** The certificates above the leaf, nearest first, up to and without the root; `undefined` when one does not belong. */
function orderChain(
  leaf: X509Certificate,
  certificates: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const known = new Set([leaf.fingerprint256]);
  const remaining = certificates.filter((candidate) => {
    const isRepeated = known.has(candidate.fingerprint256);
    known.add(candidate.fingerprint256);
    return !isRepeated && !isSelfSigned(candidate);
  });
  const chain: X509Certificate[] = [];
  let lowest = leaf;
  while (remaining.length > 0) {
    const index = remaining.findIndex(
      (candidate) => lowest.checkIssued(candidate) && lowest.verify(candidate.publicKey),
    );
    const [next] = index < 0 ? [] : remaining.splice(index, 1);
    if (next === undefined) return undefined;
    chain.push(next);
    lowest = next;
  }
  return chain;
}

/**
 * Reads an existing certificate with its private key (both PEM), to use it as an `issuer` or to write it elsewhere.
 *
 * The certificate is the first one that the key belongs to; intermediates around it become its `chain`, in the right
 * order, and self-signed roots are left out. Pass an intermediate together with the intermediates above it, e.g. its
 * `-chain.crt` file, so that the devices it signs get a complete chain.
 *
 * @example
 * ```ts
 * const issuer = await loadCertificate({ certFile: 'ca.crt', keyFile: 'ca.key', passphrase });
 * const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer });
 * ```
 * @throws InvalidOptionsError when an option is missing, a text holds no certificate or key, the passphrase is missing
 * or wrong, the key does not belong to the certificate, or a certificate is not part of the chain; lists every problem.
 * @throws FileError (`FILE_NOT_READABLE`) when a file cannot be read.
 */
export async function loadCertificate(options: LoadCertificateOptions): Promise<IssuedCertificate> {
  const problems = new OptionProblems();
  const { cert, certFile, key, keyFile, passphrase } = options;
  const badPassphrase = passphraseProblem(passphrase);
  if (badPassphrase !== undefined) problems.add('passphrase', badPassphrase, PASSPHRASE_REMEDY);
  const certSource = await readSource('cert', cert, 'certFile', certFile, problems);
  const keySource = await readSource('key', key, 'keyFile', keyFile, problems);
  const certificates = certSource === undefined ? [] : parseCertificates(certSource, problems);
  const privateKey =
    keySource === undefined || badPassphrase !== undefined
      ? undefined
      : parseKey(keySource, passphrase, problems);
  problems.throwIfAny();
  if (certSource === undefined || keySource === undefined || privateKey === undefined) {
    throw new TypeError('A source was neither read nor reported.');
  }

  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(privateKey));
  const chain = leaf && orderChain(leaf, certificates);
  if (leaf === undefined) {
    problems.add(
      keySource.option,
      'does not belong to the certificate.',
      'Pass the key that the certificate was made with; certificate and key must have the same public key.',
    );
  } else if (chain === undefined) {
    problems.add(
      certSource.option,
      'holds a certificate that is not part of the chain, or an intermediate is missing between two others.',
      'Leave only the certificate and the intermediates above it, each issued by the next.',
    );
  }
  problems.throwIfAny();
  if (leaf === undefined || chain === undefined) throw new TypeError('A mismatch was not reported.');
  return new CertificateWithKey(
    leaf,
    chain.map((certificate) => certificate.toString()),
    privateKey,
  );
}
