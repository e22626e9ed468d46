import type { KeyObject, X509Certificate } from 'node:crypto';
import { quote } from '../text';
import {
  childrenOf,
  contentOf,
  readElement,
  readInteger,
  readObjectIdentifier,
  Tag,
  type DerElement,
} from './der';

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** The object identifier, e.g. `2.5.4.3` for CN. */
  readonly type: string;
  readonly value: string;
}

/** The basicConstraints extension. */
interface BasicConstraints {
  /** True if the certificate may issue others. */
  readonly ca: boolean;
  /** The number of authorities that may stand below the certificate, if it is limited. */
  readonly pathLength: number | undefined;
}

/** A certificate with the fields that node:crypto does not parse. */
export interface CertificateFacts {
  readonly x509: X509Certificate;
  /** 1 to 3. */
  readonly version: number;
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  /** The subject in a form that is equal for names that RFC 5280 takes for equal. */
  readonly subjectKey: string;
  /** The issuer in that form. */
  readonly issuerKey: string;
  /** The common names in the order of the subject. */
  readonly commonNames: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Absent if OpenSSL does not know the kind of key. */
  readonly publicKey: KeyObject | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  /** The bits of the keyUsage extension, counted from digitalSignature (0), if the extension is there. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  /** The object identifiers of the extendedKeyUsage extension, if the extension is there. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** The object identifier; for RSASSA-PSS followed by `/` and that of the hash. */
  readonly signatureAlgorithm: string;
  /** True if subject and issuer are the same name. */
  readonly selfIssued: boolean;
  /** True if the certificate is self-issued and its own key verifies its signature. */
  readonly selfSigned: boolean;
}

const COMMON_NAME = '2.5.4.3';
const EXTENSION = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;
const RSA_PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';

/** The algorithms of {@link CertificateFacts.signatureAlgorithm} that can be forged, with their names. */
export const WEAK_SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2 with RSA',
  '1.2.840.113549.1.1.3': 'MD4 with RSA',
  '1.2.840.113549.1.1.4': 'MD5 with RSA',
  '1.2.840.113549.1.1.5': 'SHA-1 with RSA',
  '1.3.14.3.2.29': 'SHA-1 with RSA',
  '1.2.840.113549.1.1.10/1.3.14.3.2.26': 'SHA-1 with RSA-PSS',
  '1.2.840.10045.4.1': 'SHA-1 with ECDSA',
  '1.2.840.10040.4.3': 'SHA-1 with DSA',
};

/** Reads the facts of a certificate that node:crypto has accepted. */
export function factsOf(x509: X509Certificate): CertificateFacts {
  const der = x509.raw;
  const [body, algorithm] = partsOf(der, readElement(der, 0));
  const fields = partsOf(der, body);
  // Version 1 certificates leave the version out (RFC 5280, 4.1.2.1).
  const [version] = fields[0]?.tag === Tag.context0 ? fields : [];
  const skip = version === undefined ? 0 : 1;
  const issuer = readName(der, fields[skip + 2]);
  const subject = readName(der, fields[skip + 4]);
  const extensions = readExtensions(
    der,
    fields.find(({ tag }) => tag === Tag.context3),
  );
  const publicKey = publicKeyOf(x509);
  const [subjectKey, issuerKey] = [normalizedName(subject), normalizedName(issuer)];
  return {
    x509,
    version: 1 + (readInteger(der, partsOf(der, version)[0]) ?? 0),
    subject,
    issuer,
    subjectKey,
    issuerKey,
    commonNames: subject.filter(({ type }) => type === COMMON_NAME).map(({ value }) => value),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
    publicKey,
    basicConstraints: readBasicConstraints(extensions.get(EXTENSION.basicConstraints)),
    keyUsage: readKeyUsage(extensions.get(EXTENSION.keyUsage)),
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(EXTENSION.extendedKeyUsage)),
    signatureAlgorithm: readSignatureAlgorithm(der, algorithm),
    selfIssued: subjectKey === issuerKey,
    selfSigned: subjectKey === issuerKey && verifies(x509, publicKey),
  };
}

/**
 * The thumbprints of a certificate in upper-case hexadecimal digits without colons, as IoT Hub and the portals show
 * them.
 */
export interface Thumbprint {
  readonly sha1: string;
  readonly sha256: string;
}

/** The thumbprints of a certificate. */
export function thumbprintOf({ fingerprint, fingerprint256 }: X509Certificate): Thumbprint {
  return { sha1: fingerprint.replaceAll(':', ''), sha256: fingerprint256.replaceAll(':', '') };
}

/** Tells whether the key verifies the certificate's signature. `false` for keys that cannot verify. */
export function verifies(x509: X509Certificate, key: KeyObject | undefined): boolean {
  if (key === undefined) return false;
  try {
    return x509.verify(key);
  } catch {
    return false;
  }
}

/** Tells whether the private key belongs to the certificate. */
export function matchesKey({ x509 }: CertificateFacts, key: KeyObject): boolean {
  try {
    return x509.checkPrivateKey(key);
  } catch {
    return false;
  }
}

const KEY_CERT_SIGN = 5;

