import type { X509Certificate } from 'node:crypto';
import { includesCertificate, issuersUpwards } from '../../authorities/chain';
import { commonName, isValidAt } from '../../authorities/x509';

/** The properties of an individual enrollment for attestation. */
export interface IndividualCandidate {
  readonly certificates: readonly X509Certificate[];
  readonly isEnabled: boolean;
}

/** The properties of an enrollment group for attestation. */
export interface GroupCandidate {
  readonly enrollmentGroupId: string;
  /** Its signing certificates and those of its CA references that are verified. */
  readonly authorities: readonly X509Certificate[];
  readonly isEnabled: boolean;
}

/** The input of attestation. */
export interface AttestationRequest {
  readonly registrationId: string;
  /** The certificates that the device sent in the handshake, leaf first. */
  readonly presented: readonly X509Certificate[];
  /** The individual enrollment with this registration ID, if there is one. */
  readonly individual: IndividualCandidate | undefined;
  /** In the order in which they were created. */
  readonly groups: readonly GroupCandidate[];
  /** Verified authorities of the instance, whether or not a group refers to them. */
  readonly verifiedAuthorities: readonly X509Certificate[];
  readonly allowAuthorityAsIndividual: boolean;
  readonly now: Date;
}

/** The reason for which DPS refuses a device. */
export type RefusalReason =
  | 'common-name-differs'
  | 'leaf-not-valid-now'
  | 'individual-disabled'
  | 'individual-certificate-differs'
  | 'individual-is-authority'
  | 'group-disabled'
  | 'authority-not-found';

/** The enrollment that admits the device, or the reason for refusing it. */
export type AttestationResult =
  | { readonly outcome: 'individual' }
  | { readonly outcome: 'group'; readonly enrollmentGroupId: string }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason };

function refused(reason: RefusalReason): AttestationResult {
  return { outcome: 'refused', reason };
}

function attestIndividual(
  individual: IndividualCandidate,
  leaf: X509Certificate,
  allowAuthority: boolean,
): AttestationResult {
  // The enrolled certificate itself is compared, so no chain is needed, and an authority admits only itself.
  if (!includesCertificate(individual.certificates, leaf)) return refused('individual-certificate-differs');
  if (leaf.ca && !allowAuthority) return refused('individual-is-authority');
  return { outcome: 'individual' };
}

function attestGroup(request: AttestationRequest, leaf: X509Certificate): AttestationResult {
  const { presented, groups, verifiedAuthorities, now } = request;
  // A verified authority need not be sent: it ends the chain, or bridges a gap in it. A signing certificate of a group
  // is not verified by being there.
  const candidates = [...presented.slice(1), ...verifiedAuthorities];
  const chain = [...issuersUpwards({ leaf, candidates, now })];
  if (!chain.flat().some((issuer) => includesCertificate(verifiedAuthorities, issuer))) {
    return refused('authority-not-found');
  }
  for (const issuers of chain) {
    // DPS: the leaf's issuer first, then upwards. The first matching group decides, even if it is disabled.
    const group = groups.find(({ authorities }) =>
      issuers.some((issuer) => includesCertificate(authorities, issuer)),
    );
    if (group !== undefined) {
      const { enrollmentGroupId } = group;
      return group.isEnabled ? { outcome: 'group', enrollmentGroupId } : refused('group-disabled');
    }
  }
  return refused('authority-not-found');
}

/**
 * Decides whether a device may register, in the order that DPS documents: an individual enrollment with that
 * registration ID decides alone; without one, the chain must reach a verified authority of the instance, and the groups
 * are tried from the leaf's issuer upwards.
 *
 * @param request - must hold at least one presented certificate.
 */
export function attest(request: AttestationRequest): AttestationResult {
  const { registrationId, presented, individual, allowAuthorityAsIndividual, now } = request;
  const [leaf] = presented;
  // DPS: the registration ID is the leaf's common name, and upper and lower case do not count in it.
  if (leaf === undefined || commonName(leaf)?.toLowerCase() !== registrationId.toLowerCase()) {
    return refused('common-name-differs');
  }
  // A disabled individual enrollment blocks the device before its certificate is checked.
  if (individual?.isEnabled === false) return refused('individual-disabled');
  if (!isValidAt(leaf, now)) return refused('leaf-not-valid-now');
  return individual === undefined
    ? attestGroup(request, leaf)
    : attestIndividual(individual, leaf, allowAuthorityAsIndividual);
}
