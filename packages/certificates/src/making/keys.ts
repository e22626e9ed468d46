import { generateKeyPair, webcrypto, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { OptionProblems } from '../options';

const generate = promisify(generateKeyPair);

/**
 * The kinds of key pair: elliptic curves P-256 and P-384, or RSA with the modulus length in bits. DPS and IoT Hub
 * accept both families; P-256 is the smallest, fastest and known to work.
 */
export type KeyAlgorithm = 'EC-P256' | 'EC-P384' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096';

/** Generation runs in the thread pool: an RSA key of 4096 bits takes seconds of processor time. */
const GENERATORS: Readonly<Record<KeyAlgorithm, () => Promise<KeyObject>>> = {
  'EC-P256': async () => (await generate('ec', { namedCurve: 'P-256' })).privateKey,
  'EC-P384': async () => (await generate('ec', { namedCurve: 'P-384' })).privateKey,
  'RSA-2048': async () => (await generate('rsa', { modulusLength: 2048 })).privateKey,
  'RSA-3072': async () => (await generate('rsa', { modulusLength: 3072 })).privateKey,
  'RSA-4096': async () => (await generate('rsa', { modulusLength: 4096 })).privateKey,
};

const DEFAULT_KEY_ALGORITHM: KeyAlgorithm = 'EC-P256';

/** The chosen algorithm, or the default. */
export function readKeyAlgorithm(value: unknown, problems: OptionProblems): KeyAlgorithm {
  if (value === undefined) return DEFAULT_KEY_ALGORITHM;
  const known = Object.keys(GENERATORS) as KeyAlgorithm[];
  const chosen = known.find((name) => name === value);
  if (chosen !== undefined) return chosen;
  problems.add(
    'keyAlgorithm',
    `must be one of ${known.join(', ')}.`,
    `Leave it out for ${DEFAULT_KEY_ALGORITHM}.`,
  );
  return DEFAULT_KEY_ALGORITHM;
}

/** Generates a key pair without blocking the event loop. */
export function generatePrivateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  return GENERATORS[algorithm]();
}

/** The algorithm that a key signs certificates with. The hash is as strong as the key (RFC 5758). */
export type SigningAlgorithm =
  | { name: 'ECDSA'; namedCurve: 'P-256' | 'P-384' | 'P-521'; hash: 'SHA-256' | 'SHA-384' | 'SHA-512' }
  | { name: 'RSASSA-PKCS1-v1_5'; hash: 'SHA-256' };

const CURVE_ALGORITHMS: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};

/** The signing algorithm of a key, or `undefined` if IoT Hub does not take certificates signed with such keys. */
export function signingAlgorithmOf(key: KeyObject): SigningAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (key.asymmetricKeyType !== 'ec') return undefined;
  return CURVE_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ''];
}

/** The key in the form that the certificate generator takes. */
export function importSigningKey(key: KeyObject, algorithm: SigningAlgorithm): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
