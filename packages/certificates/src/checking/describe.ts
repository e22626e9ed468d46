import {
  nameText,
  thumbprintOf,
  type CertificateFacts,
  type NameAttribute,
  type Thumbprint,
} from '../reading/certificate';
import { count, DAY_MS, instant } from '../text';
import { describeKey } from './rules/key';
import { ANY_PURPOSE, CLIENT_AUTH, KEY_USAGES, PURPOSES } from './rules/leaf';

const DIGITAL_SIGNATURE = 0;
const KEY_CERT_SIGN = 5;

/** The names of signature algorithms, by object identifier. */
const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.1': 'ECDSA with SHA-1',
  '1.2.840.10045.4.3.2': 'ECDSA with SHA-256',
  '1.2.840.10045.4.3.3': 'ECDSA with SHA-384',
  '1.2.840.10045.4.3.4': 'ECDSA with SHA-512',
  '1.2.840.113549.1.1.4': 'RSA with MD5',
  '1.2.840.113549.1.1.5': 'RSA with SHA-1',
  '1.2.840.113549.1.1.11': 'RSA with SHA-256',
  '1.2.840.113549.1.1.12': 'RSA with SHA-384',
  '1.2.840.113549.1.1.13': 'RSA with SHA-512',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
};

/** The content of a certificate in words. Control characters in names are not escaped. */
export interface CertificateDescription {
  readonly subject: string;
  readonly issuer: string;
  /** The first common name: the registration ID of a device. */
  readonly commonName: string | undefined;
  readonly serialNumber: string;
  /** ISO 8601. */
  readonly notBefore: string;
  /** ISO 8601. */
  readonly notAfter: string;
  /** Whole days until the certificate expires; negative after that. */
  readonly daysLeft: number;
  readonly thumbprint: Thumbprint;
  readonly key: string;
  readonly signature: string;
  readonly isSelfSigned: boolean;
  readonly isAuthority: boolean;
  /** The number of intermediates that may stand between the certificate and a device, if it is limited. */
  readonly pathLength: number | undefined;
  readonly keyUsage: readonly string[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly kind: CertificateKind;
  /** The use of the certificate for a device or an enrollment, in a sentence. */
  readonly usableAs: string;
}

/** The kind of a certificate by its own extensions. */
type CertificateKind =
  | 'root CA'
  | 'intermediate CA'
  | 'device certificate'
  | 'self-signed device certificate'
  | 'other certificate';

/** Describes a certificate for people and for JSON. */
export function describeCertificate(facts: CertificateFacts, now: Date): CertificateDescription {
  const { x509, keyUsage, extendedKeyUsage, basicConstraints } = facts;
  const kind = kindOf(facts);
  return {
    subject: fullName(facts.subject),
    issuer: fullName(facts.issuer),
    commonName: facts.commonNames[0],
    serialNumber: x509.serialNumber,
    notBefore: instant(facts.notBefore),
    notAfter: instant(facts.notAfter),
    daysLeft: Math.floor((facts.notAfter.getTime() - now.getTime()) / DAY_MS),
    thumbprint: thumbprintOf(x509),
    key: describeKey(facts.publicKey),
    signature: SIGNATURES[facts.signatureAlgorithm] ?? facts.signatureAlgorithm,
    isSelfSigned: facts.selfSigned,
    isAuthority: basicConstraints?.ca === true,
    pathLength: basicConstraints?.pathLength,
    keyUsage: keyUsage && [...keyUsage].map((bit) => KEY_USAGES[bit] ?? `bit ${bit}`),
    extendedKeyUsage: extendedKeyUsage?.map(purposeName),
    kind,
    usableAs: USES[kind](facts),
  };
}

function kindOf({
  basicConstraints,
  selfSigned,
  extendedKeyUsage,
  keyUsage,
}: CertificateFacts): CertificateKind {
  if (basicConstraints?.ca === true) return selfSigned ? 'root CA' : 'intermediate CA';
  const isForClients =
    extendedKeyUsage === undefined ||
    extendedKeyUsage.includes(CLIENT_AUTH) ||
    extendedKeyUsage.includes(ANY_PURPOSE);
  if (!isForClients || keyUsage?.has(DIGITAL_SIGNATURE) === false) return 'other certificate';
  return selfSigned ? 'self-signed device certificate' : 'device certificate';
}

const USES: Readonly<Record<CertificateKind, (facts: CertificateFacts) => string>> = {
  'root CA': (facts) =>
    `Enroll it in an enrollment group. ${signs(facts)} Being self-signed, it can serve a single device in an individual enrollment, too.`,
  'intermediate CA': (facts) =>
    `${signs(facts)} Enroll it, or the root above it, in an enrollment group; devices send it after their own certificate.`,
  'device certificate': () => 'A device presents it; the CA above it is enrolled in an enrollment group.',
  'self-signed device certificate': () =>
    'A device presents it; it is enrolled itself, in an individual enrollment.',
  'other certificate': ({ extendedKeyUsage }) =>
    `It does not say that a device may present it (extended key usage: ${extendedKeyUsage?.map(purposeName).join(', ') ?? 'any'}).`,
};

function signs({ keyUsage, basicConstraints }: CertificateFacts): string {
  if (keyUsage?.has(KEY_CERT_SIGN) === false)
    return 'It must not sign certificates (its key usage lacks keyCertSign).';
  const limit = basicConstraints?.pathLength;
  if (limit === undefined) return 'It signs intermediates and devices.';
  return limit === 0
    ? 'It signs devices, but no intermediates (path length 0).'
    : `It signs devices and up to ${count(limit, 'level')} of intermediates.`;
}

function purposeName(oid: string): string {
  return PURPOSES[oid] ?? (oid === ANY_PURPOSE ? 'any purpose' : oid);
}

function fullName(name: readonly NameAttribute[]): string {
  return name.length === 0 ? '(empty name)' : nameText(name);
}
