import { issueCertificate } from './issue';
import type { IssuedCertificate } from './issued-certificate';
import type { CertificateOptions, IssuerOption } from './options';
import { clientProfile } from './profile';
import { REGISTRATION_ID } from './subject';

/** Options of {@link createDeviceCertificate}. */
export type DeviceCertificateOptions = CertificateOptions & IssuerOption;

/**
 * Makes a device certificate (a leaf) signed by a root or an intermediate, for enrollment groups. The common name is
 * the registration ID and becomes the device ID.
 *
 * Default validity: 365 days or the issuer's end if that is sooner. IoT Hub consults no revocation list, so the end
 * of validity is what finally stops a stolen key.
 *
 * @example
 * ```ts
 * const root = await createRootCertificate({ commonName: 'Contoso Root CA' });
 * const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: root });
 * ```
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it; lists every
 * problem.
 */
export async function createDeviceCertificate(options: DeviceCertificateOptions): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: REGISTRATION_ID,
    defaultDays: 365,
    profile: clientProfile,
    isSelfSigned: false,
  });
}
