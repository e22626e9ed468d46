import { list } from '../text';
import { childrenOf, readElement, readObjectIdentifier, Tag, type DerElement } from './der';
import { normalizeText, scanPem, type PemBlock } from './pem';
import type { ReadingFinding } from './problem';
import type { Origin } from './source';

/** The kinds of content, told apart by structure, with the words for them in messages. */
const KIND_NAMES = {
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
} as const;

type ContentKind = keyof typeof KIND_NAMES;

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
  /** The words for content without items; `empty` for none at all. */
  readonly description: string;
}

/** Takes PEM, DER or Base64 apart. Any bytes are accepted. */
export function parseDocument(origin: Origin, bytes: Buffer, mode: number | undefined): Document {
  return { origin, mode, decrypted: false, ...parse(bytes, true) };
}

type Parsed = Omit<Document, 'origin' | 'mode' | 'decrypted'>;

function parse(bytes: Buffer, mayBeEncoded: boolean): Parsed {
  const binary = parseDer(bytes);
  if (binary !== undefined) return { items: [binary], repairs: [], description: '' };
  const { text, repairs } = normalizeText(bytes);
  if (text.trim() === '') return { items: [], repairs, description: 'empty' };
  const pem = scanPem(text);
  if (pem.blocks.length > 0) {
    return { items: pem.blocks.map(toItem), repairs: [...repairs, ...pem.repairs], description: '' };
  }
  const decoded = mayBeEncoded ? parseBase64(text) : undefined;
  return decoded ?? { items: [], repairs, description: describeText(text) };
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
  const inner = parse(Buffer.from(compact, 'base64'), false);
  if (inner.items.every(({ damage }) => damage !== undefined)) return undefined;
  const what =
    inner.items[0]?.line === undefined
      ? 'Base64 without BEGIN and END lines'
      : 'PEM encoded as Base64 once more';
  return { ...inner, repairs: [what, ...inner.repairs] };
}

