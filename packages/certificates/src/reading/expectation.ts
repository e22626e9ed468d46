import { KIND_NAMES, type ContentKind } from './classify';
import type { Document, Item } from './document';
import type { ReadingFinding } from './problem';
import { list } from '../text';

/** What an option must hold. */
export type Expectation = 'certificate' | 'private key';

interface Wording {
  readonly rule: 'certificate-present' | 'private-key-present';
  readonly belongs: (kind: ContentKind, label: string) => boolean;
}

const WORDINGS: Readonly<Record<Expectation, Wording>> = {
  certificate: {
    rule: 'certificate-present',
    belongs: (kind, label) => kind === 'certificate' || (kind === 'unknown' && label.includes('CERTIFICATE')),
  },
  'private key': {
    rule: 'private-key-present',
    belongs: (kind, label) =>
      label.includes('PRIVATE KEY') || (kind.endsWith('-key') && kind !== 'public-key'),
  },
};

/** Says why a document yields nothing of what is expected: damage first, then what it holds instead. */
export function explainMissing(document: Document, expectation: Expectation): ReadingFinding {
  const { origin, items } = document;
  if (document.description === 'empty') {
    return {
      rule: 'file-not-empty',
      message: `${origin.subject} is empty; a ${expectation} is expected there.`,
      remedy: `Write the ${expectation} again; a shell empties the target of ">" even when the command fails.`,
    };
  }
  const { rule, belongs } = WORDINGS[expectation];
  const damaged =
    items.find((item) => item.damage !== undefined && belongs(item.kind, item.label)) ??
    (items.every((item) => item.damage !== undefined) ? items[0] : undefined);
  if (damaged !== undefined) return explainDamage(document, damaged);
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  const holds = kinds.length === 0 ? document.description : list(kinds.map((kind) => KIND_NAMES[kind]));
  const only =
    kinds.length === 1 && kinds[0] !== 'unknown'
      ? `, not a ${expectation}`
      : `, but a ${expectation} is expected there`;
  return {
    rule,
    message: `${origin.subject} holds ${holds}${only}.`,
    remedy: remedyFor(document, kinds[0], expectation),
  };
}

/** Names the block and the line that are damaged. */
export function explainDamage({ origin }: Document, item: Item): ReadingFinding {
  const block =
    item.line === undefined
      ? KIND_NAMES[item.kind]
      : `the ${item.label} block that starts in line ${item.line}`;
  const subject =
    item.line === undefined ? `${origin.subject} holds ${block} that` : `In ${origin.label}, ${block}`;
  return {
    rule: 'pem-intact',
    message: `${subject} ${item.damage ?? 'is damaged'}.`,
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
