import { X509Certificate, type KeyObject } from 'node:crypto';
import { factsOf, matchesKey, verifies, type CertificateFacts } from './certificate';
import { readElement } from './der';
import { explainDamage, explainMissing, type Document, type Item } from './document';
import type { ReadingFinding } from './problem';

/** The largest number of certificates in a file. A device sends a few; a file with hundreds is a trust store. */
const MAX_CERTIFICATES = 32;

/** The certificates of a document in the order given. */
interface CertificatesReading {
  readonly certificates: readonly CertificateFacts[];
  readonly findings: readonly ReadingFinding[];
}

/** Reads every certificate of a document. A damaged one is a finding even if others are intact. */
export function readCertificates(document: Document): CertificatesReading {
  const items = document.items.filter(({ kind }) => kind === 'certificate');
  const intact = items.filter(({ damage }) => damage === undefined);
  if (intact.length === 0) return { certificates: [], findings: [explainMissing(document, 'certificate')] };
  if (intact.length > MAX_CERTIFICATES)
    return { certificates: [], findings: [tooMany(document, intact.length)] };
  const findings = items
    .filter((item) => item.damage !== undefined)
    .map((item) => explainDamage(document, item));
  const certificates: CertificateFacts[] = [];
  for (const item of intact) {
    const facts = parseCertificate(item);
    if (facts !== undefined) certificates.push(facts);
    else findings.push(unreadable(document, item));
  }
  return { certificates, findings };
}

function parseCertificate({ der }: Item): CertificateFacts | undefined {
  try {
    // A TRUSTED CERTIFICATE has OpenSSL's trust settings behind the certificate.
    return factsOf(new X509Certificate(der.subarray(0, readElement(der, 0)?.end)));
  } catch {
    return undefined;
  }
}

function unreadable({ origin }: Document, item: Item): ReadingFinding {
  const place = item.line === undefined ? '' : ` that starts in line ${item.line}`;
  return {
    rule: 'certificate-readable',
    message: `In ${origin.label}, the certificate${place} is damaged: it is complete, but OpenSSL cannot read it.`,
    remedy: `Copy it again from where it was made, and try: openssl x509 -in ${origin.word} -noout -text`,
  };
}

function tooMany({ origin }: Document, amount: number): ReadingFinding {
  return {
    rule: 'certificate-count',
    message: `${origin.subject} holds ${amount} certificates; at most ${MAX_CERTIFICATES} are read.`,
    remedy: `Set ${origin.option} to the device certificate with its intermediates, not to a list of trusted authorities.`,
  };
}

/** The certificates above a leaf, in order. */
export interface Chain {
  /** The intermediates, nearest issuer first: what is sent after the leaf. */
  readonly chain: readonly CertificateFacts[];
  /** The self-signed end of the chain. It need not be sent. */
  readonly root: CertificateFacts | undefined;
  /** Certificates that issued none of the others in the chain. */
  readonly unlinked: readonly CertificateFacts[];
}

/** All given certificates, in order. */
export interface CertificateSet extends Chain {
  readonly leaf: CertificateFacts;
  /** The leaf, the chain and the root if it was given. */
  readonly path: readonly CertificateFacts[];
  /** True if leaf and chain were given in another order. */
  readonly reordered: boolean;
  readonly duplicates: number;
}

/** Finds the leaf and puts the certificates above it in order. `undefined` without certificates. */
export function arrangeCertificates(
  given: readonly CertificateFacts[],
  fromLeafOption: number,
  key: KeyObject | undefined,
): CertificateSet | undefined {
  const certificates = withoutDuplicates(given);
  const leaf = findLeaf(certificates, given.slice(0, fromLeafOption), key);
  if (leaf === undefined) return undefined;
  const ordered = orderChain(leaf, certificates);
  const { chain, root } = ordered;
  const path = [leaf, ...chain, ...(root === undefined ? [] : [root])];
  const order = certificates.filter((facts) => path.includes(facts));
  return {
    leaf,
    ...ordered,
    path,
    reordered: order.some((facts, index) => facts !== path[index]),
    duplicates: given.length - certificates.length,
  };
}

function withoutDuplicates(given: readonly CertificateFacts[]): readonly CertificateFacts[] {
  return given.filter((facts, index) => given.findIndex((other) => isSame(other, facts)) === index);
}

function isSame(one: CertificateFacts, other: CertificateFacts): boolean {
  return one.x509.raw.equals(other.x509.raw);
}

/**
 * Puts the certificates above the leaf in order, each followed by its issuer. Names decide which certificate is the
 * issuer, so that a wrong signature can be reported as one and not as a missing certificate.
 */
export function orderChain(leaf: CertificateFacts, given: readonly CertificateFacts[]): Chain {
  const remaining = new Set(withoutDuplicates(given).filter((facts) => !isSame(facts, leaf)));
  const chain: CertificateFacts[] = [];
  let current = leaf;
  while (!current.selfSigned) {
    const issuer = findIssuer(current, remaining);
    if (issuer === undefined) break;
    remaining.delete(issuer);
    if (issuer.selfSigned) return { chain, root: issuer, unlinked: [...remaining] };
    chain.push(issuer);
    current = issuer;
  }
  return { chain, root: undefined, unlinked: [...remaining] };
}

/**
 * The leaf is a certificate that issued none of the others. Among several, that of the key comes first, then that of
 * the certificate option, then one that is no authority.
 */
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

/**
 * Among several issuers of one name (after a renewal), one whose key verifies comes first, then the one valid longest.
 */
function findIssuer(
  child: CertificateFacts,
  pool: ReadonlySet<CertificateFacts>,
): CertificateFacts | undefined {
  const rank = (facts: CertificateFacts): number => (verifies(child.x509, facts.publicKey) ? 1 : 0);
  return [...pool]
    .filter((facts) => facts.subjectKey === child.issuerKey)
    .sort((one, other) => rank(other) - rank(one) || other.notAfter.getTime() - one.notAfter.getTime())[0];
}
