import type { KeyAlgorithm } from 'azure-iot-certificates';
import { flagTable } from '../flags/spec';
import { jsonFlag } from '../global-flags';

/** Every kind of key, which the type keeps complete. */
const ALGORITHMS = Object.keys({
  'EC-P256': true,
  'EC-P384': true,
  'RSA-2048': true,
  'RSA-3072': true,
  'RSA-4096': true,
} satisfies Readonly<Record<KeyAlgorithm, true>>) as readonly KeyAlgorithm[];

/** Where the files go. */
export const fileFlags = flagTable({
  out: {
    type: 'directory',
    default: 'certificates',
    description: 'Where the files go; made when it is missing.',
  },
  force: { type: 'boolean', description: 'Replaces files that exist. A key that is replaced is gone.' },
  ...jsonFlag,
});

/** What a certificate and its key are like. */
export const certificateFlags = flagTable({
  subject: {
    type: 'string',
    repeatable: true,
    valueName: 'FIELDS',
    description:
      'Subject besides the CN: "O=Contoso, C=CH", or "/O=Contoso/C=CH" as openssl writes it. Fields: O, OU, C, ST, L, serialNumber.',
  },
  algorithm: {
    type: 'enum',
    values: ALGORITHMS,
    valueName: 'NAME',
    default: 'EC-P256',
    description: `Kind of key: ${ALGORITHMS.join(', ')}.`,
  },
  encrypt: { type: 'boolean', description: 'Encrypts the new key with a passphrase that is asked for.' },
  passphraseEnv: {
    type: 'string',
    valueName: 'NAME',
    description: 'Encrypts the new key with the passphrase in this environment variable.',
  },
  passphraseFile: { type: 'file', description: 'Encrypts the new key with the passphrase in this file.' },
});

const ISSUER = {
  ca: {
    type: 'file',
    description: 'Certificate of the CA that signs; intermediates above it may follow in the same file.',
  },
  caKey: { type: 'file', description: 'Private key of that CA.' },
  caPassphraseEnv: {
    type: 'string',
    valueName: 'NAME',
    description: "Name of the environment variable with the passphrase of the CA's key; without it a prompt.",
  },
  caPassphraseFile: { type: 'file', description: "File with the passphrase of the CA's key." },
} as const;

/** Who signs, where it may be nobody else. */
export const optionalIssuerFlags = flagTable(ISSUER);

/** Who signs. */
export const issuerFlags = flagTable({
  ...ISSUER,
  ca: { ...ISSUER.ca, required: true },
  caKey: { ...ISSUER.caKey, required: true },
});

/** How long a certificate is valid. */
export function daysFlag(byDefault: number, remark = '') {
  return flagTable({
    days: {
      type: 'number',
      isInteger: true,
      min: 1,
      max: 36_500,
      description: `How many days it is valid; without it ${byDefault}${remark}.`,
    },
  });
}

/** What the library's options are called on the command line. */
export const CERTIFICATE_TERMS: Readonly<Record<string, string>> = {
  commonName: '--cn',
  verificationCode: '--code',
  subject: '--subject',
  'subject.organization': '--subject: O',
  'subject.organizationalUnit': '--subject: OU',
  'subject.country': '--subject: C',
  'subject.state': '--subject: ST',
  'subject.locality': '--subject: L',
  'subject.serialNumber': '--subject: serialNumber',
  validity: '--days',
  'validity.days': '--days',
  keyAlgorithm: '--algorithm',
  issuer: '--ca',
  pathLength: '--path-length',
  directory: '--out',
  name: '--name',
};
