import { childrenOf, readElement, readObjectIdentifier, Tag, type DerElement } from './der';
import type * as Foreign from './foreign-content';
import { normalizeText, scanPem, type PemBlock } from './pem';
import type { Origin } from './source';

/** The kinds of content, told apart by structure, with the words for them in messages. */
export const KIND_NAMES = {
  certificate: 'a certificate',
  'pkcs8-key': 'a private key',
  'encrypted-pkcs8-key': 'an encrypted private key',
  'rsa-key': 'an RSA private key',
  'ec-key': 'an EC private key',
  'legacy-encrypted-key': 'an encrypted private key',
  'dsa-key': 'a DSA private key',
  'openssh-key': 'a private key in OpenSSH format',
  'tpm-key': 'a private key that only the TPM that made it can use',
  'pkcs11-uri': 'a PKCS#11 URI, which names a private key in a hardware security module, token or TPM',
  'pgp-block': 'a PGP key or message',
  'public-key': 'a public key',
  request: 'a certificate signing request (CSR)',
  'revocation-list': 'a certificate revocation list (CRL)',
  pkcs7: 'a PKCS#7 bundle (.p7b)',
  pkcs12: 'a PKCS#12 file (.pfx or .p12)',
  parameters: 'key parameters',
  unknown: 'neither a certificate nor a key',
} as const;

export type ContentKind = keyof typeof KIND_NAMES;

/** The kinds that a private key can be read from. */
export const KEY_KINDS: ReadonlySet<ContentKind> = new Set<ContentKind>([
  'pkcs8-key',
  'encrypted-pkcs8-key',
  'rsa-key',
  'ec-key',
  'legacy-encrypted-key',
  'dsa-key',
]);

/** The kinds by PEM label. */
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
  'SSH2 ENCRYPTED PRIVATE KEY': 'openssh-key',
  'TSS2 PRIVATE KEY': 'tpm-key',
  'TSS2 KEY BLOB': 'tpm-key',
  'TSS KEY BLOB': 'tpm-key',
  'PKCS#11 PROVIDER URI': 'pkcs11-uri',
  'PGP PRIVATE KEY BLOCK': 'pgp-block',
  'PGP PUBLIC KEY BLOCK': 'pgp-block',
  'PGP MESSAGE': 'pgp-block',
  'PUBLIC KEY': 'public-key',
  'RSA PUBLIC KEY': 'public-key',
  'SSH2 PUBLIC KEY': 'public-key',
  'CERTIFICATE REQUEST': 'request',
  'NEW CERTIFICATE REQUEST': 'request',
  'X509 CRL': 'revocation-list',
  PKCS7: 'pkcs7',
  CMS: 'pkcs7',
  'PKCS #7 SIGNED DATA': 'pkcs7',
  'EC PARAMETERS': 'parameters',
  'DH PARAMETERS': 'parameters',
  'DSA PARAMETERS': 'parameters',
};

/** One certificate, key or other structure of a document. */
export interface Item {
  readonly kind: ContentKind;
  readonly der: Buffer;
  /** The line of its BEGIN, or `undefined` in binary content. */
  readonly line: number | undefined;
  readonly label: string;
  readonly encryption: PemBlock['encryption'];
  /** The damage, if there is any, as the end of a sentence that starts with the item. */
  readonly damage: string | undefined;
}

/** The content of a file or option, taken apart. */
export interface Document {
  readonly origin: Origin;
  /** Permission bits of the file, on POSIX systems. */
  readonly mode: number | undefined;
  readonly items: readonly Item[];
  /** The deviations from the strict PEM format that were allowed for. */
  readonly repairs: readonly string[];
  /** Tells whether the passphrase was used to take it apart (PKCS#12). */
  readonly decrypted: boolean;
  /** What the content is, if it has no items; `undefined` also for none at all. */
  readonly foreign: Foreign.ForeignContent | undefined;
}

/** Takes PEM, DER or Base64 apart. Any bytes are accepted. */
export function parseDocument(origin: Origin, bytes: Buffer, mode: number | undefined): Document {
  return { origin, mode, decrypted: false, ...parse(bytes, true) };
}

type Parsed = Omit<Document, 'origin' | 'mode' | 'decrypted'>;

function parse(bytes: Buffer, mayBeEncoded: boolean): Parsed {
  const binary = parseDer(bytes);
  if (binary !== undefined) return { items: [binary], repairs: [], foreign: undefined };
  const format = isAscii(bytes) ? undefined : foreign().recognizeBinary(bytes);
  if (format !== undefined) return { items: [], repairs: [], foreign: format };
  const { text, repairs } = normalizeText(bytes);
  if (text.trim() === '') return { items: [], repairs, foreign: undefined };
  const pem = scanPem(text);
  if (pem.blocks.length > 0) {
    return { items: pem.blocks.map(toItem), repairs: [...repairs, ...pem.repairs], foreign: undefined };
  }
  const decoded = mayBeEncoded ? parseBase64(text) : undefined;
  return decoded ?? { items: [], repairs, foreign: foreign().recognizeText(text) };
}

