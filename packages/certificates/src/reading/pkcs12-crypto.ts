import { createDecipheriv, createHmac, hash as hashOf, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import {
  childrenOf,
  contentOf,
  readElement,
  readInteger,
  readObjectIdentifier,
  type DerElement,
} from './der';
import { MAX_ROUNDS, weightOf } from './key-encryption';

/** Why something encrypted could not be opened. */
export type Pkcs12Failure =
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unsupported'; readonly scheme: string }
  | { readonly kind: 'rounds'; readonly rounds: number };

/** Thrown inside this folder only, and turned into a finding by whoever opens the file. */
export class Pkcs12Error extends Error {
  readonly failure: Pkcs12Failure;

  constructor(failure: Pkcs12Failure) {
    super(failure.kind);
    this.failure = failure;
  }
}

const HASHES: Readonly<Record<string, { name: string; block: number; size: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', block: 64, size: 20 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', block: 64, size: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', block: 128, size: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', block: 128, size: 64 },
};
const SHA1 = { name: 'sha1', block: 64, size: 20 };

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';

const PSEUDORANDOM: Readonly<Record<string, string>> = {
  '': 'sha1',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const CIPHERS: Readonly<Record<string, { name: string; keyLength: number }>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32 },
};

const UNSUPPORTED: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.12.1.1': 'PBE-SHA1-RC4-128',
  '1.2.840.113549.1.12.1.2': 'PBE-SHA1-RC4-40',
  '1.2.840.113549.1.12.1.4': 'PBE-SHA1-2DES',
  '1.2.840.113549.1.12.1.5': 'PBE-SHA1-RC2-128',
  '1.2.840.113549.1.12.1.6': 'PBE-SHA1-RC2-40',
  '1.2.840.113549.1.5.14': 'PBMAC1',
};

/** The two forms of a passphrase: RFC 7292 hashes UTF-16 with a final zero, PBES2 takes UTF-8. */
export interface Secret {
  readonly wide: Buffer;
  readonly utf8: Buffer;
}

/** An absent passphrase is written as an empty string by some programs and as no bytes at all by others. */
export function secretsOf(passphrase: string | undefined): readonly Secret[] {
  const wide = Buffer.from(`${passphrase ?? ''}\0`, 'utf16le').swap16();
  const utf8 = Buffer.from(passphrase ?? '', 'utf8');
  return utf8.length > 0
    ? [{ wide, utf8 }]
    : [
        { wide, utf8 },
        { wide: Buffer.alloc(0), utf8 },
      ];
}

/** Opens what one passphrase protects, within a limit of work that a hostile file cannot raise. */
export class Pkcs12Cipher {
  readonly #secret: Secret;
  #rounds = 0;

  constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** Whether the MAC of the file is that of this passphrase (RFC 7292 section 4). */
  verifies(der: Buffer, macData: DerElement, content: Buffer): boolean {
    const [digestInfo, salt, iterations] = childrenOf(der, macData);
    const [algorithm, digest] = digestInfo === undefined ? [] : childrenOf(der, digestInfo);
    if (algorithm === undefined || digest === undefined || salt === undefined) throw malformed();
    const oid = readObjectIdentifier(der, childrenOf(der, algorithm)[0]);
    const hash = HASHES[oid];
    if (hash === undefined) throw unsupported(oid);
    const rounds = iterations === undefined ? 1 : readInteger(der, iterations);
    const key = this.#derive(hash, 3, contentOf(der, salt), rounds, hash.size);
    const computed = createHmac(hash.name, key).update(content).digest();
    const expected = contentOf(der, digest);
    return expected.length === computed.length && timingSafeEqual(expected, computed);
  }

