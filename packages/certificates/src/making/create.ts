import { issueCertificate } from './issue';
import type { CertificateOptions, IssuerOption } from './options';
import type { IssuedCertificate } from './issued-certificate';
import type { Issuer } from './issuer';
import type { OptionProblems } from '../options';
import { authorityProfile, clientProfile } from './profile';
import { ANY_NAME, REGISTRATION_ID, type CommonNameRule } from './subject';

/** Options of {@link createRootCertificate}. */
export type RootCertificateOptions = CertificateOptions;

/** Options of {@link createIntermediateCertificate}. */
export type IntermediateCertificateOptions = CertificateOptions &
  IssuerOption & {
    /**
     * The number of intermediates that may stand between the certificate and a device. Default 0: it signs devices
     * only.
     */
    pathLength?: number;
  };

/** Options of {@link createDeviceCertificate}. */
export type DeviceCertificateOptions = CertificateOptions & IssuerOption;

/** Options of {@link createSelfSignedCertificate}. */
export type SelfSignedCertificateOptions = CertificateOptions;

/** Options of {@link createVerificationCertificate}. */
export type VerificationCertificateOptions = Omit<CertificateOptions, 'commonName'> &
  IssuerOption & {
    /** The code that "Generate verification code" shows in the Azure portal or in IoT Central; becomes the CN. */
    verificationCode: string;
  };

/**
 * Makes a root: a self-signed certificate authority that signs intermediates or devices. Upload its `certificate`
 * to DPS or IoT Central, verify it (see `createVerificationCertificate`) and refer to it in an enrollment group.
 *
 * Default validity: 3650 days as in Microsoft's tutorial. A new root needs new certificates for everything below it.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed. Lists every problem.
 */
export async function createRootCertificate(options: RootCertificateOptions): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: ANY_NAME,
    defaultDays: 3650,
    profile: authorityProfile(),
    isSelfSigned: true,
  });
}

/**
 * Makes an intermediate: a certificate authority signed by a root or by another intermediate. Devices whose
 * enrollment group holds the root must send it with their own certificate: `fullChain` has both.
 *
 * Default validity: 1825 days or the issuer's end if that is sooner: half of the root's, so that the intermediates can
 * be renewed once below the same root.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it. Lists
 * every problem.
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
 * Makes a device certificate (a leaf) signed by a root or an intermediate, for enrollment groups. The common name is
 * the registration ID and becomes the device ID.
 *
 * Default validity: 365 days or the issuer's end if that is sooner. IoT Hub consults no revocation list: the end of
 * validity stops a stolen key.
 *
 * @example
 * ```ts
 * const root = await createRootCertificate({ commonName: 'Contoso Root CA' });
 * const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: root });
 * ```
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it. Lists
 * every problem.
 */
export async function createDeviceCertificate(options: DeviceCertificateOptions): Promise<IssuedCertificate> {
  return issueCertificate(options, {
    nameRule: REGISTRATION_ID,
    defaultDays: 365,
    profile: clientProfile,
    isSelfSigned: false,
  });
}

/**
 * Makes a device certificate that is signed by its own key, for individual enrollments (DPS or IoT Central), which
 * hold this very certificate. It is not a certificate authority and cannot be used in an enrollment group.
 *
 * Default validity: 365 days as in Microsoft's samples. The secondary certificate of the enrollment allows to renew it
 * without an interruption.
 *
 * @example
 * ```ts
 * const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
 * await writeCertificate(device, { directory: 'certificates', name: 'sensor-17' });
 * ```
 * @throws InvalidOptionsError when options are missing, unknown or malformed. Lists every problem.
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

const VERIFICATION_CODE: CommonNameRule = {
  option: 'verificationCode',
  remedy: 'Copy the code from the portal: the CA certificate > Generate verification code.',
};

/**
 * Makes the certificate that proves possession of a certificate authority's key: a leaf whose common name is the
 * verification code, signed by the CA that is being verified (the `issuer`). Upload its `certificate` where the code
 * was shown.
 *
 * Default validity: 30 days or the issuer's end if that is sooner, as in Microsoft's tools. It is needed once.
 *
 * @throws InvalidOptionsError when options are missing, unknown or malformed, or the issuer may not sign it. Lists
 * every problem.
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
