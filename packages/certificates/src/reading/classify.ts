import { childrenOf, readElement, readObjectIdentifier, Tag } from './der';

/** What a block or a file turns out to be, judged by its structure and not by its name. */
export type ContentKind =
  | 'certificate'
  | 'pkcs8-key'
  | 'encrypted-pkcs8-key'
  | 'rsa-key'
  | 'ec-key'
  | 'legacy-encrypted-key'
  | 'dsa-key'
  | 'openssh-key'
  | 'public-key'
  | 'request'
  | 'revocation-list'
  | 'pkcs7'
  | 'pkcs12'
  | 'parameters'
  | 'unknown';

/** What a person calls each kind, with its article. */
export const KIND_NAMES: Readonly<Record<ContentKind, string>> = {
  certificate: 'a certificate',
  'pkcs8-key': 'a private key',
  'encrypted-pkcs8-key': 'an encrypted private key',
  'rsa-key': 'an RSA private key',
  'ec-key': 'an EC private key',
  'legacy-encrypted-key': 'an encrypted private key',
  'dsa-key': 'a DSA private key',
  'openssh-key': 'a private key in OpenSSH format',
  'public-key': 'a public key',
  request: 'a certificate signing request (CSR)',
  'revocation-list': 'a certificate revocation list (CRL)',
  pkcs7: 'a PKCS#7 bundle (.p7b)',
  pkcs12: 'a PKCS#12 file (.pfx or .p12)',
  parameters: 'key parameters',
  unknown: 'neither a certificate nor a key',
};

/** The kinds of which a private key can be read. */
export const KEY_KINDS: ReadonlySet<ContentKind> = new Set<ContentKind>([
  'pkcs8-key',
  'encrypted-pkcs8-key',
  'rsa-key',
  'ec-key',
  'legacy-encrypted-key',
  'dsa-key',
]);

const LABELS: Readonly<Record<string, ContentKind>> = {
  CERTIFICATE: 'certificate',
  'X509 CERTIFICATE': 'certificate',
  'TRUSTED CERTIFICATE': 'certificate',
  'PRIVATE KEY': 'pkcs8-key',
  'ENCRYPTED PRIVATE KEY': 'encrypted-pkcs8-key',
  'RSA PRIVATE KEY': 'rsa-key',
  'EC PRIVATE KEY': 'ec-key',
  'DSA PRIVATE KEY': 'dsa-key',
  'OPENSSH PRIVATE KEY': 'openssh-key',
  'PUBLIC KEY': 'public-key',
  'RSA PUBLIC KEY': 'public-key',
  'SSH2 PUBLIC KEY': 'public-key',
  'CERTIFICATE REQUEST': 'request',
  'NEW CERTIFICATE REQUEST': 'request',
  'X509 CRL': 'revocation-list',
  PKCS7: 'pkcs7',
  CMS: 'pkcs7',
  'EC PARAMETERS': 'parameters',
  'DH PARAMETERS': 'parameters',
};

/** What a PEM label promises; the content decides where it is intact. */
export function kindOfLabel(label: string): ContentKind {
  return LABELS[label] ?? 'unknown';
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** Tells from the outermost parts of DER what it is. */
export function kindOfDer(der: Buffer): ContentKind {
  const outer = readElement(der, 0);
  if (outer?.tag !== Tag.sequence) return 'unknown';
  const parts = childrenOf(der, outer);
  const tags = parts.map((part) => part.tag);
  const starts = (...expected: readonly number[]): boolean =>
    expected.every((tag, index) => tags[index] === tag);
  if (starts(Tag.sequence, Tag.sequence, Tag.bitString)) return kindOfSigned(der, parts[0]);
  if (starts(Tag.integer, Tag.sequence, Tag.octetString)) return 'pkcs8-key';
  if (starts(Tag.sequence, Tag.octetString) && tags.length === 2) return 'encrypted-pkcs8-key';
  if (starts(Tag.sequence, Tag.bitString) && tags.length === 2) return 'public-key';
  if (starts(Tag.integer, Tag.octetString)) return 'ec-key';
  if (tags.length >= 5 && tags.slice(0, 6).every((tag) => tag === Tag.integer))
    return tags.length > 6 ? 'rsa-key' : 'dsa-key';
  if (starts(Tag.integer, Tag.integer) && tags.length === 2) return 'public-key';
  if (starts(Tag.objectIdentifier, Tag.context0)) {
    return readObjectIdentifier(der, parts[0]) === SIGNED_DATA ? 'pkcs7' : 'unknown';
  }
  return starts(Tag.integer, Tag.sequence) ? 'pkcs12' : 'unknown';
}

/** Certificates, signing requests and revocation lists share their outer form. */
function kindOfSigned(der: Buffer, body: ReturnType<typeof readElement>): ContentKind {
  if (body === undefined) return 'unknown';
  const tags = childrenOf(der, body).map((part) => part.tag);
  if (tags.includes(Tag.utcTime) || tags.includes(Tag.generalizedTime)) return 'revocation-list';
  return tags[0] === Tag.integer && tags.length <= 4 ? 'request' : 'certificate';
}

/** What a text without any PEM block looks like, as the end of a sentence; never its content. */
export function describeText(text: string): string {
  const head = text.slice(0, 2000).trimStart();
  if (head.includes('\0')) return 'binary data that is neither a certificate nor a key';
  if (/^(?:<!doctype html|<html)/i.test(head)) return 'an HTML page, such as a sign-in page saved by mistake';
  if (/^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S{1,30}) /.test(head)) return 'an SSH public key';
  if (head.startsWith('PuTTY-User-Key-File')) return 'a private key in PuTTY format';
  if (head.startsWith('{') || head.startsWith('[')) return 'JSON';
  if (
    text.length < 300 &&
    !text.trim().includes('\n') &&
    /(?:^[.~]?\/|\\|\.(?:pem|crt|cer|key|der|pfx|p12)$)/i.test(text.trim())
  ) {
    return 'what looks like a path';
  }
  return 'text without a PEM block (no "-----BEGIN" line)';
}