  /** Decrypts with the scheme that an AlgorithmIdentifier names. */
  decrypt(der: Buffer, algorithm: DerElement, encrypted: Buffer): Buffer {
    const [scheme, parameters] = childrenOf(der, algorithm);
    const oid = readObjectIdentifier(der, scheme);
    const parts = parameters === undefined ? [] : childrenOf(der, parameters);
    if (oid === PBES2) return this.#decryptPbes2(der, parts, encrypted);
    if (oid !== PBE_SHA1_3DES) throw unsupported(oid);
    const [salt, iterations] = parts;
    if (salt === undefined) throw malformed();
    const [bytes, rounds] = [contentOf(der, salt), readInteger(der, iterations)];
    const key = this.#derive(SHA1, 1, bytes, rounds, 24);
    return decipher('des-ede3-cbc', key, this.#derive(SHA1, 2, bytes, rounds, 8), encrypted);
  }

  #decryptPbes2(der: Buffer, [derivation, encryption]: readonly DerElement[], encrypted: Buffer): Buffer {
    if (derivation === undefined || encryption === undefined) throw malformed();
    const [kdf, kdfParameters] = childrenOf(der, derivation);
    const kdfOid = readObjectIdentifier(der, kdf);
    if (kdfOid !== PBKDF2 || kdfParameters === undefined) throw unsupported(kdfOid);
    const [salt, iterations, ...optional] = childrenOf(der, kdfParameters);
    const prf = optional.find(({ tag }) => tag === 0x30);
    const prfOid = prf === undefined ? '' : readObjectIdentifier(der, childrenOf(der, prf)[0]);
    const [cipherIdentifier, iv] = childrenOf(der, encryption);
    const cipher = CIPHERS[readObjectIdentifier(der, cipherIdentifier)];
    const hash = PSEUDORANDOM[prfOid];
    if (hash === undefined || cipher === undefined)
      throw unsupported(readObjectIdentifier(der, cipherIdentifier));
    if (salt === undefined || iv === undefined) throw malformed();
    const rounds = this.#charge(readInteger(der, iterations), weightOf(prfOid));
    const key = pbkdf2Sync(this.#secret.utf8, contentOf(der, salt), rounds, cipher.keyLength, hash);
    return decipher(cipher.name, key, contentOf(der, iv), encrypted);
  }

  /** Adds up the work of one file; a round of RFC 7292 costs several of PBKDF2, because each is a call of its own. */
  #charge(rounds: number | undefined, weight: number): number {
    if (rounds === undefined || rounds < 1) throw malformed();
    this.#rounds += rounds * weight;
    if (this.#rounds > MAX_ROUNDS) throw new Pkcs12Error({ kind: 'rounds', rounds });
    return rounds;
  }

  /** RFC 7292 appendix B.2; `purpose` is 1 for a key, 2 for an initialization vector, 3 for a MAC key. */
  #derive(
    hash: typeof SHA1,
    purpose: 1 | 2 | 3,
    salt: Buffer,
    iterations: number | undefined,
    length: number,
  ): Buffer {
    const blocks = Math.ceil(length / hash.size);
    const rounds = this.#charge(iterations, 4 * blocks);
    const diversifier = Buffer.alloc(hash.block, purpose);
    const input = Buffer.concat([stretch(salt, hash.block), stretch(this.#secret.wide, hash.block)]);
    const output: Buffer[] = [];
    for (let index = 0; index < blocks; index++) {
      let digest = hashOf(hash.name, Buffer.concat([diversifier, input]), 'buffer');
      for (let round = 1; round < rounds; round++) digest = hashOf(hash.name, digest, 'buffer');
      output.push(digest);
      const addend = stretch(digest, hash.block).subarray(0, hash.block);
      for (let start = 0; start < input.length; start += hash.block) {
        addPlusOne(input.subarray(start, start + hash.block), addend);
      }
    }
    return Buffer.concat(output).subarray(0, length);
  }
}

/** Repeats bytes up to the next multiple of a block. */
function stretch(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** `block + addend + 1` of two big-endian numbers, in place. */
function addPlusOne(block: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let index = block.length - 1; index >= 0; index--) {
    carry += (block[index] ?? 0) + (addend[index] ?? 0);
    block[index] = carry & 0xff;
    carry >>= 8;
  }
}

function decipher(name: string, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  try {
    const stream = createDecipheriv(name, key, iv);
    return Buffer.concat([stream.update(encrypted), stream.final()]);
  } catch {
    throw new Pkcs12Error({ kind: 'passphrase' });
  }
}

function malformed(): Pkcs12Error {
  return new Pkcs12Error({ kind: 'malformed' });
}

function unsupported(oid: string): Pkcs12Error {
  return new Pkcs12Error({ kind: 'unsupported', scheme: UNSUPPORTED[oid] ?? oid });
}

/** The element that must be there. */
export function outermost(der: Buffer): DerElement {
  const element = readElement(der, 0);
  if (element === undefined || element.end > der.length) throw malformed();
  return element;
}
