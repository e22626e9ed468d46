import type { KeyObject } from 'node:crypto';
import { verifies, type CertificateFacts } from './facts';

/** The given certificates, put in order. */
export interface CertificateSet {
  readonly leaf: CertificateFacts;
  /** What is sent after the leaf, nearest issuer first. */
  readonly chain: readonly CertificateFacts[];
  /** The self-signed end of the chain, which need not be sent. */
  readonly root: CertificateFacts | undefined;
  /** Certificates that nothing in the chain was issued by. */
  readonly unlinked: readonly CertificateFacts[];
  /** Whether leaf and chain were given in another order. */
  readonly reordered: boolean;
  readonly duplicates: number;
}

/**
 * Finds the leaf and orders what leads up from it. Names decide who issued whom, so that a wrong signature is reported
 * as one instead of as a missing certificate.
 */
export function arrangeCertificates(
  given: readonly CertificateFacts[],
  fromLeafOption: number,
  key: KeyObject | undefined,
): CertificateSet | undefined {
  const certificates = given.filter(
    (facts, index) => given.findIndex((other) => other.x509.raw.equals(facts.x509.raw)) === index,
  );
  const leaf = findLeaf(certificates, given.slice(0, fromLeafOption), key);
  if (leaf === undefined) return undefined;
  const remaining = new Set(certificates);
  remaining.delete(leaf);
  const chain: CertificateFacts[] = [];
  let current = leaf;
  let root: CertificateFacts | undefined;
  while (!current.selfSigned) {
    const issuer = findIssuer(current, remaining);
    if (issuer === undefined) break;
    remaining.delete(issuer);
    if (issuer.selfSigned) root = issuer;
    else chain.push(issuer);
    current = issuer;
  }
  const linked = [leaf, ...chain, ...(root === undefined ? [] : [root])];
  const order = certificates.filter((facts) => linked.includes(facts));
  return {
    leaf,
    chain,
    root,
    unlinked: [...remaining],
    reordered: order.some((facts, index) => facts !== linked[index]),
    duplicates: given.length - certificates.length,
  };
}

/** The leaf issued none of the others; among several, the key's, then the option's, then no authority's. */
function findLeaf(
  certificates: readonly CertificateFacts[],
  preferred: readonly CertificateFacts[],
  key: KeyObject | undefined,
): CertificateFacts | undefined {
  const issuers = new Set(
    certificates.filter(({ selfIssued }) => !selfIssued).map(({ issuerKey }) => issuerKey),
  );
  const ends = certificates.filter(({ subjectKey }) => !issuers.has(subjectKey));
  const candidates = ends.length > 0 ? ends : certificates;
  const rank = (facts: CertificateFacts): number =>
    (key !== undefined && matchesKey(facts, key) ? 4 : 0) +
    (preferred.includes(facts) ? 2 : 0) +
    (facts.basicConstraints?.ca === true ? 0 : 1);
  return candidates.reduce<CertificateFacts | undefined>(
    (best, facts) => (best === undefined || rank(facts) > rank(best) ? facts : best),
    undefined,
  );
}

/** Of several certificates of one name (after a renewal), the one whose key verifies and that lives longest. */
function findIssuer(
  child: CertificateFacts,
  pool: ReadonlySet<CertificateFacts>,
): CertificateFacts | undefined {
  const rank = (facts: CertificateFacts): number => (verifies(child.x509, facts.publicKey) ? 1 : 0);
  return [...pool]
    .filter((facts) => facts.subjectKey === child.issuerKey)
    .sort((one, other) => rank(other) - rank(one) || other.notAfter.getTime() - one.notAfter.getTime())[0];
}

/** Whether a private key belongs to a certificate. */
export function matchesKey(facts: CertificateFacts, key: KeyObject): boolean {
  try {
    return facts.x509.checkPrivateKey(key);
  } catch {
    return false;
  }
}
