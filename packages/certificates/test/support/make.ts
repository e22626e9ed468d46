import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { oncePerProcess } from '../../../../test/support/once';

/**
 * A certificate that this package and openssl do not make: with several common names or none, contradicting extensions,
 * a weak signature, any kind of key.
 */
export interface Recipe {
  /** Attributes in order; `CN=device-1` alone by default. */
  subject?: readonly (readonly [type: string, value: string])[];
  /** Self-signed without it. */
  issuer?: Made;
  keys?: { publicKey: KeyObject; privateKey: KeyObject };
  notBefore?: Date;
  notAfter?: Date;
  ca?: boolean | { pathLength: number };
  /** Bits from digitalSignature (0) on. */
  keyUsage?: readonly number[];
  extendedKeyUsage?: readonly string[];
  hash?: 'sha256' | 'sha1' | 'md5';
}

/** A certificate with its keys. */
export interface Made {
  readonly pem: string;
  readonly key: string;
  readonly x509: X509Certificate;
  readonly name: Buffer;
  readonly privateKey: KeyObject;
}

export const DAY = 86_400_000;
export const ecKeys = (): NonNullable<Recipe['keys']> => generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** The same pair each time: that a key belongs to no other certificate is tested with `ecKeys`. */
export const rsaKeys = (modulusLength: number): NonNullable<Recipe['keys']> =>
  oncePerProcess(`rsa-${modulusLength}`, () => generateKeyPairSync('rsa', { modulusLength }));

const TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  C: '2.5.4.6',
  OU: '2.5.4.11',
};
const SIGNATURES: Readonly<Record<string, string>> = {
  'rsa-sha256': '1.2.840.113549.1.1.11',
  'rsa-sha1': '1.2.840.113549.1.1.5',
  'rsa-md5': '1.2.840.113549.1.1.4',
  'ec-sha256': '1.2.840.10045.4.3.2',
  'ec-sha1': '1.2.840.10045.4.1',
  'ed25519-sha256': '1.3.101.112',
};

export function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = [first * 40 + second, ...rest].flatMap((arc) => {
    const octets = [arc & 127];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128))
      octets.unshift((high & 127) | 128);
    return octets;
  });
  return tlv(6, Buffer.from(arcs));
}

const time = (date: Date): Buffer => tlv(24, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return tlv(48, oid(id), ...(critical ? [tlv(1, Buffer.from([255]))] : []), tlv(4, value));
}

function extensions({ ca, keyUsage, extendedKeyUsage }: Recipe): Buffer[] {
  const list: Buffer[] = [];
  if (ca !== undefined) {
    const flag = ca === false ? [] : [tlv(1, Buffer.from([255]))];
    const length = typeof ca === 'object' ? [tlv(2, Buffer.from([ca.pathLength]))] : [];
    list.push(extension('2.5.29.19', true, tlv(48, ...flag, ...length)));
  }
  if (keyUsage !== undefined) {
    const bits = keyUsage.reduce((octet, bit) => octet | (0x80 >> bit), 0);
    list.push(extension('2.5.29.15', true, tlv(3, Buffer.from([0, bits]))));
  }
  if (extendedKeyUsage !== undefined)
    list.push(extension('2.5.29.37', false, tlv(48, ...extendedKeyUsage.map(oid))));
  return list.length === 0 ? [] : [tlv(0xa3, tlv(48, ...list))];
}

export function make(recipe: Recipe = {}): Made {
  const { keys = ecKeys(), issuer, hash = 'sha256', subject = [['CN', 'device-1']] } = recipe;
  const signer = issuer?.privateKey ?? keys.privateKey;
  const family = signer.asymmetricKeyType ?? '';
  const null_ = family === 'rsa' ? [tlv(5)] : [];
  const algorithm = tlv(48, oid(SIGNATURES[`${family}-${hash}`] ?? ''), ...null_);
  const name = tlv(
    48,
    ...subject.map(([type, value]) =>
      tlv(49, tlv(48, oid(TYPES[type] ?? type), tlv(12, Buffer.from(value)))),
    ),
  );
  const now = Date.now();
  const body = tlv(
    48,
    tlv(0xa0, tlv(2, Buffer.from([2]))),
    tlv(2, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    issuer?.name ?? name,
    tlv(
      48,
      time(recipe.notBefore ?? new Date(now - DAY)),
      time(recipe.notAfter ?? new Date(now + 365 * DAY)),
    ),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...extensions(recipe),
  );
  const signature = sign(family === 'ed25519' ? null : hash, body, signer);
  const x509 = new X509Certificate(tlv(48, body, algorithm, tlv(3, Buffer.from([0]), signature)));
  return {
    pem: x509.toString(),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    x509,
    name,
    privateKey: keys.privateKey,
  };
}

/** A root, an intermediate below it and a device below that, which break no rule. */
export function makeHierarchy(device: Recipe = {}): { root: Made; intermediate: Made; device: Made } {
  const root = make({ subject: [['CN', 'Test Root']], ca: true, keyUsage: [5, 6] });
  const intermediate = make({
    subject: [['CN', 'Test Intermediate']],
    ca: true,
    keyUsage: [5, 6],
    issuer: root,
  });
  return { root, intermediate, device: make({ subject: GOOD_SUBJECT, issuer: intermediate, ...device }) };
}

/** A subject that breaks no rule. */
export const GOOD_SUBJECT = [
  ['O', 'Example'],
  ['CN', 'device-1'],
] as const;
