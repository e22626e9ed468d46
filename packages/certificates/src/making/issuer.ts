import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { OptionProblems } from '../options';
import { factsOf, type CertificateFacts } from '../reading/certificate';
import { authoritiesBelow, orderChain } from '../reading/chain';
import { issuedCertificateProblem, type IssuedCertificate } from './issued-certificate';
import { signingAlgorithmOf, type SigningAlgorithm } from './keys';

/** A certificate authority that may sign. */
export interface Issuer {
  certificate: X509Certificate;
  privateKey: KeyObject;
  algorithm: SigningAlgorithm;
  notAfter: Date;
  /** The number of intermediates that may follow it; infinite without a limit. */
  remainingPathLength: number;
  /** The chain of the certificates that it issues: itself and its own chain, unless it is a root. */
  chain: readonly string[];
}

const KEY_CERT_SIGN = 5;
const REMEDY =
  'Pass a root or intermediate certificate made by this module, or one read with loadCertificate together with its key.';

function pathLengthOf({ basicConstraints }: CertificateFacts): number {
  return basicConstraints?.pathLength ?? Number.POSITIVE_INFINITY;
}

function authorityProblem({ basicConstraints, keyUsage, notAfter }: CertificateFacts): string | undefined {
  if (basicConstraints?.ca !== true) {
    return 'is not a certificate authority (basic constraints do not say CA:TRUE).';
  }
  if (keyUsage?.has(KEY_CERT_SIGN) === false) {
    return 'must not sign certificates (its key usage lacks keyCertSign).';
  }
  return notAfter.getTime() <= Date.now() ? `has expired on ${notAfter.toISOString()}.` : undefined;
}

/** Checks that the issuer may sign: that it is a certificate authority, valid, with a usable key and a sound chain. */
export function readIssuer(given: unknown, problems: OptionProblems): Issuer | undefined {
  const malformed = issuedCertificateProblem(given);
  if (malformed !== undefined) {
    problems.add('issuer', malformed, REMEDY);
    return undefined;
  }
  const value = given as IssuedCertificate;
  const facts = factsOf(value.x509);
  const privateKey = createPrivateKey(value.privateKey);
  const algorithm = signingAlgorithmOf(privateKey);
  const above = value.chain.map((pem) => factsOf(new X509Certificate(pem)));
  const { path } = orderChain(facts, above);
  const remainingPathLength = Math.min(
    ...path.map(
      (authority, index) => pathLengthOf(authority) - authoritiesBelow([facts, ...path], index + 1),
    ),
  );
  const problem =
    authorityProblem(facts) ??
    (algorithm === undefined
      ? 'has a key of a kind that IoT Hub does not take (RSA, or EC on P-256, P-384 or P-521 is needed).'
      : remainingPathLength < 0
        ? 'must not sign certificates (the path length of a certificate above it is exceeded).'
        : undefined);
  if (problem !== undefined || algorithm === undefined) {
    problems.add('issuer', problem ?? 'cannot sign.', REMEDY);
    return undefined;
  }
  return {
    certificate: value.x509,
    privateKey,
    algorithm,
    notAfter: facts.notAfter,
    remainingPathLength,
    chain: facts.selfSigned ? value.chain : [value.x509.toString(), ...value.chain],
  };
}
