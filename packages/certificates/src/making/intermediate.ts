import { issueCertificate } from './issue';
import type { IssuedCertificate } from './issued-certificate';
import type { Issuer } from './issuer';
import type { CertificateOptions, IssuerOption } from './options';
import type { OptionProblems } from './problems';
import { authorityProfile } from './profile';
import { ANY_NAME } from './subject';

/** Options of {@link createIntermediateCertificate}. */
export type IntermediateCertificateOptions = CertificateOptions &
  IssuerOption & {
    /** How many further intermediates may stand between it and a device. Default 0: it signs devices only. */
    pathLength?: number;
  };

function checkPathLength(pathLength: number, issuer: Issuer | undefined, problems: OptionProblems): void {
  if (!Number.isInteger(pathLength) || pathLength < 0) {
    problems.add('pathLength', 'must be a whole number from 0.', 'Leave it out to sign devices only.');
    return;
  }
  if (issuer === undefined) return;
  if (issuer.remainingPathLength < 1) {
    problems.add(
      'issuer',
      'must not sign intermediates (its path length is 0).',
      'Sign with the root, or make the issuing intermediate with a pathLength of 1 or more.',
    );
  } else if (pathLength >= issuer.remainingPathLength) {
    problems.add(
      'pathLength',
      `must be less than ${issuer.remainingPathLength}, the path length that its issuer allows.`,
      'Lower it, or make the issuing intermediate with a higher pathLength.',
    );
  }
}

/**
 * Makes an intermediate: a certificate authority signed by a root or by another intermediate. Devices whose
 * enrollment group holds the root must send it with their own certificate; `fullChain` and `writeCertificate` see to it.
 *
 * Default validity: 1825 days or the issuer's end if that is sooner: half of the root's, so that one renewal of the
 * intermediates fits into the life of the root.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it; lists every
 * problem.
 */
export async function createIntermediateCertificate(
  options: IntermediateCertificateOptions,
): Promise<IssuedCertificate> {
  // Callers without types may pass nothing, which is reported with the other problems.
  const { pathLength = 0 } = (options as Partial<IntermediateCertificateOptions> | null | undefined) ?? {};
  return issueCertificate(options, {
    nameRule: ANY_NAME,
    defaultDays: 1825,
    profile: authorityProfile(pathLength),
    isSelfSigned: false,
    ownOptions: ['pathLength'],
    check: (issuer, problems) => checkPathLength(pathLength, issuer, problems),
  });
}
