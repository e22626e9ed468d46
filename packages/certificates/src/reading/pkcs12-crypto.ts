import { createDecipheriv, createHmac, hash as hashOf, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import {
  childrenOf,
  contentOf,
  readElement,
  readInteger,
  readObjectIdentifier,
  Tag,
  type DerElement,
} from './der';
import { CIPHERS, MAX_ROUNDS, OLD_SCHEMES, PBES2, PBKDF2, weightOf } from './private-key';

/** The reason why a file could not be opened. */
export type Pkcs12Failure =
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unsupported'; readonly scheme: string }
  | { readonly kind: 'rounds'; readonly rounds: number };

/** Carries a failure to the function that opens the file, which turns it into a finding. */
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

const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';

/** The hashes of PBKDF2's pseudo-random functions. The default is HMAC-SHA-1 (RFC 8018, appendix A.2). */
const PSEUDORANDOM: Readonly<Record<string, string>> = {
  '': 'sha1',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const PBMAC1 = '1.2.840.113549.1.5.14';

/** The two forms of a passphrase. RFC 7292 hashes UTF-16 with a final zero; PBES2 takes UTF-8. */
interface Secret {
  readonly wide: Buffer;
  readonly utf8: Buffer;
}

/** The forms of the passphrase. Without a passphrase some programs use an empty string, and others no bytes at all. */
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

/** Verifies and decrypts the parts of one file with one passphrase. The work is limited, whatever the file demands. */
export class Pkcs12Cipher {
  readonly #secret: Secret;
  #rounds = 0;

  constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** Verifies the MAC of the file with the passphrase (RFC 7292 section 4). */
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
    const prf = optional.find(({ tag }) => tag === Tag.sequence);
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

  /** Adds to the work of the file. The callers weight rounds by their time. */
  #charge(rounds: number | undefined, weight: number): number {
    if (rounds === undefined || rounds < 1) throw malformed();
    this.#rounds += rounds * weight;
    if (this.#rounds > MAX_ROUNDS) throw new Pkcs12Error({ kind: 'rounds', rounds });
    return rounds;
  }

  /**
   * Derives a key (RFC 7292 appendix B.2). `purpose` is 1 for a key, 2 for an initialization vector, 3 for a MAC key.
   */
  #derive(
    hash: typeof SHA1,
    purpose: 1 | 2 | 3,
    salt: Buffer,
    iterations: number | undefined,
    length: number,
  ): Buffer {
    const blocks = Math.ceil(length / hash.size);
    // A round here is a call of its own and takes as long as four of PBKDF2.
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

/** The bytes, repeated up to the next multiple of the block length. */
function stretch(bytes: Buffer, block: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes);
}

/** Adds `addend + 1` to `block`, both big-endian numbers, in place. */
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
  return new Pkcs12Error({
    kind: 'unsupported',
    scheme: oid === PBMAC1 ? 'PBMAC1' : (OLD_SCHEMES[oid] ?? oid),
  });
}

/** The outermost element. @throws Pkcs12Error when there is none */
export function outermost(der: Buffer): DerElement {
  const element = readElement(der, 0);
  if (element === undefined || element.end > der.length) throw malformed();
  return element;
}
