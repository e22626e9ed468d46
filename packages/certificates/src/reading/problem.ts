/** A deviation that was found while reading. The table of reading rules has its severity. */
export interface ReadingFinding {
  readonly rule: ReadingRuleName;
  readonly message: string;
  readonly remedy: string;
}

/** One rule of reading. */
interface ReadingRule {
  /** The state in which the rule finds nothing, for the documentation. */
  readonly checks: string;
  /** The standard, document or practice that the rule comes from. */
  readonly source: string;
  readonly severity: 'error' | 'warning' | 'info';
}

const RFC7468 = 'RFC 7468: the textual (PEM) encoding of certificates and keys';
const LIBRARY = 'azure-iot-x509: what this library reads';

/** The rules of reading. They cannot be skipped: without what they need there is nothing to present. */
export const READING_RULES = {
  'file-readable': {
    checks: 'The file exists, is a regular file (not a directory), and this user may read it.',
    severity: 'error',
    source: 'The operating system: the file must exist and be readable',
  },
  'file-size': {
    checks: 'It has at most one mebibyte.',
    severity: 'error',
    source: `${LIBRARY}; certificates and keys have a few kilobytes`,
  },
  'file-not-empty': {
    checks: 'It is not empty.',
    severity: 'error',
    source: LIBRARY,
  },
  'pem-intact': {
    checks: 'No PEM block or DER structure is truncated or corrupt; the line is named.',
    severity: 'error',
    source: RFC7468,
  },
  'certificate-present': {
    checks: 'The certificate option holds a certificate, not a CSR, a public key or a private key.',
    severity: 'error',
    source: 'TLS client authentication presents an X.509 certificate',
  },
  'certificate-readable': {
    checks: 'OpenSSL can read the certificate.',
    severity: 'error',
    source: 'RFC 5280: the structure of a certificate',
  },
  'certificate-count': {
    checks: 'At most 32 certificates are given.',
    severity: 'error',
    source: `${LIBRARY}; a device presents a handful of certificates`,
  },
  'private-key-present': {
    checks: 'The key option holds a private key, not a certificate, a public key or an OpenSSH key.',
    severity: 'error',
    source: 'TLS client authentication signs with the private key',
  },
  'private-key-readable': {
    checks: 'OpenSSL can read the private key.',
    severity: 'error',
    source: 'RFC 5958, RFC 8017 and RFC 5915: the structures of keys',
  },
  'pkcs12-readable': {
    checks: 'A PKCS#12 file can be taken apart.',
    severity: 'error',
    source: 'RFC 7292: the structure of a PKCS#12 file',
  },
  'private-key-single': {
    checks: 'The key option holds one private key.',
    severity: 'warning',
    source: LIBRARY,
  },
  'certificate-and-key-in-place': {
    checks: 'Certificate and key are not swapped.',
    severity: 'error',
    source: LIBRARY,
  },
  'passphrase-given': {
    checks: 'There is a passphrase for an encrypted key.',
    severity: 'error',
    source: 'RFC 8018: an encrypted key needs its passphrase',
  },
  'passphrase-correct': {
    checks: 'The passphrase decrypts the key.',
    severity: 'error',
    source: 'RFC 8018: an encrypted key needs its passphrase',
  },
  'passphrase-needed': {
    checks: 'No passphrase is given for a key that is not encrypted.',
    severity: 'info',
    source: LIBRARY,
  },
  'key-encryption-supported': {
    checks: 'OpenSSL 3 knows the encryption, and its key derivation ends in good time.',
    severity: 'error',
    source: 'OpenSSL 3, which Node.js decrypts keys with',
  },
  'text-as-it-should-be': {
    checks:
      'The text needs no repair: CRLF, byte order mark, white space, NBSP, text around the blocks (Bag Attributes), literal \\n, typographic dashes.',
    severity: 'info',
    source: RFC7468,
  },
} as const satisfies Readonly<Record<string, ReadingRule>>;

/** The name of a reading rule. */
type ReadingRuleName = keyof typeof READING_RULES;
