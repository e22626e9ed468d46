import { generateKeyPairSync } from 'node:crypto';
import { authority, chainOf, day, good, inGroup, subject, under, type Case } from './cases';
import { make, makeHierarchy, rsaKeys } from './make';

const tree = makeHierarchy();
const x25519 = generateKeyPairSync('x25519');
export const weak = authority('Weak', { keys: rsaKeys(2048) });

/** The cases of the rules for the key and the leaf. */
export const LEAF_CASES: readonly Case[] = [
  {
    rule: 'key-type-signs-tls',
    expected: 'error',
    breaks: () => good({ keys: x25519, issuer: tree.root }),
    passes: () => good({ issuer: tree.root }),
    message: /X25519, which cannot sign a TLS handshake/,
  },
  {
    rule: 'key-type-proven-with-azure',
    expected: 'warning',
    breaks: () => good({ keys: generateKeyPairSync('ed25519') }),
    passes: () => good({ keys: generateKeyPairSync('ec', { namedCurve: 'P-384' }) }),
    message: /holds Ed25519; only RSA and EC/,
  },
  {
    rule: 'key-type-signs-tls',
    expected: 'error',
    breaks: () => good({ keys: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) }),
    passes: () => good({ keys: generateKeyPairSync('ec', { namedCurve: 'P-521' }) }),
    message: /is EC secp256k1, a curve that TLS clients do not offer/,
  },
  {
    rule: 'rsa-key-size',
    expected: 'error',
    breaks: () => good({ keys: rsaKeys(1024) }),
    passes: () => good({ keys: rsaKeys(2048) }),
    message: /has 1024 bits; at least 2048/,
  },
  {
    rule: 'signature-algorithm',
    expected: 'error',
    breaks: () => under(weak, { hash: 'sha1' }),
    passes: () => under(weak),
    message: /SHA-1 with RSA/,
  },
  {
    rule: 'signature-algorithm',
    expected: 'error',
    breaks: () => under(weak, { hash: 'md5' }),
    passes: () => under(weak),
    message: /MD5 with RSA/,
  },
  {
    rule: 'self-signature-algorithm',
    expected: 'warning',
    breaks: () => good({ hash: 'sha1' }),
    passes: () => good(),
    message: /SHA-1 with ECDSA/,
  },
  {
    rule: 'key-matches-certificate',
    expected: 'error',
    breaks: { cert: tree.device.pem, key: good().key },
    passes: chainOf(tree.device),
    message: /both are EC P-256, but of different pairs/,
  },
  { rule: 'key-matches-certificate', expected: 'error', breaks: { cert: tree.device.pem + tree.intermediate.pem, key: tree.intermediate.key, ...inGroup }, passes: { ...chainOf(tree.device, tree.intermediate), ...inGroup }, message: /it is the key of "CN=Test Intermediate", an authority above the device/ }, // prettier-ignore
  {
    rule: 'leaf-is-no-authority',
    expected: 'error',
    ...inGroup,
    breaks: () => good({ ca: true }),
    passes: () => under(tree.root, { ca: false }),
    message: /CA:TRUE\) and self-signed, not a device certificate/,
  },
  {
    rule: 'leaf-is-no-authority',
    expected: 'error',
    enrollment: 'central-group',
    breaks: () => under(tree.root, { ca: true }),
    passes: () => under(tree.root),
    message: /is a certificate authority \(CA:TRUE\), not/,
  },
  {
    rule: 'leaf-is-no-authority',
    expected: 'warning',
    breaks: () => under(tree.root, { ca: true }),
    passes: () => good({ ca: true }),
    message: /CA:TRUE/,
  },
  {
    rule: 'leaf-is-not-self-signed',
    expected: 'error',
    ...inGroup,
    breaks: () => good({ ca: false }),
    passes: () => under(tree.root),
    message: /"O=Example, CN=device-1" in option cert is self-signed/,
  },
  {
    rule: 'leaf-signature',
    expected: 'warning',
    breaks: () => good({ issuer: good() }),
    passes: () => good(),
    message: /not made with its own key/,
  },
  {
    rule: 'certificate-already-valid',
    expected: 'error',
    breaks: () => good({ notBefore: day(3) }),
    passes: () => good({ notBefore: day(-0.001) }),
    message: /is valid from .*, in 2 days; the clock of this machine says \d{4}-/,
  },
  {
    rule: 'certificate-not-expired',
    expected: 'error',
    breaks: () => good({ notBefore: day(-9), notAfter: day(-4.5) }),
    passes: () => good({ notAfter: day(40) }),
    message: /expired at .*, 4 days ago; the clock of this machine says/,
  },
  {
    rule: 'certificate-not-expiring-soon',
    expected: 'warning',
    breaks: () => good({ notAfter: day(29.9) }),
    passes: () => good({ notAfter: day(30.1) }),
    message: /expires at .*, in 29 days; the clock/,
  },
  {
    rule: 'common-name-present',
    expected: 'error',
    breaks: () => make({ subject: [['O', 'Example']] }),
    passes: () => good(),
    message: /no common name \(CN\): its subject is "O=Example"/,
  },
  {
    rule: 'common-name-single',
    expected: 'warning',
    breaks: () =>
      make({
        subject: [
          ['CN', 'a'],
          ['CN', 'b'],
        ],
      }),
    passes: () => good(),
    message: /2 common names: "a" and "b"\. The first/,
  },
  {
    rule: 'common-name-length',
    expected: 'error',
    breaks: () => good({ subject: subject('a'.repeat(65)) }),
    passes: () => good({ subject: subject('a'.repeat(64)) }),
    message: /has 65 characters; at most 64/,
  },
  {
    rule: 'common-name-characters',
    expected: 'error',
    breaks: () => good({ subject: subject('my device/é') }),
    passes: () => good({ subject: subject('a-b.c_d:9') }),
    message: /"my device\/é" holds a space, "\/" and "é"/,
  },
  {
    rule: 'common-name-last-character',
    expected: 'error',
    breaks: () => good({ subject: subject('device.') }),
    passes: () => good({ subject: subject('device-') }),
    message: /ends with "\."/,
  },
  {
    rule: 'common-name-central-characters',
    expected: 'error',
    enrollment: 'central-individual',
    breaks: () => good({ subject: subject('a.b') }),
    passes: () => good({ subject: subject('a-b') }),
    message: /"a\.b" holds "\."; a device ID in IoT Central/,
  },
  {
    rule: 'common-name-is-registration-id',
    expected: 'error',
    breaks: { ...chainOf(good()), registrationId: 'device-2' },
    passes: { ...chainOf(good()), registrationId: 'device-1' },
    message: /registrationId is "device-2", but the common name in option cert is "device-1"/,
  },
  {
    rule: 'common-name-same-case',
    expected: 'warning',
    breaks: { ...chainOf(good()), registrationId: 'Device-1' },
    passes: { ...chainOf(good()), registrationId: 'device-1' },
    message: /"Device-1" and the common name "device-1" differ in upper and lower case/,
  },
  {
    rule: 'common-name-lower-case',
    expected: 'warning',
    breaks: () => good({ subject: subject('Device-1') }),
    passes: () => good(),
    message: /"Device-1" has upper-case letters/,
  },
  {
    rule: 'subject-beyond-common-name',
    expected: 'warning',
    breaks: () => make(),
    passes: () => good(),
    message: /is "CN=device-1" and nothing else/,
  },
  {
    rule: 'extended-key-usage-client',
    expected: 'warning',
    breaks: () => good({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }),
    passes: () => good({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] }),
    message: /is for serverAuth only \(extended key usage\)/,
  },
  {
    rule: 'key-usage-signature',
    expected: 'warning',
    breaks: () => good({ keyUsage: [2, 4] }),
    passes: () => good({ keyUsage: [0, 2] }),
    message: /is for keyEncipherment and keyAgreement only \(key usage\)/,
  },
];
