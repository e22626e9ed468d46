import { issueCertificate } from './issue';
import type { IssuedCertificate } from './issued-certificate';
import type { CertificateOptions, IssuerOption } from './options';
import { clientProfile } from './profile';
import type { CommonNameRule } from './subject';

/** Options of {@link createVerificationCertificate}. */
export type VerificationCertificateOptions = Omit<CertificateOptions, 'commonName'> &
  IssuerOption & {
    /** The code that "Generate verification code" shows in the Azure portal or in IoT Central; becomes the CN. */
    verificationCode: string;
  };

const VERIFICATION_CODE: CommonNameRule = {
  option: 'verificationCode',
  remedy: 'Copy the code from the portal: the CA certificate > Generate verification code.',
};

/**
 * Makes the certificate that proves possession of a certificate authority's key: a leaf whose common name is the
 * verification code, signed by the CA that is being verified (the `issuer`). Upload its `certificate` where the code
 * was shown.
 *
 * Default validity: 30 days or the issuer's end if that is sooner, as in Microsoft's tools; it is needed once.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it; lists every
 * problem.
 */
export async function createVerificationCertificate(
  options: VerificationCertificateOptions,
): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: VERIFICATION_CODE,
    defaultDays: 30,
    profile: clientProfile,
    isSelfSigned: false,
  });
}
