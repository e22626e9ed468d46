import { CredentialsError, FileError } from '../errors';
import {
  checkPassphrase,
  checkSource,
  OptionProblems,
  type CertificateSource,
  type KeySource,
} from '../options';
import { displayName, matchesKey, verifies, type CertificateFacts } from '../reading/certificate';
import { orderChain } from '../reading/chain';
import { readCredentials, type CredentialsReading } from '../reading/credentials';
import { looksLikeContent } from '../reading/source';
import type { Finding } from '../report';
import { CertificateWithKey, type IssuedCertificate } from './issued-certificate';

/** Options of {@link loadCertificate}: exactly one of `cert` and `certFile`, exactly one of `key` and `keyFile`. */
export type LoadCertificateOptions = CertificateSource &
  KeySource & {
    /** Decrypts the private key (or the PKCS#12 file). Default: none, the key is not encrypted. */
    passphrase?: string;
  };

const KNOWN_OPTIONS = ['cert', 'certFile', 'key', 'keyFile', 'passphrase'];

function checkOptions(options: LoadCertificateOptions): void {
  const problems = new OptionProblems();
  if (problems.addUnlessObject(options, 'Pass an object with certFile and keyFile, or with cert and key.')) {
    const values: Readonly<Record<string, unknown>> = { ...options };
    problems.addUnknown(values, KNOWN_OPTIONS);
    checkSource(values, 'cert', problems);
    checkSource(values, 'key', problems);
    checkPassphrase(values['passphrase'], problems);
  }
  problems.throwIfAny();
}

/** @throws FileError when a file is the reason, else CredentialsError. */
function throwFindings(findings: readonly Finding[], reading: CredentialsReading): never {
  for (const { path, subject } of [reading.certificateOrigin, reading.keyOrigin]) {
    const unreadable = findings.filter(
      ({ rule, message }) => rule === 'file-readable' && message.startsWith(subject),
    );
    // A key that was given in place of a path must not get into the error.
    if (unreadable.length === 0 || path === undefined || looksLikeContent(path)) continue;
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      message: unreadable.map(({ message }) => message).join('\n'),
      remedy: unreadable.map(({ remedy }) => remedy).join('\n'),
      path,
    });
  }
  throw new CredentialsError({
    ok: false,
    registrationId: undefined,
    certificate: undefined,
    chain: [],
    findings,
  });
}

/** The given certificates that are not part of the chain. Roots may be given, whether they are or not. */
function strayCertificates(
  own: readonly CertificateFacts[],
  chain: readonly CertificateFacts[],
  given: readonly CertificateFacts[],
): readonly CertificateFacts[] {
  const below = [...own, ...chain];
  const isPart = (facts: CertificateFacts): boolean => below.some((child) => isIssuedBy(child, facts));
  return given.filter((facts) => !facts.selfSigned && !own.includes(facts) && !isPart(facts));
}

/** Tells whether the issuer's name, key identifier and key usage fit, and its key verifies the signature. */
function isIssuedBy({ x509 }: CertificateFacts, issuer: CertificateFacts): boolean {
  return x509.checkIssued(issuer.x509) && verifies(x509, issuer.publicKey);
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

function gap({ certificateOrigin }: CredentialsReading, stray: readonly CertificateFacts[]): Finding {
  const names = stray.map(({ subject }) => displayName(subject));
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
 * @throws InvalidOptionsError when options are missing, unknown or malformed. Lists every problem.
 * @throws FileError (`FILE_NOT_READABLE`) when a file cannot be read.
 * @throws CredentialsError when there is no certificate or key where one should be, they are swapped or damaged, the
 * passphrase is missing or wrong, the key does not belong to the certificate, or a certificate is not part of the chain.
 */
export async function loadCertificate(options: LoadCertificateOptions): Promise<IssuedCertificate> {
  checkOptions(options);
  const reading = await readCredentials(options);
  const errors = reading.findings.filter(({ severity }) => severity === 'error');
  const { key, given } = reading;
  if (errors.length > 0 || key === undefined) throwFindings(errors, reading);
  const own = given.filter((facts) => matchesKey(facts, key));
  const [leaf] = own;
  if (leaf === undefined) throwFindings([mismatch(reading)], reading);
  // Renewed and cross-signed certificates of an authority lead to roots of their own.
  const others = leaf.basicConstraints?.ca === true ? own.filter(({ selfSigned }) => !selfSigned) : [];
  const chains = [leaf, ...others].flatMap((facts) => [facts, ...orderChain(facts, given).chain]);
  const chain = [...new Map(chains.map(({ x509 }) => [x509.fingerprint256, x509])).values()];
  const stray = strayCertificates(own, chains, given);
  if (stray.length > 0) throwFindings([gap(reading, stray)], reading);
  return new CertificateWithKey(
    leaf.x509,
    chain.slice(1).map((x509) => x509.toString()),
    key,
  );
}
