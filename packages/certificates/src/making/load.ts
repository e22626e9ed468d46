import type { X509Certificate } from 'node:crypto';
import { validateCredentialsOptions } from '../checking/validate-options';
import { type CredentialsReport, type Finding } from '../report';
import { readCredentials, type CredentialsReading } from '../reading/credentials';
import { looksLikeContent } from '../reading/origin';
import { CredentialsError, FileError } from '../errors';
import type { CertificateSource, CredentialsOptions, KeySource } from '../options';
import {
  CertificateWithKey,
  passphraseProblem,
  PASSPHRASE_REMEDY,
  type IssuedCertificate,
} from './issued-certificate';
import { isSelfSigned } from './issuer';
import { OptionProblems } from './problems';

/** Options of {@link loadCertificate}: exactly one of `cert` and `certFile`, exactly one of `key` and `keyFile`. */
export type LoadCertificateOptions = CertificateSource &
  KeySource & {
    /** Decrypts the private key (or the PKCS#12 file). Default: none, the key is not encrypted. */
    passphrase?: string;
  };

const KNOWN_OPTIONS = ['cert', 'certFile', 'key', 'keyFile', 'passphrase'];

/** The same for {@link readCredentials}, which does not look at the kind of enrollment. */
function toCredentialsOptions(options: LoadCertificateOptions): CredentialsOptions {
  return { ...options, enrollment: 'hub-group' };
}

function checkOptions(options: LoadCertificateOptions): void {
  const problems = new OptionProblems();
  if (problems.addUnlessObject(options, 'Pass an object with certFile and keyFile, or with cert and key.')) {
    problems.addUnknown(options, KNOWN_OPTIONS);
    for (const { option, message, remedy } of validateCredentialsOptions(toCredentialsOptions(options))) {
      if (KNOWN_OPTIONS.includes(option) && option !== 'passphrase') problems.add(option, message, remedy);
    }
    const badPassphrase = passphraseProblem(options.passphrase);
    if (badPassphrase !== undefined) problems.add('passphrase', badPassphrase, PASSPHRASE_REMEDY);
  }
  problems.throwIfAny();
}

/** @throws FileError when a file is the reason, else CredentialsError. */
function throwFindings(findings: readonly Finding[], reading: CredentialsReading): never {
  for (const { path, subject } of [reading.certificateOrigin, reading.keyOrigin]) {
    const unreadable = findings.filter(
      ({ rule, message }) => rule === 'file-readable' && message.startsWith(subject),
    );
    // What was given as a path may be the private key itself, which belongs into no error.
    if (unreadable.length === 0 || path === undefined || looksLikeContent(path)) continue;
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      message: unreadable.map(({ message }) => message).join('\n'),
      remedy: unreadable.map(({ remedy }) => remedy).join('\n'),
      path,
    });
  }
  const report: CredentialsReport = {
    ok: false,
    registrationId: undefined,
    certificate: undefined,
    chain: [],
    findings,
  };
  throw new CredentialsError(report);
}

/** The certificates above the leaf, nearest first, up to and without the root; then those that do not belong. */
function orderChain(
  leaf: X509Certificate,
  certificates: readonly X509Certificate[],
): { chain: X509Certificate[]; unlinked: X509Certificate[] } {
  const known = new Set([leaf.fingerprint256]);
  const remaining = certificates.filter((candidate) => {
    const isRepeated = known.has(candidate.fingerprint256);
    known.add(candidate.fingerprint256);
    return !isRepeated && !isSelfSigned(candidate);
  });
  const chain: X509Certificate[] = [];
  let lowest = leaf;
  for (;;) {
    const child = lowest;
    const index = remaining.findIndex(
      (candidate) => child.checkIssued(candidate) && child.verify(candidate.publicKey),
    );
    const [next] = index < 0 ? [] : remaining.splice(index, 1);
    if (next === undefined) return { chain, unlinked: remaining };
    chain.push(next);
    lowest = next;
  }
}

function mismatch({ certificateOrigin, keyOrigin }: CredentialsReading): Finding {
  return {
    rule: 'key-matches-certificate',
    severity: 'error',
    message: `The private key in ${keyOrigin.label} does not belong to the certificate in ${certificateOrigin.label}.`,
    remedy:
      'Find the pair, whose public keys are the same: ' +
      `openssl x509 -in ${certificateOrigin.word} -noout -pubkey; openssl pkey -in ${keyOrigin.word} -pubout`,
  };
}

function gap({ certificateOrigin }: CredentialsReading, unlinked: readonly X509Certificate[]): Finding {
  const names = unlinked.map(({ subject }) => JSON.stringify(subject.replaceAll('\n', ', ')));
  return {
    rule: 'chain-without-gap',
    severity: 'error',
    message: `${certificateOrigin.subject} holds what is not part of the chain, or an intermediate below it is missing: ${names.join('; ')}.`,
    remedy: 'Leave only the certificate and the intermediates above it, each issued by the next.',
  };
}

/**
 * Reads an existing certificate with its private key, to use it as an `issuer` or to write it elsewhere: PEM, DER or
 * PKCS#12, as `connectDevice` reads them.
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
 * @throws InvalidOptionsError when options are missing, unknown or malformed; lists every problem.
 * @throws FileError (`FILE_NOT_READABLE`) when a file cannot be read.
 * @throws CredentialsError when there is no certificate or key where one should be, they are swapped or damaged, the
 * passphrase is missing or wrong, the key does not belong to the certificate, or a certificate is not part of the chain.
 */
export async function loadCertificate(options: LoadCertificateOptions): Promise<IssuedCertificate> {
  checkOptions(options);
  const reading = await readCredentials(toCredentialsOptions(options));
  const errors = reading.findings.filter(({ severity }) => severity === 'error');
  const { key } = reading;
  if (errors.length > 0 || key === undefined) throwFindings(errors, reading);
  const certificates = reading.given.map(({ x509 }) => x509);
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) throwFindings([mismatch(reading)], reading);
  const { chain, unlinked } = orderChain(leaf, certificates);
  if (unlinked.length > 0) throwFindings([gap(reading, unlinked)], reading);
  return new CertificateWithKey(
    leaf,
    chain.map((certificate) => certificate.toString()),
    key,
  );
}
