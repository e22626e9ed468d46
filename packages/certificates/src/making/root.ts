import { issueCertificate } from './issue';
import type { IssuedCertificate } from './issued-certificate';
import type { CertificateOptions } from './options';
import { authorityProfile } from './profile';
import { ANY_NAME } from './subject';

/** Options of {@link createRootCertificate}. */
export type RootCertificateOptions = CertificateOptions;

/**
 * Makes a root: a self-signed certificate authority that signs intermediates or devices. Upload its `certificate`
 * to DPS or IoT Central, verify it (see `createVerificationCertificate`) and refer to it in an enrollment group.
 *
 * Default validity: 3650 days as in Microsoft's tutorial, because replacing a root means to replace everything below it.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed; lists every problem.
 */
export async function createRootCertificate(options: RootCertificateOptions): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: ANY_NAME,
    defaultDays: 3650,
    profile: authorityProfile(),
    isSelfSigned: true,
  });
}
