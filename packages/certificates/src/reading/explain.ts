import { list } from '../text';
import { KIND_NAMES, type ContentKind, type Document, type Item } from './document';
import type { ReadingFinding } from './problem';
import { HARDWARE_REMEDY, newFile } from './source';

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
  const { origin, items, foreign } = document;
  if (items.length === 0 && foreign === undefined) {
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
  const holds = foreign !== undefined ? foreign.description : list(kinds.map((kind) => KIND_NAMES[kind]));
  const contrast =
    kinds.length === 1 && kinds[0] !== 'unknown'
      ? `, not a ${expectation}`
      : `, but a ${expectation} is expected there`;
  return {
    rule,
    message: `${origin.subject} holds ${holds}${contrast}.`,
    remedy: foreign?.remedy?.(origin) ?? remedyFor(document, kinds[0], expectation),
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
        ? `Have the certificate authority sign it: openssl x509 -req -in ${word}${form} -CA CA.crt -CAkey CA.key -CAcreateserial -days 365 -sha256 -out ${newFile(origin, '.crt')}; then set ${option} to the new file. Or have it make key and certificate: azure-iot-x509 cert device --help`
        : `Set ${option} to the key that the request was made with (the -keyout or -key of openssl req).`;
    case 'pkcs12':
      return `Set certFile and keyFile to it, or convert it: openssl pkcs12 -in ${word} -nodes -out ${newFile(origin, '.pem')} (add -legacy for old files).`;
    case 'pkcs7':
      return `Take the certificates out: openssl pkcs7 -in ${word}${form} -print_certs -out ${newFile(origin, '.crt')}; then set ${option} to the new file. The private key is in a file of its own.`;
    case 'openssh-key':
      return `Convert it in place: ssh-keygen -p -m PKCS8 -f ${word}`;
    case 'tpm-key':
    case 'pkcs11-uri':
      return HARDWARE_REMEDY;
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
