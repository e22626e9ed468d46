import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { READING_RULES } from '../../src/reading/problem';
import { check, finding, names } from '../support/check';
import { ecKeys, GOOD_SUBJECT, make, oid, tlv } from '../support/make';
import { makePkcs12 } from '../support/pkcs12';

/* For every reading rule: one input that breaks this rule alone, and a similar one that passes. */

type Options = Parameters<typeof check>[0];
type RuleName = keyof typeof READING_RULES;

const device = make({ subject: GOOD_SUBJECT });
const { pem: cert, key, privateKey } = device;
const passphrase = 'correct horse battery staple';
const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
const pkcs12 = makePkcs12(device, passphrase);
/** Signed instead of protected by a MAC, which nothing that makes files for devices does. */
const signedPkcs12 = tlv(48, tlv(2, Buffer.from([3])), tlv(48, oid('1.2.840.113549.1.7.2'), tlv(0xa0)));
const publicKey = ecKeys().publicKey.export({ type: 'spki', format: 'pem' });

const directory = mkdtempSync(join(tmpdir(), 'credentials-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const keyFile = join(directory, 'device.key');
writeFileSync(keyFile, key, { mode: 0o600 });

/** Typed by the table, so that a rule without a case does not compile. */
const CASES: Readonly<Record<RuleName, { breaks: Options; passes: Options; message: RegExp }>> = {
  'file-readable': {
    breaks: { cert, keyFile: directory },
    passes: { cert, keyFile },
    message: /is a directory/,
  },
  'file-size': {
    breaks: { cert, key: key + ' '.repeat(1024 * 1024) },
    passes: { cert, key: key + '\n'.repeat(1024 * 1024 - key.length) },
    message: /more than 1048576 are not read/,
  },
  'file-not-empty': { breaks: { cert, key: '\n' }, passes: { cert, key }, message: /key is empty/ },
  'pem-intact': {
    breaks: { cert, key: key.replace('-----END', '-----SEND') },
    passes: { cert, key },
    message: /has no END line/,
  },
  'certificate-present': {
    breaks: { cert: publicKey, key },
    passes: { cert, key },
    message: /holds a public key, not a certificate/,
  },
  'certificate-readable': {
    breaks: { cert: Buffer.from(device.x509.raw).fill(0xff, 30, 60), key },
    passes: { cert: device.x509.raw, key },
    message: /OpenSSL cannot read it/,
  },
  'certificate-count': {
    breaks: { cert: cert.repeat(33), key },
    passes: { cert, key },
    message: /holds 33 certificates/,
  },
  'private-key-present': {
    breaks: { cert, key: publicKey },
    passes: { cert, key },
    message: /holds a public key, not a private key/,
  },
  'private-key-readable': {
    breaks: {
      cert,
      key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'der' })).fill(0x11, 9, 15),
    },
    passes: { cert, key: privateKey.export({ type: 'pkcs8', format: 'der' }) },
    message: /cannot be read/,
  },
  'pkcs12-readable': {
    breaks: { cert: signedPkcs12, key: signedPkcs12, passphrase },
    passes: { cert: pkcs12, key: pkcs12, passphrase },
    message: /cannot be taken apart/,
  },
  'private-key-single': {
    breaks: { cert, key: key + make().key },
    passes: { cert, key: key + key },
    message: /holds 2 private keys/,
  },
  'certificate-and-key-in-place': {
    breaks: { cert: key, key: cert },
    passes: { cert, key },
    message: /are swapped/,
  },
  'passphrase-given': {
    breaks: { cert, key: encrypted },
    passes: { cert, key: encrypted, passphrase },
    message: /option passphrase is not given/,
  },
  'passphrase-correct': {
    breaks: { cert, key: encrypted, passphrase: `${passphrase} ` },
    passes: { cert, key: encrypted, passphrase },
    message: /does not decrypt/,
  },
  'passphrase-needed': {
    breaks: { cert, key, passphrase },
    passes: { cert, key },
    message: /is not encrypted/,
  },
  'key-encryption-supported': {
    breaks: {
      cert,
      key: privateKey
        .export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase })
        .toString()
        .replace('AES-256-CBC', 'DES-CBC'),
      passphrase,
    },
    passes: {
      cert,
      key: privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase }),
      passphrase,
    },
    message: /DES-CBC/,
  },
  'text-as-it-should-be': {
    breaks: { cert, key: `Key Attributes: <No Attributes>\n${key}` },
    passes: { cert, key },
    message: /text outside the PEM blocks/,
  },
};

test.each(Object.entries(CASES) as [RuleName, (typeof CASES)[RuleName]][])(
  'the reading rule %s finds an input that breaks this rule alone, and nothing in a similar good one',
  async (rule, { breaks, passes, message }) => {
    const report = await check(breaks);
    expect(names(report)).toEqual([`${READING_RULES[rule].severity} ${rule}`]);
    expect(finding(report, rule).message).toMatch(message);
    expect(finding(report, rule).remedy).not.toBe('');
    expect(names(await check(passes))).toEqual([]);
  },
);

/** An encrypted PKCS#8 key whose passphrase takes this many rounds of PBKDF2 with HMAC-SHA-512. */
function slowKey(rounds: number): Buffer {
  const algorithm = (id: string, ...parameters: Buffer[]): Buffer => tlv(48, oid(id), ...parameters);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(rounds);
  const derivation = tlv(
    48,
    tlv(4, Buffer.alloc(8)),
    tlv(2, octets),
    algorithm('1.2.840.113549.2.11', tlv(5)),
  );
  const schemes = tlv(
    48,
    algorithm('1.2.840.113549.1.5.12', derivation),
    algorithm('2.16.840.1.101.3.4.1.42', tlv(4, Buffer.alloc(16))),
  );
  return tlv(48, algorithm('1.2.840.113549.1.5.13', schemes), tlv(4, Buffer.alloc(64)));
}

test('rounds of slow hashes count twice, so that no key takes more than about a second', async () => {
  expect(names(await check({ cert, key: slowKey(500_001), passphrase }))).toEqual([
    'error key-encryption-supported',
  ]);
  expect(names(await check({ cert, key: slowKey(1000), passphrase }))).toEqual(['error passphrase-correct']);
});
