import { issueCertificate } from './issue';
import type { IssuedCertificate } from './issued-certificate';
import type { CertificateOptions } from './options';
import { clientProfile } from './profile';
import { REGISTRATION_ID } from './subject';

/** Options of {@link createSelfSignedCertificate}. */
export type SelfSignedCertificateOptions = CertificateOptions;

/**
 * Makes a device certificate that is signed by its own key, for individual enrollments (DPS or IoT Central), which
 * hold this very certificate. It is not a certificate authority and cannot be used in an enrollment group.
 *
 * Default validity: 365 days, a year as in Microsoft's samples; the enrollment's secondary certificate is there to
 * renew it without an interruption.
 *
 * @example
 * ```ts
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * await writeCertificate(device, { directory: 'certificates', name: 'sensor-17' });
 * ```
 * @throws InvalidOptionsError when options are missing, unknown or malformed; lists every problem.
 */
export async function createSelfSignedCertificate(
  options: SelfSignedCertificateOptions,
): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: REGISTRATION_ID,
    defaultDays: 365,
    profile: clientProfile,
    isSelfSigned: true,
  });
}
