import { createPrivateKey, type KeyObject } from 'node:crypto';
import { KEY_KINDS } from './classify';
import type { Document, Item } from './document';
import { explainMissing } from './expectation';
import { MAX_ROUNDS, protectionOf, traditionalProtection, type KeyProtection } from './key-encryption';
import type { ReadingFinding } from './problem';

/** A private key, or why there is none. */
export interface PrivateKeyReading {
  readonly key: KeyObject | undefined;
  readonly findings: readonly ReadingFinding[];
}

/** Reads the private key of a document, decrypting it where it is encrypted. */
export function readPrivateKey(document: Document, passphrase: string | undefined): PrivateKeyReading {
  const items = document.items.filter(({ kind, damage }) => KEY_KINDS.has(kind) && damage === undefined);
  const [item] = items;
  if (item === undefined) return { key: undefined, findings: [explainMissing(document, 'private key')] };
  const reading = readItem(document, item, passphrase);
  const others = items.filter(({ der }) => !der.equals(item.der)).length;
  return others === 0
    ? reading
    : { ...reading, findings: [...reading.findings, severalKeys(document, others + 1)] };
}

function readItem(document: Document, item: Item, passphrase: string | undefined): PrivateKeyReading {
  const protection = protectionOfItem(item);
  if (protection === undefined) return readPlain(document, item, passphrase);
  const obstacle = obstacleOf(document, protection, passphrase);
  if (obstacle !== undefined) return { key: undefined, findings: [obstacle] };
  const key = parse(item, passphrase);
  return { key, findings: key === undefined ? [wrongPassphrase(document)] : [] };
}

function readPlain(document: Document, item: Item, passphrase: string | undefined): PrivateKeyReading {
  const key = parse(item, undefined);
  if (key === undefined) return { key, findings: [unreadable(document)] };
  return {
    key,
    findings: passphrase === undefined || document.decrypted ? [] : [needlessPassphrase(document)],
  };
}

function protectionOfItem(item: Item): KeyProtection | undefined {
  if (item.encryption !== undefined) return traditionalProtection(item.encryption.cipher);
  return item.kind === 'encrypted-pkcs8-key' ? protectionOf(item.der) : undefined;
}

/** OpenSSL's own error is dropped: its code tells nothing that the structure has not told, and it may not be relied on. */
function parse(item: Item, passphrase: string | undefined): KeyObject | undefined {
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    if (item.encryption !== undefined)
      return createPrivateKey({ key: traditionalPem(item), format: 'pem', ...secret });
    const types = { 'rsa-key': 'pkcs1', 'ec-key': 'sec1' } as const;
    const type = item.kind === 'rsa-key' || item.kind === 'ec-key' ? types[item.kind] : 'pkcs8';
    return createPrivateKey({ key: item.der, format: 'der', type, ...secret });
  } catch {
    return undefined;
  }
}

/** The traditional encryption exists in PEM only. */
function traditionalPem({ label, der, encryption }: Item): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const headers = [
    'Proc-Type: 4,ENCRYPTED',
    `DEK-Info: ${encryption?.cipher ?? ''},${encryption?.iv ?? ''}`,
    '',
  ];
  return [`-----BEGIN ${label}-----`, ...headers, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function obstacleOf(
  { origin }: Document,
  protection: KeyProtection,
  passphrase: string | undefined,
): ReadingFinding | undefined {
  const { name, supported, rounds } = protection;
  const convert = `openssl pkcs8 -topk8 -in ${origin.word} -out device-private-key.pem`;
  if (!supported) {
    return {
      rule: 'key-encryption-supported',
      message: `The private key in ${origin.label} is encrypted with ${name}, which OpenSSL 3 and with it Node.js no longer decrypts.`,
      remedy: `Encrypt it anew: ${convert} -provider legacy -provider default; then set ${origin.option} to the new file.`,
    };
  }
  if (rounds > MAX_ROUNDS) {
    return {
      rule: 'key-encryption-supported',
      message: `The private key in ${origin.label} is encrypted with ${rounds} rounds of key derivation; more than ${MAX_ROUNDS} are not computed.`,
      remedy: `Encrypt it anew with fewer rounds: ${convert} -iter 600000`,
    };
  }
  if (passphrase !== undefined) return undefined;
  return {
    rule: 'passphrase-given',
    message: `The private key in ${origin.label} is encrypted (${name}), but option passphrase is not given.`,
    remedy: `Set option passphrase, or store the key without one: openssl pkey -in ${origin.word} -out device-private-key.pem`,
  };
}

function wrongPassphrase({ origin }: Document): ReadingFinding {
  return {
    rule: 'passphrase-correct',
    message: `Option passphrase does not decrypt the private key in ${origin.label}.`,
    remedy: `Try the passphrase by hand: openssl pkey -in ${origin.word} -noout. White space at its end, as of a file that it was read from, counts.`,
  };
}

function needlessPassphrase({ origin }: Document): ReadingFinding {
  return {
    rule: 'passphrase-needed',
    message: `Option passphrase is given, but the private key in ${origin.label} is not encrypted.`,
    remedy: `Leave passphrase out, or encrypt the key: openssl pkcs8 -topk8 -in ${origin.word} -out device-private-key.pem`,
  };
}

function unreadable({ origin }: Document): ReadingFinding {
  return {
    rule: 'private-key-readable',
    message: `The private key in ${origin.label} cannot be read: it is damaged, or of a kind that OpenSSL does not know.`,
    remedy: `See what OpenSSL says: openssl pkey -in ${origin.word} -noout. If it fails too, copy the key again from where it was made.`,
  };
}

function severalKeys({ origin }: Document, amount: number): ReadingFinding {
  return {
    rule: 'private-key-single',
    message: `${origin.subject} holds ${amount} private keys; the first one is used.`,
    remedy: `Keep only the device's key in ${origin.label}.`,
  };
}
