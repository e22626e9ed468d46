/** What reading found: its severity lives in the table of reading rules. */
export interface ReadingFinding {
  readonly rule: ReadingRuleName;
  readonly message: string;
  readonly remedy: string;
}

/** What a reading rule is about, where it comes from and how grave a finding is. */
export interface ReadingRule {
  readonly source: string;
  readonly severity: 'error' | 'warning' | 'info';
}

const RFC7468 = 'RFC 7468: the textual (PEM) encoding of certificates and keys';
const LIBRARY = 'azure-iot-x509: what this library reads';

/**
 * What is found while reading. Its errors cannot be skipped, because nothing could be presented to Azure then.
 */
export const READING_RULES = {
  'file-readable': { severity: 'error', source: 'The operating system: the file must exist and be readable' },
  'file-size': { severity: 'error', source: `${LIBRARY}; certificates and keys have a few kilobytes` },
  'file-not-empty': { severity: 'error', source: LIBRARY },
  'pem-intact': { severity: 'error', source: RFC7468 },
  'certificate-present': {
    severity: 'error',
    source: 'TLS client authentication presents an X.509 certificate',
  },
  'certificate-readable': { severity: 'error', source: 'RFC 5280: the structure of a certificate' },
  'certificate-count': {
    severity: 'error',
    source: `${LIBRARY}; a device presents a handful of certificates`,
  },
  'private-key-present': {
    severity: 'error',
    source: 'TLS client authentication signs with the private key',
  },
  'private-key-readable': {
    severity: 'error',
    source: 'RFC 5958, RFC 8017 and RFC 5915: the structures of keys',
  },
  'pkcs12-readable': { severity: 'error', source: 'RFC 7292: the structure of a PKCS#12 file' },
  'private-key-single': { severity: 'warning', source: LIBRARY },
  'certificate-and-key-in-place': { severity: 'error', source: LIBRARY },
  'passphrase-given': { severity: 'error', source: 'RFC 8018: an encrypted key needs its passphrase' },
  'passphrase-correct': { severity: 'error', source: 'RFC 8018: an encrypted key needs its passphrase' },
  'passphrase-needed': { severity: 'info', source: LIBRARY },
  'key-encryption-supported': { severity: 'error', source: 'OpenSSL 3, which Node.js decrypts keys with' },
  'text-as-it-should-be': { severity: 'info', source: RFC7468 },
} as const satisfies Readonly<Record<string, ReadingRule>>;

/** The name of a rule that reading applies. */
type ReadingRuleName = keyof typeof READING_RULES;
