import { X509Certificate, type KeyObject } from 'node:crypto';
import {
  factsOf,
  isValidAt,
  matchesKey,
  mayIssue,
  verifies,
  WEAK_SIGNATURES,
  type CertificateFacts,
} from './certificate';
import { readElement } from './der';
import type { Document, Item } from './document';
import type * as Explain from './explain';
import type { ReadingFinding } from './problem';

/** The largest number of certificates in a file. A device sends a few; a file with hundreds is a trust store. */
const MAX_CERTIFICATES = 32;

/** The explanations, which are loaded by a failure. */
function explain(): typeof Explain {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  return require('./explain') as typeof Explain;
}

/** The certificates of a document in the order given. */
interface CertificatesReading {
  readonly certificates: readonly CertificateFacts[];
  readonly findings: readonly ReadingFinding[];
}

/** Reads every certificate of a document. A damaged one is a finding even if others are intact. */
export function readCertificates(document: Document): CertificatesReading {
  const items = document.items.filter(({ kind }) => kind === 'certificate');
  const intact = items.filter(({ damage }) => damage === undefined);
  if (intact.length === 0)
    return { certificates: [], findings: [explain().explainMissing(document, 'certificate')] };
  if (intact.length > MAX_CERTIFICATES)
    return { certificates: [], findings: [tooMany(document, intact.length)] };
  const findings = items
    .filter((item) => item.damage !== undefined)
    .map((item) => explain().explainDamage(document, item));
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

/**
 * The certificates above a leaf. They form a graph: a renewed or cross-signed authority has several certificates with one
 * name and key, and each of them leads to a root of its own.
 */
export interface Chain {
  /** The certificates that are sent after the leaf: all that lead up from it, without self-signed ones. */
  readonly chain: readonly CertificateFacts[];
  /** The best path from the leaf up, with the leaf, and with the root if it was given. The rules judge this path. */
  readonly path: readonly CertificateFacts[];
  /** The self-signed ends of all paths. They need not be sent. */
  readonly roots: readonly CertificateFacts[];
  /** Certificates that lie on no path. */
  readonly unlinked: readonly CertificateFacts[];
}

/** All given certificates, in order. */
export interface CertificateSet extends Chain {
  readonly leaf: CertificateFacts;
  /** True if leaf and chain were given in another order. */
  readonly reordered: boolean;
  readonly duplicates: number;
}

/** Finds the leaf and puts the certificates above it in order. `undefined` without certificates. */
export function arrangeCertificates(
  given: readonly CertificateFacts[],
  fromLeafOption: number,
  key: KeyObject | undefined,
  now: Date,
): CertificateSet | undefined {
  const certificates = withoutDuplicates(given);
  const leaf = findLeaf(certificates, given.slice(0, fromLeafOption), key, now);
  if (leaf === undefined) return undefined;
  const { isInOrder, ...ordered } = orderChain(leaf, certificates, now);
  return { leaf, ...ordered, reordered: !isInOrder, duplicates: given.length - certificates.length };
}

function withoutDuplicates(given: readonly CertificateFacts[]): readonly CertificateFacts[] {
  return given.filter((facts, index) => given.findIndex((other) => isSame(other, facts)) === index);
}

function isSame(one: CertificateFacts, other: CertificateFacts): boolean {
  return one.x509.raw.equals(other.x509.raw);
}

/**
 * Follows every path from the leaf up. The order that was given stays if every certificate stands behind one that it
 * issued; otherwise the best path comes first.
 */
export function orderChain(
  leaf: CertificateFacts,
  given: readonly CertificateFacts[],
  now: Date = new Date(),
): Chain & { readonly isInOrder: boolean } {
  const certificates = withoutDuplicates(given);
  const others = certificates.filter((facts) => !isSame(facts, leaf));
  const issuers = issuersUpwards(leaf, others);
  const path = bestPath(leaf, issuers, now);
  const issued = (facts: CertificateFacts): readonly CertificateFacts[] =>
    [...issuers].flatMap(([child, above]) => (above.includes(facts) ? [child] : []));
  const sequence = certificates.filter((facts) => isSame(facts, leaf) || issuers.has(facts));
  const isInOrder = sequence.every((facts, index) =>
    index === 0
      ? isSame(facts, leaf)
      : issued(facts).some((child) => child === leaf || sequence.slice(0, index).includes(child)),
  );
  // OpenSSL refuses to load a chain with a weak signature.
  const isSent = (facts: CertificateFacts): boolean =>
    path.includes(facts) ||
    (WEAK_SIGNATURES[facts.signatureAlgorithm] === undefined &&
      issued(facts).some(({ x509 }) => verifies(x509, facts.publicKey)));
  const order = isInOrder ? sequence.slice(1) : [...new Set([...path, ...issuers.keys()])].slice(1);
  return {
    chain: order.filter((facts) => !facts.selfSigned && isSent(facts)),
    path,
    roots: order.filter(({ selfSigned }) => selfSigned),
    unlinked: others.filter((facts) => !issuers.has(facts)),
    isInOrder,
  };
}

type Issuers = ReadonlyMap<CertificateFacts, readonly CertificateFacts[]>;

/** The certificates that lead up from the leaf, nearest first, each with its issuers. */
function issuersUpwards(leaf: CertificateFacts, others: readonly CertificateFacts[]): Issuers {
  const issuers = new Map<CertificateFacts, readonly CertificateFacts[]>([[leaf, []]]);
  // A Map is walked in the order of insertion, with what is added meanwhile.
  for (const child of issuers.keys()) {
    if (child.selfSigned) continue;
    const found = issuersOf(child, others);
    issuers.set(child, found);
    for (const issuer of found) if (!issuers.has(issuer)) issuers.set(issuer, []);
  }
  return issuers;
}

/**
 * Every certificate whose key verifies the child's signature. Without one, that of the issuer's name, so that a wrong
 * signature can be reported as one and not as a missing certificate.
 */
function issuersOf(
  child: CertificateFacts,
  others: readonly CertificateFacts[],
): readonly CertificateFacts[] {
  const named = others
    .filter((facts) => facts !== child && facts.subjectKey === child.issuerKey)
    .sort((one, other) => other.notAfter.getTime() - one.notAfter.getTime());
  const verified = named.filter(({ publicKey }) => verifies(child.x509, publicKey));
  return verified.length > 0 ? verified : named.slice(0, 1);
}

/** The largest number of paths that are compared. Real chains have a handful. */
const MAX_PATHS = 64;

/** The path with the fewest defects. Among several, the one whose certificates are valid longer. */
function bestPath(leaf: CertificateFacts, issuers: Issuers, now: Date): readonly CertificateFacts[] {
  const paths: (readonly CertificateFacts[])[] = [];
  const follow = (path: readonly CertificateFacts[]): void => {
    const next = (issuers.get(path.at(-1) ?? leaf) ?? []).filter((facts) => !path.includes(facts));
    if (next.length === 0) paths.push(path);
    for (const issuer of next) if (paths.length < MAX_PATHS) follow([...path, issuer]);
  };
  follow([leaf]);
  const defects = new Map(paths.map((path) => [path, defectsOf(path, now)]));
  return paths.reduce((best, path) => ((defects.get(path) ?? 0) < (defects.get(best) ?? 0) ? path : best));
}

/** The number of deviations for which a path could be refused. */
function defectsOf(path: readonly CertificateFacts[], now: Date): number {
  return path.slice(1).reduce((defects, issuer, index) => {
    const child = path[index] ?? issuer;
    const deviations = [
      !verifies(child.x509, issuer.publicKey),
      !child.x509.checkIssued(issuer.x509),
      !mayIssue(issuer),
      !isValidAt(issuer, now),
      authoritiesBelow(path, index + 1) > (issuer.basicConstraints?.pathLength ?? Infinity),
      !issuer.selfSigned && WEAK_SIGNATURES[issuer.signatureAlgorithm] !== undefined,
    ];
    return defects + deviations.filter(Boolean).length;
  }, 0);
}

/** The number of authorities on a path below the one at `index` that count for its path length (RFC 5280, 6.1.4). */
export function authoritiesBelow(path: readonly CertificateFacts[], index: number): number {
  return path.slice(1, index).filter(({ selfIssued }) => !selfIssued).length;
}

/**
 * The leaf is a certificate that issued none of the others. Among several, that of the key comes first, then that of
 * the certificate option, then one that is no authority, then one that is valid.
 */
function findLeaf(
  certificates: readonly CertificateFacts[],
  preferred: readonly CertificateFacts[],
  key: KeyObject | undefined,
  now: Date,
): CertificateFacts | undefined {
  const issuers = new Set(
    certificates.filter(({ selfIssued }) => !selfIssued).map(({ issuerKey }) => issuerKey),
  );
  const ends = certificates.filter(({ subjectKey }) => !issuers.has(subjectKey));
  const candidates = ends.length > 0 ? ends : certificates;
  const rank = (facts: CertificateFacts): number =>
    (key !== undefined && matchesKey(facts, key) ? 8 : 0) +
    (preferred.includes(facts) ? 4 : 0) +
    (facts.basicConstraints?.ca === true ? 0 : 2) +
    (isValidAt(facts, now) ? 1 : 0);
  return candidates.reduce<CertificateFacts | undefined>(
    (best, facts) => (best === undefined || rank(facts) > rank(best) ? facts : best),
    undefined,
  );
}
