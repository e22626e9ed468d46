import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';

/** A device below an intermediate below a root, as an enrollment group wants it. */
export interface GroupDevice extends IssuedCertificate {
  readonly root: IssuedCertificate;
  readonly intermediate: IssuedCertificate;
}

export async function makeGroupDevice(commonName: string): Promise<GroupDevice> {
  const subject = { organization: 'Contoso' };
  const root = await createRootCertificate({ commonName: 'Contoso root', subject });
  const intermediate = await createIntermediateCertificate({
    commonName: 'Contoso line 1',
    subject,
    issuer: root,
  });
  const device = await createDeviceCertificate({ commonName, subject, issuer: intermediate });
  const { certificate, chain, fullChain, x509, thumbprint, sha256Thumbprint, privateKey } = device;
  const exportPrivateKey = (passphrase?: string) => device.exportPrivateKey(passphrase);
  return {
    certificate,
    chain,
    fullChain,
    x509,
    thumbprint,
    sha256Thumbprint,
    privateKey,
    exportPrivateKey,
    root,
    intermediate,
  };
}
