import type { X509Certificate } from 'node:crypto';
import { factsOf } from 'azure-iot-certificates/internal';
import { isIssuedBy, isSameCertificate, isValidAt } from './x509';

/** The longest chain that is followed. */
const MAX_DEPTH = 10;

/** Tells whether the list contains the certificate; certificates are compared byte by byte. */
export function includesCertificate(
  certificates: readonly X509Certificate[],
  wanted: X509Certificate,
): boolean {
  return certificates.some((certificate) => isSameCertificate(certificate, wanted));
}

/**
 * Tells whether an authority's path length allows that many authorities below it (RFC 5280, 4.2.1.9). Azure documents
 * no such check; the platform that Azure runs on checks the path length.
 */
function allowsBelow(authority: X509Certificate, authorities: number): boolean {
  return (factsOf(authority).basicConstraints?.pathLength ?? Infinity) >= authorities;
}

/** The certificates from which a chain is built. */
export interface ChainMaterial {
  readonly leaf: X509Certificate;
  /** The possible issuers, in any order. Only certificate authorities that are valid now are used. */
  readonly candidates: readonly X509Certificate[];
  readonly now: Date;
}

/**
 * The issuers of a leaf among the candidates, level by level: first those that signed the leaf, then those that signed
 * one of these, and so on. Every signature and path length is checked; no certificate comes twice.
 */
export function* issuersUpwards({
  leaf,
  candidates,
  now,
}: ChainMaterial): Generator<readonly X509Certificate[]> {
  let remaining = candidates.filter(
    (certificate) => certificate.ca && isValidAt(certificate, now) && !isSameCertificate(certificate, leaf),
  );
  let level: readonly X509Certificate[] = [leaf];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const below = level;
    const issuers: X509Certificate[] = [];
    for (const candidate of remaining) {
      if (includesCertificate(issuers, candidate) || !allowsBelow(candidate, depth)) continue;
      if (below.some((certificate) => isIssuedBy(certificate, candidate))) issuers.push(candidate);
    }
    if (issuers.length === 0) return;
    yield issuers;
    remaining = remaining.filter((candidate) => !includesCertificate(issuers, candidate));
    level = issuers;
  }
}
