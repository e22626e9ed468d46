import { createPrivateKey, type KeyObject } from 'node:crypto';
import { childrenOf, readElement, readInteger, readObjectIdentifier, Tag, type DerElement } from './der';
import { KEY_KINDS, type Document, type Item } from './document';
import type * as Explain from './explain';
import type { ReadingFinding } from './problem';
import { newFile } from './source';

/** The private key of a document, or the reasons why it cannot be read. */
interface PrivateKeyReading {
  readonly key: KeyObject | undefined;
  readonly findings: readonly ReadingFinding[];
}

/** Reads the private key of a document and decrypts it if it is encrypted. */
export function readPrivateKey(document: Document, passphrase: string | undefined): PrivateKeyReading {
  const items = document.items.filter(({ kind, damage }) => KEY_KINDS.has(kind) && damage === undefined);
  const [item] = items;
  if (item === undefined) {
    // Only a failure needs the explanations. `require` loads late in CommonJS, bundlers and Jest alike.
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
    const { explainMissing } = require('./explain') as typeof Explain;
    return { key: undefined, findings: [explainMissing(document, 'private key')] };
  }
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

/** `undefined` if OpenSSL cannot read the key. Its error codes differ between versions and are not used. */
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

/** The PEM block of a traditionally encrypted key. OpenSSL reads this encryption from PEM only. */
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
  const convert = `openssl pkcs8 -topk8 -in ${origin.word} -out ${newFile(origin, '.key')}`;
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
    remedy: `Set option passphrase, or store the key without one: openssl pkey -in ${origin.word} -out ${newFile(origin, '.key')}`,
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
    remedy: `Leave passphrase out, or encrypt the key: openssl pkcs8 -topk8 -in ${origin.word} -out ${newFile(origin, '.key')}`,
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

/** The protection of an encrypted key. */
interface KeyProtection {
  readonly name: string;
  /** Tells whether OpenSSL 3 decrypts it without its legacy provider. */
  readonly supported: boolean;
  /** The rounds of key derivation: the work that one attempt takes. */
  readonly rounds: number;
}

/**
 * The limit of the rounds of key derivation, about a second of work. Tools use 2048 to 600 000 rounds. Rounds of slower
 * hashes count twice.
 */
export const MAX_ROUNDS = 1_000_000;

export const PBES2 = '1.2.840.113549.1.5.13';
export const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';

/** The ciphers of PBES2 by object identifier. */
export const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyLength: number }>> = {
  '1.2.840.113549.3.7': { name: 'DES-EDE3-CBC', keyLength: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'AES-128-CBC', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'AES-192-CBC', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'AES-256-CBC', keyLength: 32 },
};

/** The names of the schemes before PBES2, by object identifier. */
export const OLD_SCHEMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.12.1.3': 'PBE-SHA1-3DES',
  '1.2.840.113549.1.12.1.4': 'PBE-SHA1-2DES',
  '1.2.840.113549.1.12.1.1': 'PBE-SHA1-RC4-128',
  '1.2.840.113549.1.12.1.2': 'PBE-SHA1-RC4-40',
  '1.2.840.113549.1.12.1.5': 'PBE-SHA1-RC2-128',
  '1.2.840.113549.1.12.1.6': 'PBE-SHA1-RC2-40',
  '1.2.840.113549.1.5.1': 'PBE-MD2-DES',
  '1.2.840.113549.1.5.3': 'PBE-MD5-DES',
  '1.2.840.113549.1.5.6': 'PBE-MD5-RC2-64',
  '1.2.840.113549.1.5.10': 'PBE-SHA1-DES',
  '1.2.840.113549.1.5.11': 'PBE-SHA1-RC2-64',
};

/** The old schemes that OpenSSL 3 decrypts without its legacy provider. */
const SUPPORTED_OLD_SCHEMES = /^PBE-SHA1-[23]DES$/;

/** The ciphers of the traditional encryption (`DEK-Info`) that OpenSSL 3 keeps in its legacy provider. */
const LEGACY_CIPHERS = /^(?:DES-(?:CBC|ECB|CFB|OFB)|RC[245]|BF|CAST|IDEA|SEED)/;

/** The protection of an encrypted PKCS#8 key. */
function protectionOf(der: Buffer): KeyProtection {
  const parts = (element: DerElement | undefined): DerElement[] =>
    element === undefined ? [] : childrenOf(der, element);
  const [scheme, parameters] = parts(parts(readElement(der, 0))[0]);
  const oid = readObjectIdentifier(der, scheme);
  const [first, second] = parts(parameters);
  if (oid !== PBES2) {
    const known = OLD_SCHEMES[oid];
    const supported = known === undefined || SUPPORTED_OLD_SCHEMES.test(known);
    return { name: known ?? oid, supported, rounds: readInteger(der, second) ?? 1 };
  }
  const [derivation, derivationParameters] = parts(first);
  const cipherOid = readObjectIdentifier(der, parts(second)[0]);
  const cipher = CIPHERS[cipherOid]?.name;
  const rounds = roundsOf(der, readObjectIdentifier(der, derivation), parts(derivationParameters));
  // OpenSSL supports more ciphers than those of the table (ARIA, Camellia).
  return { name: `PBES2 with ${cipher ?? cipherOid}`, supported: true, rounds };
}

function roundsOf(der: Buffer, derivation: string, parameters: readonly DerElement[]): number {
  const numbers = parameters.slice(1).map((element) => readInteger(der, element) ?? 1);
  if (derivation === SCRYPT) return numbers.slice(0, 3).reduce((product, number) => product * number, 1);
  if (derivation !== PBKDF2) return 1;
  const prf = parameters.find(({ tag }) => tag === Tag.sequence);
  const weight = weightOf(readObjectIdentifier(der, prf && childrenOf(der, prf)[0]));
  return (numbers[0] ?? 1) * Math.ceil((numbers[1] ?? 32) / 32) * weight;
}

/** HMAC-SHA-384 and HMAC-SHA-512. */
const SLOW_HASHES: ReadonlySet<string> = new Set(['1.2.840.113549.2.10', '1.2.840.113549.2.11']);

/** The time of a round with this pseudo-random function, in rounds of HMAC-SHA-256. */
export function weightOf(pseudorandom: string): number {
  return SLOW_HASHES.has(pseudorandom) ? 2 : 1;
}

/** The protection of a key in a traditional PEM block. */
function traditionalProtection(cipher: string): KeyProtection {
  return { name: cipher, supported: !LEGACY_CIPHERS.test(cipher), rounds: 1 };
}