/** Tells whether a certificate may issue others: CA:TRUE and, where it has key usage, keyCertSign. */
export function mayIssue({ basicConstraints, keyUsage, selfSigned }: CertificateFacts): boolean {
  // Version 1 certificates, as old roots are, have no extensions.
  return (basicConstraints?.ca ?? selfSigned) && keyUsage?.has(KEY_CERT_SIGN) !== false;
}

/** Tells whether a certificate is valid at that time. */
export function isValidAt({ notBefore, notAfter }: CertificateFacts, now: Date): boolean {
  return notBefore <= now && now <= notAfter;
}

function publicKeyOf(x509: X509Certificate): KeyObject | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

function partsOf(der: Buffer, parent: DerElement | undefined): DerElement[] {
  return parent === undefined ? [] : childrenOf(der, parent);
}

/** The content of every extension by its object identifier. */
function readExtensions(der: Buffer, wrapper: DerElement | undefined): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  for (const extension of partsOf(der, partsOf(der, wrapper)[0])) {
    const parts = partsOf(der, extension);
    const value = parts.at(-1);
    if (value?.tag === Tag.octetString)
      extensions.set(readObjectIdentifier(der, parts[0]), contentOf(der, value));
  }
  return extensions;
}

function readBasicConstraints(value: Buffer | undefined): BasicConstraints | undefined {
  if (value === undefined) return undefined;
  const parts = partsOf(value, readElement(value, 0));
  const flag = parts.find(({ tag }) => tag === Tag.boolean);
  const limit = parts.find(({ tag }) => tag === Tag.integer);
  const ca = flag !== undefined && contentOf(value, flag)[0] !== 0;
  return { ca, pathLength: readInteger(value, limit) };
}

function readKeyUsage(value: Buffer | undefined): ReadonlySet<number> | undefined {
  const element = value === undefined ? undefined : readElement(value, 0);
  if (value === undefined || element?.tag !== Tag.bitString) return undefined;
  // The first octet counts unused bits, which DER sets to zero.
  const bits = contentOf(value, element).subarray(1);
  const set = new Set<number>();
  for (const [index, octet] of bits.subarray(0, 2).entries()) {
    for (let bit = 0; bit < 8; bit++) if ((octet & (0x80 >> bit)) !== 0) set.add(index * 8 + bit);
  }
  return set;
}

function readExtendedKeyUsage(value: Buffer | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  return partsOf(value, readElement(value, 0)).map((part) => readObjectIdentifier(value, part));
}

/** RSASSA-PSS uses SHA-1 unless its parameters name another hash (RFC 4055, 3.1). */
function readSignatureAlgorithm(der: Buffer, algorithm: DerElement | undefined): string {
  const [identifier, parameters] = partsOf(der, algorithm);
  const oid = readObjectIdentifier(der, identifier);
  if (oid !== RSA_PSS) return oid;
  const hash = partsOf(der, parameters).find(({ tag }) => tag === Tag.context0);
  const hashOid = readObjectIdentifier(der, partsOf(der, partsOf(der, hash)[0])[0]);
  return `${oid}/${hashOid === '' ? SHA1 : hashOid}`;
}

/** The attributes of a distinguished name. Attributes that are not strings are left out. */
function readName(der: Buffer, name: DerElement | undefined): readonly NameAttribute[] {
  return partsOf(der, name)
    .flatMap((set) => childrenOf(der, set))
    .flatMap((attribute) => {
      const [type, value] = childrenOf(der, attribute);
      if (type === undefined || value === undefined) return [];
      return [
        { type: readObjectIdentifier(der, type), value: decodeString(value.tag, contentOf(der, value)) },
      ];
    });
}

function decodeString(tag: number, content: Buffer): string {
  if (tag !== Tag.bmpString) return content.toString(tag === Tag.utf8String ? 'utf8' : 'latin1');
  const evenLength = content.length & ~1;
  return Buffer.from(content.subarray(0, evenLength)).swap16().toString('utf16le');
}

/** Letter case and runs of spaces do not distinguish names (RFC 5280, 7.1). */
function normalizedName(name: readonly NameAttribute[]): string {
  return name
    .map(({ type, value }) => JSON.stringify([type, value.trim().replace(/\s+/g, ' ').toLowerCase()]))
    .join();
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.25': 'DC',
};

/**
 * The name as the `-subj` option of openssl takes it, with another common name, or without one. Unusual attributes are
 * left out.
 */
export function subjectArgument(name: readonly NameAttribute[], commonName?: string): string {
  const others = name.filter(({ type }) => type !== COMMON_NAME && SHORT_NAMES[type] !== undefined);
  return [...others, ...(commonName === undefined ? [] : [{ type: COMMON_NAME, value: commonName }])]
    .map(({ type, value }) => `/${SHORT_NAMES[type] ?? type}=${value.replace(/[\\/+]/g, '\\$&')}`)
    .join('');
}

/** The name in full, e.g. `O=Example, CN=device-1`. Control characters are not escaped. */
export function nameText(name: readonly NameAttribute[]): string {
  return name.map(({ type, value }) => `${SHORT_NAMES[type] ?? type}=${value}`).join(', ');
}

/** The name as messages show it, e.g. `"O=Example, CN=device-1"`. */
export function displayName(name: readonly NameAttribute[]): string {
  return name.length === 0 ? 'an empty name' : quote(nameText(name));
}
