import { childrenOf, readElement, readInteger, readObjectIdentifier, Tag, type DerElement } from './der';

/** How an encrypted key is protected, as far as decrypting it depends on it. */
export interface KeyProtection {
  readonly name: string;
  /** Whether OpenSSL 3 decrypts it without its legacy provider. */
  readonly supported: boolean;
  /** Rounds of key derivation; the work that a single guess takes. */
  readonly rounds: number;
}

/**
 * A file that demands more would keep the process busy for more than a second; tools use 2048 to 600 000 rounds. Rounds
 * of the slower hashes count twice.
 */
export const MAX_ROUNDS = 1_000_000;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';

/** What PBES2 encrypts with, by object identifier. */
const CIPHERS: Readonly<Record<string, string>> = {
  '1.2.840.113549.3.7': 'DES-EDE3-CBC',
  '2.16.840.1.101.3.4.1.2': 'AES-128-CBC',
  '2.16.840.1.101.3.4.1.22': 'AES-192-CBC',
  '2.16.840.1.101.3.4.1.42': 'AES-256-CBC',
};

const OLD_SCHEMES: Readonly<Record<string, { name: string; supported: boolean }>> = {
  '1.2.840.113549.1.12.1.3': { name: 'PBE-SHA1-3DES', supported: true },
  '1.2.840.113549.1.12.1.4': { name: 'PBE-SHA1-2DES', supported: true },
  '1.2.840.113549.1.12.1.1': { name: 'PBE-SHA1-RC4-128', supported: false },
  '1.2.840.113549.1.12.1.2': { name: 'PBE-SHA1-RC4-40', supported: false },
  '1.2.840.113549.1.12.1.5': { name: 'PBE-SHA1-RC2-128', supported: false },
  '1.2.840.113549.1.12.1.6': { name: 'PBE-SHA1-RC2-40', supported: false },
  '1.2.840.113549.1.5.1': { name: 'PBE-MD2-DES', supported: false },
  '1.2.840.113549.1.5.3': { name: 'PBE-MD5-DES', supported: false },
  '1.2.840.113549.1.5.6': { name: 'PBE-MD5-RC2-64', supported: false },
  '1.2.840.113549.1.5.10': { name: 'PBE-SHA1-DES', supported: false },
  '1.2.840.113549.1.5.11': { name: 'PBE-SHA1-RC2-64', supported: false },
};

/** Ciphers of the traditional encryption (`DEK-Info`) that OpenSSL 3 keeps in its legacy provider. */
const LEGACY_CIPHERS = /^(?:DES-(?:CBC|ECB|CFB|OFB)|RC[245]|BF|CAST|IDEA|SEED)/;

/** Reads the protection of an encrypted PKCS#8 key. */
export function protectionOf(der: Buffer): KeyProtection {
  const parts = (element: DerElement | undefined): DerElement[] =>
    element === undefined ? [] : childrenOf(der, element);
  const [scheme, parameters] = parts(parts(readElement(der, 0))[0]);
  const oid = readObjectIdentifier(der, scheme);
  const [first, second] = parts(parameters);
  if (oid !== PBES2) {
    const known = OLD_SCHEMES[oid] ?? { name: oid, supported: true };
    return { ...known, rounds: readInteger(der, second) ?? 1 };
  }
  const [derivation, derivationParameters] = parts(first);
  const cipherOid = readObjectIdentifier(der, parts(second)[0]);
  const cipher = CIPHERS[cipherOid];
  const rounds = roundsOf(der, readObjectIdentifier(der, derivation), parts(derivationParameters));
  // An unknown cipher is left to OpenSSL, which supports more than the usual ones (ARIA, Camellia).
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

const SLOW_HASHES: ReadonlySet<string> = new Set(['1.2.840.113549.2.10', '1.2.840.113549.2.11']);

/** How much longer than with SHA-256 a round takes with this pseudo-random function (HMAC-SHA-384 and -512). */
export function weightOf(pseudorandom: string): number {
  return SLOW_HASHES.has(pseudorandom) ? 2 : 1;
}

/** The protection of a key in a traditional PEM block. */
export function traditionalProtection(cipher: string): KeyProtection {
  return { name: cipher, supported: !LEGACY_CIPHERS.test(cipher), rounds: 1 };
}
