import type { KeyObject, X509Certificate } from 'node:crypto';
import {
  childrenOf,
  contentOf,
  readElement,
  readInteger,
  readObjectIdentifier,
  Tag,
  type DerElement,
} from './der';
import { normalizedName, parseName, type NameAttribute } from './name';

/** The extension that says whether a certificate may issue others, and how many levels below it. */
interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

/** A certificate with what node:crypto does not tell about it. */
export interface CertificateFacts {
  readonly x509: X509Certificate;
  readonly subject: readonly NameAttribute[];
  /** Names in a form that can be compared as RFC 5280 demands. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  readonly issuer: readonly NameAttribute[];
  /** Every common name, in the order of the subject. */
  readonly commonNames: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  /** The bits of keyUsage from digitalSignature (0) on, when the extension is there. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  /** Object identifiers of extendedKeyUsage, when the extension is there. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly signatureAlgorithm: string;
  /** Subject and issuer are the same name. */
  readonly selfIssued: boolean;
  /** Its own key verifies its signature. */
  readonly selfSigned: boolean;
}

const COMMON_NAME = '2.5.4.3';
const EXTENSION = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;
const RSA_PSS = '1.2.840.113549.1.1.10';

/** Gathers the facts of a certificate that node:crypto has accepted. */
export function factsOf(x509: X509Certificate): CertificateFacts {
  const der = x509.raw;
  const [body, algorithm] = partsOf(der, readElement(der, 0));
  const fields = partsOf(der, body);
  // The version is left out in version 1 certificates.
  const skip = fields[0]?.tag === Tag.context0 ? 1 : 0;
  const issuer = parseName(der, fields[skip + 2]);
  const subject = parseName(der, fields[skip + 4]);
  const extensions = parseExtensions(
    der,
    fields.find(({ tag }) => tag === Tag.context3),
  );
  const publicKey = publicKeyOf(x509);
  const [subjectKey, issuerKey] = [normalizedName(subject), normalizedName(issuer)];
  return {
    x509,
    subject,
    issuer,
    subjectKey,
    issuerKey,
    commonNames: subject.filter(({ type }) => type === COMMON_NAME).map(({ value }) => value),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
    publicKey,
    basicConstraints: parseBasicConstraints(extensions.get(EXTENSION.basicConstraints)),
    keyUsage: parseKeyUsage(extensions.get(EXTENSION.keyUsage)),
    extendedKeyUsage: parseExtendedKeyUsage(extensions.get(EXTENSION.extendedKeyUsage)),
    signatureAlgorithm: parseSignatureAlgorithm(der, algorithm),
    selfIssued: subjectKey === issuerKey,
    selfSigned: subjectKey === issuerKey && verifies(x509, publicKey),
  };
}

/** Whether a key verifies a certificate's signature; a key that cannot verify anything does not. */
export function verifies(x509: X509Certificate, key: KeyObject | undefined): boolean {
  if (key === undefined) return false;
  try {
    return x509.verify(key);
  } catch {
    return false;
  }
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
function parseExtensions(der: Buffer, wrapper: DerElement | undefined): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  for (const extension of partsOf(der, partsOf(der, wrapper)[0])) {
    const parts = partsOf(der, extension);
    const value = parts.at(-1);
    if (value?.tag === Tag.octetString)
      extensions.set(readObjectIdentifier(der, parts[0]), contentOf(der, value));
  }
  return extensions;
}

function parseBasicConstraints(value: Buffer | undefined): BasicConstraints | undefined {
  if (value === undefined) return undefined;
  const parts = partsOf(value, readElement(value, 0));
  const flag = parts.find(({ tag }) => tag === Tag.boolean);
  const ca = flag !== undefined && contentOf(value, flag)[0] !== 0;
  return {
    ca,
    pathLength: readInteger(
      value,
      parts.find(({ tag }) => tag === Tag.integer),
    ),
  };
}

function parseKeyUsage(value: Buffer | undefined): ReadonlySet<number> | undefined {
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

function parseExtendedKeyUsage(value: Buffer | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  return partsOf(value, readElement(value, 0)).map((part) => readObjectIdentifier(value, part));
}

/** The object identifier; for RSASSA-PSS followed by that of its hash, which is SHA-1 unless it is named. */
function parseSignatureAlgorithm(der: Buffer, algorithm: DerElement | undefined): string {
  const [identifier, parameters] = partsOf(der, algorithm);
  const oid = readObjectIdentifier(der, identifier);
  if (oid !== RSA_PSS) return oid;
  const hash = partsOf(der, parameters).find(({ tag }) => tag === Tag.context0);
  const hashOid = readObjectIdentifier(der, partsOf(der, partsOf(der, hash)[0])[0]);
  return `${oid}/${hashOid === '' ? '1.3.14.3.2.26' : hashOid}`;
}
