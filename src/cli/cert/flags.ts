import type { KeyAlgorithm } from 'azure-iot-certificates';
import { jsonFlag } from '../command';
import { choice, path, repeatable, required, text, toggle, wholeNumber, withDefault } from '../flags';

/** Every kind of key; the type keeps the list complete. */
const ALGORITHMS = Object.keys({
  'EC-P256': true,
  'EC-P384': true,
  'RSA-2048': true,
  'RSA-3072': true,
  'RSA-4096': true,
} satisfies Readonly<Record<KeyAlgorithm, true>>) as readonly KeyAlgorithm[];

/** The flags of the files that are written. */
export const fileFlags = {
  out: withDefault(path('directory', 'Where the files go; made when it is missing.'), 'certificates'),
  force: toggle('Replaces files that exist. A key that is replaced is gone.'),
  ...jsonFlag,
};

/** The flags of a certificate whose key is made with it. */
export const certificateFlags = {
  subject: repeatable(
    text(
      'fields',
      'Subject besides the CN: "O=Contoso, C=CH", or "/O=Contoso/C=CH" as openssl writes it. Fields: O, OU, C, ST, L, serialNumber.',
    ),
  ),
  algorithm: withDefault(choice('name', ALGORITHMS, 'Kind of key.'), 'EC-P256'),
  encrypt: toggle('Encrypts the new key with a passphrase that is asked for.'),
  passphraseEnv: text('name', 'Encrypts the new key with the passphrase in this environment variable.'),
  passphraseFile: path('file', 'Encrypts the new key with the passphrase in this file.'),
};

/** The flags of the CA that signs, for a certificate that may be self-signed. */
export const optionalIssuerFlags = {
  ca: path('file', 'Certificate of the CA that signs; intermediates above it may follow in the same file.'),
  caKey: path('file', 'Private key of that CA.'),
  caPassphraseEnv: text(
    'name',
    "Name of the environment variable with the passphrase of the CA's key; without it a prompt.",
  ),
  caPassphraseFile: path('file', "File with the passphrase of the CA's key."),
};

/** The flags of the CA that signs. */
export const issuerFlags = {
  ...optionalIssuerFlags,
  ca: required(optionalIssuerFlags.ca),
  caKey: required(optionalIssuerFlags.caKey),
};

/** The flag of the validity. */
export function daysFlag(byDefault: number, remark = '') {
  return { days: wholeNumber(`How many days it is valid; without it ${byDefault}${remark}.`, 1, 36_500) };
}

/** The option for the flag of the validity. */
export function validityOption({ days }: { readonly days: number | undefined }) {
  return days === undefined ? {} : { validity: { days } };
}

/** The flags of the options of the certificate maker. */
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