/** The kind of an intact block is that of its content, whatever its label. */
function toItem({ label, line, der, encryption, damage }: PemBlock): Item {
  const base = { der, line, label, encryption, damage };
  const promised = LABELS[label] ?? 'unknown';
  if (encryption !== undefined) return { ...base, kind: 'legacy-encrypted-key' };
  if (damage !== undefined || promised === 'openssh-key') return { ...base, kind: promised };
  const found = kindOfDer(der);
  return { ...base, kind: found === 'unknown' ? promised : found };
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';

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
  if (starts(Tag.objectIdentifier, Tag.context0)) {
    return readObjectIdentifier(der, parts[0]) === SIGNED_DATA ? 'pkcs7' : 'unknown';
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

/** The words for a text without PEM blocks, as the end of a sentence. The text is never repeated. */
function describeText(text: string): string {
  const head = text.slice(0, 2000).trimStart();
  if (head.includes('\0')) return 'binary data that is neither a certificate nor a key';
  if (/^(?:<!doctype html|<html)/i.test(head)) return 'an HTML page, such as a sign-in page saved by mistake';
  if (/^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S{1,30}) /.test(head)) return 'an SSH public key';
  if (head.startsWith('PuTTY-User-Key-File')) return 'a private key in PuTTY format';
  if (head.startsWith('{') || head.startsWith('[')) return 'JSON';
  const line = text.length < 300 ? text.trim() : '\n';
  const isPath = /(?:^[.~]?\/|\\|\.(?:pem|crt|cer|key|der|pfx|p12)$)/i.test(line);
  return !line.includes('\n') && isPath
    ? 'what looks like a path'
    : 'text without a PEM block (no "-----BEGIN" line)';
}

/** The content that an option must have. */
type Expectation = 'certificate' | 'private key';

/** The rule that demands the content, and whether an item would be that content if it were intact. */
const EXPECTED = {
  certificate: {
    rule: 'certificate-present',
    isMeant: ({ kind, label }: Item) =>
      kind === 'certificate' || (kind === 'unknown' && label.includes('CERTIFICATE')),
  },
  'private key': {
    rule: 'private-key-present',
    isMeant: ({ kind, label }: Item) =>
      label.includes('PRIVATE KEY') || (kind.endsWith('-key') && kind !== 'public-key'),
  },
} as const;

/** Explains why a document has nothing of what is expected: damage first, then what it holds instead. */
export function explainMissing(document: Document, expectation: Expectation): ReadingFinding {
  const { origin, items } = document;
  if (document.description === 'empty') {
    return {
      rule: 'file-not-empty',
      message: `${origin.subject} is empty; a ${expectation} is expected there.`,
      remedy: `Write the ${expectation} again; a shell empties the target of ">" even when the command fails.`,
    };
  }
  const { rule, isMeant } = EXPECTED[expectation];
  const damaged = items.filter(({ damage }) => damage !== undefined);
  const culprit = damaged.find(isMeant) ?? (damaged.length === items.length ? items[0] : undefined);
  if (culprit !== undefined) return explainDamage(document, culprit);
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  const holds = kinds.length === 0 ? document.description : list(kinds.map((kind) => KIND_NAMES[kind]));
  const contrast =
    kinds.length === 1 && kinds[0] !== 'unknown'
      ? `, not a ${expectation}`
      : `, but a ${expectation} is expected there`;
  return {
    rule,
    message: `${origin.subject} holds ${holds}${contrast}.`,
    remedy: remedyFor(document, kinds[0], expectation),
  };
}

/** Names the block and the line that are damaged. */
export function explainDamage({ origin }: Document, { line, label, kind, damage }: Item): ReadingFinding {
  const subject =
    line === undefined
      ? `${origin.subject} holds ${KIND_NAMES[kind]} that`
      : `In ${origin.label}, the ${label} block that starts in line ${line}`;
  return {
    rule: 'pem-intact',
    message: `${subject} ${damage ?? 'is damaged'}.`,
    remedy: 'Copy the file again as a whole, from the BEGIN line to the END line; do not mend it by hand.',
  };
}

function remedyFor(
  { origin, items }: Document,
  kind: ContentKind | undefined,
  expectation: Expectation,
): string {
  const { word, option } = origin;
  const form = items[0]?.line === undefined ? ' -inform DER' : '';
  switch (kind) {
    case 'request':
      return expectation === 'certificate'
        ? `Have the certificate authority sign it: openssl x509 -req -in ${word}${form} -CA ca.crt -CAkey ca-private-key.pem -CAcreateserial -days 365 -sha256 -out device.crt; then set ${option} to its answer.`
        : `Set ${option} to the key that the request was made with (the -keyout or -key of openssl req).`;
    case 'pkcs12':
      return `Convert it: openssl pkcs12 -in ${word} -nodes -out device.pem (add -legacy for old files); then set certFile and keyFile to device.pem.`;
    case 'pkcs7':
      return `Take the certificates out: openssl pkcs7 -in ${word}${form} -print_certs -out device.crt; the private key is in a file of its own.`;
    case 'openssh-key':
      return `Convert it in place: ssh-keygen -p -m PKCS8 -f ${word}`;
    case 'public-key':
      return expectation === 'private key'
        ? `Set ${option} to the private key; it cannot be computed from the public key.`
        : `Set ${option} to the certificate, which is more than its public key (BEGIN CERTIFICATE).`;
    case 'revocation-list':
    case 'parameters':
    case 'unknown':
    case undefined:
      return `Set ${option} to the ${expectation}, in PEM ("-----BEGIN …") or DER${option.endsWith('File') ? '' : `; a path belongs into ${option}File`}.`;
    case 'certificate':
      return `Set ${option} to the private key that the certificate was made with (-----BEGIN PRIVATE KEY-----).`;
    default:
      return `Set ${option} to the ${expectation}${expectation === 'certificate' ? ' (-----BEGIN CERTIFICATE-----)' : ''}.`;
  }
}
