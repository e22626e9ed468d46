import { engine } from './engine';
import type { SigningAlgorithm } from './keys';

/** The extensions that depend on the kind of certificate alone; key identifiers are added when it is issued. */
export type Profile = (keyType: SigningAlgorithm['name']) => engine.Extension[];

const { KeyUsageFlags, KeyUsagesExtension } = engine;

/** Root and intermediate: may sign certificates and revocation lists, nothing else. */
export function authorityProfile(pathLength?: number): Profile {
  return () => [
    new engine.BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function leafProfile(purpose: string): Profile {
  return (keyType) => [
    new engine.BasicConstraintsExtension(false, undefined, true),
    // The RSA key exchange of TLS 1.2 encrypts with the certificate's key; elliptic curves only sign.
    keyType === 'ECDSA'
      ? new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)
      : new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new engine.ExtendedKeyUsageExtension([purpose]),
  ];
}

/** Device: authenticates itself as TLS client. */
export const clientProfile = leafProfile(engine.ExtendedKeyUsage.clientAuth);

/** Server of the emulator: answers under these host names and IP addresses. */
export function serverProfile(names: engine.JsonGeneralNames): Profile {
  const leaf = leafProfile(engine.ExtendedKeyUsage.serverAuth);
  return (keyType) => [...leaf(keyType), new engine.SubjectAlternativeNameExtension(names)];
}
