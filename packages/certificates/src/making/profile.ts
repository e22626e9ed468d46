import type { SigningAlgorithm } from './keys';
import { x509, type X509 } from './x509';

/** The extensions of one kind of certificate, without the key identifiers. */
export type Profile = (keyType: SigningAlgorithm['name']) => X509.Extension[];

/** The extensions of roots and intermediates: they may sign certificates and revocation lists only. */
export function authorityProfile(pathLength?: number): Profile {
  return () => {
    const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = x509();
    return [
      new BasicConstraintsExtension(true, pathLength, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ];
  };
}

function leafExtensions(
  keyType: SigningAlgorithm['name'],
  purpose: 'clientAuth' | 'serverAuth',
): X509.Extension[] {
  const { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension } = x509();
  const { KeyUsageFlags, KeyUsagesExtension } = x509();
  return [
    new BasicConstraintsExtension(false, undefined, true),
    // The RSA key exchange of TLS 1.2 encrypts with the certificate's key; elliptic curves only sign.
    keyType === 'ECDSA'
      ? new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)
      : new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage[purpose]]),
  ];
}

/** The extensions of device certificates, which authenticate a TLS client. */
export const clientProfile: Profile = (keyType) => leafExtensions(keyType, 'clientAuth');

/** The extensions of certificates that authenticate a TLS server under these host names and IP addresses. */
export function serverProfile(names: X509.JsonGeneralNames): Profile {
  return (keyType) => [
    ...leafExtensions(keyType, 'serverAuth'),
    new (x509().SubjectAlternativeNameExtension)(names),
  ];
}
