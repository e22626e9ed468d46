import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { x509, type X509 } from './x509';
import { issuedCertificateProblem, type IssuedCertificate } from './issued-certificate';
import { signingAlgorithmOf, type SigningAlgorithm } from './keys';
import type { OptionProblems } from './problems';

/** An issuer that was found fit to sign. */
export interface Issuer {
  certificate: X509.X509Certificate;
  privateKey: KeyObject;
  algorithm: SigningAlgorithm;
  notAfter: Date;
  /** How many intermediates may still follow it; infinite without a limit. */
  remainingPathLength: number;
  /** The chain of what it issues: itself and its own chain, unless it is a root. */
  chain: readonly string[];
}

const REMEDY =
  'Pass a root or intermediate certificate made by this module, or one read with loadCertificate together with its key.';

/** Whether the certificate is signed by its own key. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

function pathLengthOf(certificate: X509.X509Certificate): number {
  const { BasicConstraintsExtension } = x509();
  return certificate.getExtension(BasicConstraintsExtension)?.pathLength ?? Number.POSITIVE_INFINITY;
}

function authorityProblem(certificate: X509.X509Certificate): string | undefined {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = x509();
  if (certificate.getExtension(BasicConstraintsExtension)?.ca !== true) {
    return 'is not a certificate authority (basic constraints do not say CA:TRUE).';
  }
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
  if (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0) {
    return 'must not sign certificates (its key usage lacks keyCertSign).';
  }
  if (certificate.notAfter.getTime() <= Date.now()) {
    return `has expired on ${certificate.notAfter.toISOString()}.`;
  }
  return undefined;
}

/** The issuer if it may sign: a certificate authority that is valid, whose key is known and whose chain is sound. */
export function readIssuer(given: unknown, problems: OptionProblems): Issuer | undefined {
  const malformed = issuedCertificateProblem(given);
  if (malformed !== undefined) {
    problems.add('issuer', malformed, REMEDY);
    return undefined;
  }
  const value = given as IssuedCertificate;
  const { X509Certificate: AuthorityCertificate } = x509();
  const certificate = new AuthorityCertificate(value.x509.raw);
  const privateKey = createPrivateKey(value.privateKey);
  const algorithm = signingAlgorithmOf(privateKey);
  const above = value.chain.map((pem) => new AuthorityCertificate(pem));
  const remainingPathLength = Math.min(
    pathLengthOf(certificate),
    ...above.map((authority, index) => pathLengthOf(authority) - index - 1),
  );

  let problem = authorityProblem(certificate);
  if (algorithm === undefined) {
    problem ??=
      'has a key of a kind that IoT Hub does not take (RSA, or EC on P-256, P-384 or P-521 is needed).';
  }
  if (remainingPathLength < 0) {
    problem ??= 'must not sign certificates (the path length of a certificate above it is exceeded).';
  }
  if (problem !== undefined || algorithm === undefined) {
    problems.add('issuer', problem ?? 'cannot sign.', REMEDY);
    return undefined;
  }
  const chain = isSelfSigned(value.x509) ? [] : [value.x509.toString(), ...value.chain];
  const { notAfter } = certificate;
  return { certificate, privateKey, algorithm, notAfter, remainingPathLength, chain };
}
