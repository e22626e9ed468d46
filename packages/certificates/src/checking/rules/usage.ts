import { list } from '../../text';
import { newCertificate } from './remedies';
import { always, forLeaf, type Rule } from './rule';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY = '2.5.29.37.0';
const DIGITAL_SIGNATURE = 0;

/** Purposes of the extended key usage, apart from clientAuth. */
export const PURPOSES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

/** The bits of the key usage, from bit 0 on. */
export const BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** What the certificate says it may be used for. Azure does not document that it looks, so these are warnings. */
export const USAGE_RULES: readonly Rule[] = [
  {
    name: 'extended-key-usage-client',
    checks: 'Extended key usage, where present, has clientAuth.',
    source: 'RFC 5280 section 4.2.1.12; the certificates in Azure IoT tutorials carry clientAuth',
    severity: always('warning'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      const purposes = leaf.extendedKeyUsage;
      if (purposes === undefined || purposes.includes(CLIENT_AUTH) || purposes.includes(ANY))
        return undefined;
      const names = list(purposes.slice(0, 10).map((oid) => PURPOSES[oid] ?? oid));
      return {
        message: `The certificate in ${context.certificateOrigin.label} is for ${names === '' ? 'no purpose' : names} only (extended key usage), not for clientAuth; TLS servers may refuse it.`,
        remedy: `Issue it with extendedKeyUsage clientAuth, or without the extension. ${newCertificate(context)}`,
      };
    }),
  },
  {
    name: 'key-usage-signature',
    checks: 'Key usage, where present, has digitalSignature.',
    source: 'RFC 5280 section 4.2.1.3; RFC 8446 section 4.4.2.2: the key signs the handshake',
    severity: always('warning'),
    unless: ['leaf-is-no-authority'],
    check: forLeaf((leaf, context) => {
      const bits = leaf.keyUsage;
      if (bits === undefined || bits.has(DIGITAL_SIGNATURE)) return undefined;
      const names = list([...bits].map((bit) => BITS[bit] ?? `bit ${bit}`));
      return {
        message: `The key of the certificate in ${context.certificateOrigin.label} is for ${names === '' ? 'nothing' : names} only (key usage), not for digitalSignature; TLS servers may refuse it.`,
        remedy: `Issue it with keyUsage = critical, digitalSignature, or without the extension. ${newCertificate(context)}`,
      };
    }),
  },
];