/** The names of content of other kinds, which are loaded by such content. */
function foreign(): {
  recognizeBinary: typeof Foreign.recognizeBinary;
  recognizeText: typeof Foreign.recognizeText;
} {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  return require('./foreign-content') as typeof Foreign;
}

/** True if the content begins as text. No known binary format begins with these characters only. */
function isAscii(bytes: Buffer): boolean {
  return /^[\t\r\n -~]*$/.test(bytes.toString('latin1', 0, 16));
}

/** DER that fills the bytes, apart from line ends that an editor may have appended. */
function parseDer(bytes: Buffer): Item | undefined {
  const outer = readElement(bytes, 0);
  if (outer?.tag !== Tag.sequence || bytes.length < 16) return undefined;
  const isText = bytes.subarray(0, 64).every((octet) => octet >= 0x20 && octet < 0x7f);
  if (isText) return undefined;
  const kind = kindOfDer(bytes);
  const cutShort = outer.end > bytes.length;
  const surplus = bytes.subarray(outer.end).some((octet) => octet !== 10 && octet !== 13 && octet !== 0);
  if (kind === 'unknown' && !cutShort) return undefined;
  const der = bytes.subarray(0, outer.end);
  const damage = cutShort
    ? `is cut short: ${outer.end - bytes.length} of ${outer.end} bytes are missing`
    : surplus
      ? `is damaged: it has ${bytes.length - outer.end} bytes more than its content announces`
      : undefined;
  return { ...binaryItem(der), kind, damage };
}

/** An item without a PEM frame. */
export function binaryItem(der: Buffer): Item {
  return { kind: kindOfDer(der), der, line: undefined, label: '', encryption: undefined, damage: undefined };
}

/** Base64 without BEGIN and END lines: of DER, or of a whole PEM file, as secret stores return it. */
function parseBase64(text: string): Parsed | undefined {
  const compact = text.replace(/\s+/g, '');
  if (compact.length < 40 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined;
  const bytes = Buffer.from(compact, 'base64');
  const inner = parse(bytes, false);
  if (inner.foreign !== undefined && foreign().recognizeBinary(bytes) !== undefined) return inner;
  if (inner.items.every(({ damage }) => damage !== undefined)) return undefined;
  const what =
    inner.items[0]?.line === undefined
      ? 'Base64 without BEGIN and END lines'
      : 'PEM encoded as Base64 once more';
  return { ...inner, repairs: [what, ...inner.repairs] };
}

/** The kinds whose content is not DER. */
const OPAQUE_KINDS: ReadonlySet<ContentKind> = new Set<ContentKind>([
  'openssh-key',
  'pkcs11-uri',
  'pgp-block',
]);

/** The kind of an intact block is that of its content, whatever its label. */
function toItem({ label, line, der, encryption, damage }: PemBlock): Item {
  const base = { der, line, label, encryption, damage };
  const promised = LABELS[label] ?? 'unknown';
  if (encryption !== undefined) return { ...base, kind: 'legacy-encrypted-key' };
  if (damage !== undefined || OPAQUE_KINDS.has(promised)) return { ...base, kind: promised };
  const found = kindOfDer(der);
  return { ...base, kind: found === 'unknown' ? promised : found };
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
/** The arc of the keys that a TPM 2.0 has wrapped (TPMKey). */
const TPM_KEY = '2.23.133.10.1.';

/** The kind of a DER structure, judged by its outermost parts. */
function kindOfDer(der: Buffer): ContentKind {
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
  if (starts(Tag.objectIdentifier)) {
    const type = readObjectIdentifier(der, parts[0]);
    return type === SIGNED_DATA ? 'pkcs7' : type.startsWith(TPM_KEY) ? 'tpm-key' : 'unknown';
  }
  return starts(Tag.integer, Tag.sequence) ? 'pkcs12' : 'unknown';
}

/** Certificates, signing requests and revocation lists share their outer form. */
function kindOfSigned(der: Buffer, body: DerElement | undefined): ContentKind {
  if (body === undefined) return 'unknown';
  const tags = childrenOf(der, body).map((part) => part.tag);
  if (tags.includes(Tag.utcTime) || tags.includes(Tag.generalizedTime)) return 'revocation-list';
  return tags[0] === Tag.integer && tags.length <= 4 ? 'request' : 'certificate';
}
