import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';

/** The certificates of one device and its enrollment. */
export interface DemoCertificates {
  /** What the device presents. */
  readonly device: IssuedCertificate;
  /** What the operator enrolls: the device's certificate itself, or the certificate authority above it. */
  readonly enrolled: IssuedCertificate;
  /** How they were made, in words. */
  readonly story: string;
}

/** Makes the certificates of the device with that registration ID. */
export type CertificateMaker = (registrationId: string) => Promise<DemoCertificates>;

/** One certificate, signed by its own key. */
export const selfSigned: CertificateMaker = async (registrationId) => {
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  return {
    device,
    enrolled: device,
    story: `made a key and a self-signed certificate with the common name (CN) ${registrationId}`,
  };
};

/** Root, device. */
export function signedByRoot(owner: string): CertificateMaker {
  return async (registrationId) => {
    const root = await createRootCertificate({ commonName: `${owner} Root CA` });
    const device = await createDeviceCertificate({ commonName: registrationId, issuer: root });
    return {
      device,
      enrolled: root,
      story: `made a root CA, "${owner} Root CA", which signed the device's certificate, CN ${registrationId}`,
    };
  };
}

/** Root, intermediate, device. */
export function signedByIntermediate(owner: string): CertificateMaker {
  return async (registrationId) => {
    const root = await createRootCertificate({ commonName: `${owner} Root CA` });
    const issuer = await createIntermediateCertificate({ commonName: `${owner} Line 1 CA`, issuer: root });
    const device = await createDeviceCertificate({ commonName: registrationId, issuer });
    return {
      device,
      enrolled: root,
      story: `made a root CA, "${owner} Root CA", which signed the intermediate "${owner} Line 1 CA", which signed the device's certificate, CN ${registrationId}`,
    };
  };
}
