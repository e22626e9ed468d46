import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, errors, finding, names } from '../support/check';
import { ecKeys, GOOD_SUBJECT, make, makeHierarchy, rsaKeys, tlv } from '../support/make';

const device = make({ subject: GOOD_SUBJECT });
const rsa = make({ subject: GOOD_SUBJECT, keys: rsaKeys(2048) });
const { pem: cert, key } = device;
const base64 = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');
const PASSPHRASE = 'correct horse battery staple';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'credentials-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

describe('checkCredentials reads certificates and keys', () => {
  const { privateKey } = device;
  const rsaKey = rsa.privateKey;
  const secret = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
  test.each<[string, Parameters<typeof check>[0]]>([
    ['PEM strings', { cert, key }],
    ['PEM Buffers', { cert: Buffer.from(cert), key: Buffer.from(key) }],
    ['Uint8Arrays', { cert: new Uint8Array(Buffer.from(cert)), key: new Uint8Array(Buffer.from(key)) }],
    ['DER', { cert: device.x509.raw, key: privateKey.export({ type: 'pkcs8', format: 'der' }) }],
    ['SEC1', { cert, key: privateKey.export({ type: 'sec1', format: 'pem' }) }],
    ['SEC1 in DER', { cert, key: privateKey.export({ type: 'sec1', format: 'der' }) }],
    ['PKCS#1', { cert: rsa.pem, key: rsaKey.export({ type: 'pkcs1', format: 'pem' }) }],
    ['PKCS#1 in DER', { cert: rsa.pem, key: rsaKey.export({ type: 'pkcs1', format: 'der' }) }],
    [
      'encrypted PKCS#8',
      { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem', ...secret }), passphrase: PASSPHRASE },
    ],
    [
      'encrypted PKCS#8 in DER',
      { cert, key: privateKey.export({ type: 'pkcs8', format: 'der', ...secret }), passphrase: PASSPHRASE },
    ],
    [
      'traditionally encrypted SEC1',
      { cert, key: privateKey.export({ type: 'sec1', format: 'pem', ...secret }), passphrase: PASSPHRASE },
    ],
    [
      'traditionally encrypted PKCS#1',
      {
        cert: rsa.pem,
        key: rsaKey.export({ type: 'pkcs1', format: 'pem', ...secret }),
        passphrase: PASSPHRASE,
      },
    ],
    ['both in one text', { cert: key + cert, key: key + cert }],
    ['a block under a wrong label', { cert, key: key.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY') }],
  ])('given as %s', async (_, options) => {
    expect(await check(options)).toMatchObject({ ok: true, findings: [], registrationId: 'device-1' });
  });

  test('from files, one of which may hold both', async () => {
    const path = file('both.pem', key + cert);
    expect(await check({ certFile: path, keyFile: path })).toMatchObject({ ok: true, findings: [] });
    symlinkSync(path, join(directory, 'link.pem'));
    expect(await check({ certFile: join(directory, 'link.pem'), keyFile: path })).toMatchObject({
      findings: [],
    });
  });

  test('with a chain in an option of its own, in any order, and leaves out the root', async () => {
    const { root, intermediate, device: leaf } = makeHierarchy();
    const lower = make({ subject: [['CN', 'Lower']], issuer: intermediate, ca: true });
    const end = make({ subject: GOOD_SUBJECT, issuer: lower });
    const report = await check({
      cert: end.pem,
      key: end.key,
      chain: root.pem + intermediate.pem + lower.pem,
      enrollment: 'hub-group',
    });
    expect(report.chain.map(({ subject }) => subject)).toEqual(['CN=Lower', 'CN=Test Intermediate']);
    expect(names(report)).toEqual(['info chain-root-not-sent', 'info chain-in-order']);
    const swapped = await check({
      cert: intermediate.pem,
      chain: leaf.pem,
      key: leaf.key,
      enrollment: 'hub-group',
    });
    expect(swapped).toMatchObject({ ok: true, registrationId: 'device-1' });
  });
});

describe('checkCredentials repairs harmless damage and reports it:', () => {
  test.each<[string, (pem: string) => string | Buffer, RegExp]>([
    ['CRLF', (pem) => pem.replaceAll('\n', '\r\n'), /Windows line ends/],
    ['CR', (pem) => pem.replaceAll('\n', '\r'), /old Macintosh line ends/],
    ['a byte order mark', (pem) => `\ufeff${pem}`, /a byte order mark/],
    ['UTF-16 from PowerShell', (pem) => Buffer.from(`\ufeff${pem}`, 'utf16le'), /UTF-16/],
    ['indentation', (pem) => pem.replace(/^/gm, '    '), /stray white space/],
    ['white space behind lines', (pem) => pem.replace(/$/gm, ' \t'), /stray white space/],
    ['non-breaking spaces', (pem) => pem.replace(/^/gm, '\u00a0'), /non-breaking or invisible spaces/],
    [
      'non-breaking spaces in Windows-1252',
      (pem) => Buffer.from(pem.replace(/^/gm, '\u00a0'), 'latin1'),
      /non-breaking/,
    ],
    [
      'bag attributes',
      (pem) => `Bag Attributes\n    localKeyID: 01\nsubject=CN = device-1\n${pem}`,
      /text outside the PEM blocks/,
    ],
    ['quotes', (pem) => `CERT="${pem.trim()}"`, /text outside the PEM blocks/],
    [
      'an environment variable with \\n',
      (pem) => pem.replaceAll('\n', String.raw`\n`),
      /line breaks written as \\n/,
    ],
    [
      'a JSON string inside JSON',
      (pem) => pem.replaceAll('\n', String.raw`\\n`),
      /line breaks written as \\n/,
    ],
    ['line breaks turned into spaces', (pem) => pem.replaceAll('\n', ' '), /a PEM block in a single line/],
    ['typographic dashes', (pem) => pem.replaceAll('-----', '–—-–'), /typographic dashes/],
    ['Base64 alone', (pem) => base64(pem), /Base64 without BEGIN and END lines/],
    ['PEM as Base64', (pem) => Buffer.from(pem).toString('base64'), /PEM encoded as Base64 once more/],
  ])('%s', async (_, damage, message) => {
    const report = await check({ cert: damage(cert), key: damage(key) });
    expect(names(report)).toEqual(['info text-as-it-should-be', 'info text-as-it-should-be']);
    expect(report.findings[0]?.message).toMatch(message);
    expect(report.findings[0]?.message).toMatch(/^Option cert was read in spite of /);
    expect(report).toMatchObject({ ok: true, registrationId: 'device-1' });
  });

  test('white space and line ends in an encrypted key of the traditional form', async () => {
    const encrypted = device.privateKey.export({
      type: 'sec1',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: PASSPHRASE,
    });
    for (const damaged of [
      encrypted.toString().replaceAll('\n', ' '),
      encrypted.toString().replaceAll('\n', '\r\n  '),
    ]) {
      expect(await check({ cert, key: damaged, passphrase: PASSPHRASE })).toMatchObject({ ok: true });
    }
  });
});

describe('checkCredentials reports what it cannot repair:', () => {
  const body = tlv(48, tlv(2, Buffer.from([0])), tlv(48), tlv(48), tlv(0xa0));
  const requestDer = tlv(48, body, tlv(48), tlv(3, Buffer.from([0])));
  const request = `-----BEGIN CERTIFICATE REQUEST-----\n${requestDer.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const { publicKey } = ecKeys();
  const lines = cert.split('\n');
  const cases: [string, Parameters<typeof check>[0], string, RegExp, RegExp][] = [
    ['a request as certificate', { cert: request, key }, 'certificate-present', /Option cert holds a certificate signing request \(CSR\), not a certificate/, /openssl x509 -req/],
    ['a public key as certificate', { cert: publicKey.export({ type: 'spki', format: 'pem' }), key }, 'certificate-present', /holds a public key, not a certificate/, /BEGIN CERTIFICATE/],
    ['a public key as key', { cert, key: publicKey.export({ type: 'spki', format: 'pem' }) }, 'private-key-present', /Option key holds a public key, not a private key/, /cannot be computed/],
    ['a certificate as key', { cert, key: cert }, 'private-key-present', /Option key holds a certificate, not a private key/, /Set key to the private key/],
    ['a key as certificate', { cert: key, key }, 'certificate-present', /Option cert holds a private key, not a certificate/, /BEGIN CERTIFICATE/],
    ['both swapped', { cert: key, key: cert }, 'certificate-and-key-in-place', /swapped: option cert holds a private key, option key holds a certificate/, /Exchange the values of cert and key/],
    ['an OpenSSH key', { cert, key: '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n' }, 'private-key-present', /a private key in OpenSSH format/, /ssh-keygen -p -m PKCS8/],
    ['an SSH public key', { cert, key: 'ssh-ed25519 AAAAC3NzaC1lZDI1 me@host' }, 'private-key-present', /an SSH public key/, /in PEM/],
    ['a PuTTY key', { cert, key: 'PuTTY-User-Key-File-3: ssh-ed25519\n' }, 'private-key-present', /PuTTY format/, /puttygen KEY-FILE/],
    ['an HTML page', { cert: '<!DOCTYPE html><html>Sign in</html>', key }, 'certificate-present', /an HTML page/, /Set cert/],
    ['JSON', { cert: '{"certificate":""}', key }, 'certificate-present', /holds JSON/, /Set cert/],
    ['a path in place of text', { cert: './device.crt', key }, 'certificate-present', /what looks like a path/, /Set cert/],
    ['any text', { cert: 'hello', key }, 'certificate-present', /no "-----BEGIN" line/, /Set cert/],
    ['text in place of a path', { cert, keyFile: key }, 'file-readable', /Option keyFile holds the text of a certificate or key/, /as option key instead of keyFile/],
    ['Base64 in place of a path', { cert, keyFile: base64(key) }, 'file-readable', /Option keyFile holds the text/, /as option key/],
    ['an empty text', { cert: '', key }, 'file-not-empty', /Option cert is empty/, /Write the certificate again/],
    ['white space', { cert, key: ' \r\n\t' }, 'file-not-empty', /Option key is empty/, /Write the private key again/],
    ['a certificate without its end', { cert: cert.slice(0, 300), key }, 'pem-intact', /the CERTIFICATE block that starts in line 1 has no END line/, /Copy the file again/],
    ['a certificate without its beginning', { cert: lines.slice(2).join('\n'), key }, 'pem-intact', /no BEGIN line/, /Copy/],
    ['a certificate without a line', { cert: lines.filter((_, index) => index !== 4).join('\n'), key }, 'pem-intact', /is cut short: 48 of \d+ bytes are missing/, /Copy/],
    ['a line without four characters', { cert: cert.replace(lines[3] ?? '', (lines[3] ?? '').slice(4)), key }, 'pem-intact', /3 of \d+ bytes are missing; line 4 has 60 characters, others have 64/, /Copy/],
    ['a foreign character', { cert: `# note\n${cert.replace(lines[3] ?? '', `*${(lines[3] ?? '').slice(1)}`)}`, key }, 'pem-intact', /line 5 holds a character that Base64 does not have/, /Copy/],
    ['two certificates run together', { cert: cert.replace(/\n-----END[^]*/, '') + cert.replace(/-----BEGIN.*/, ''), key }, 'pem-intact', /is damaged/, /Copy/],
    ['a damaged key', { cert, key: key.replace('MI', 'AB') }, 'pem-intact', /the PRIVATE KEY block .* does not start as it must/, /Copy/],
    ['DER cut short', { cert: device.x509.raw.subarray(0, 200), key }, 'pem-intact', /holds a certificate that is cut short: \d+ of \d+ bytes are missing|neither a certificate nor a key that is cut short/, /Copy/],
    ['a certificate with a broken inside', { cert: Buffer.from(device.x509.raw).fill(0xff, 30, 60), key }, 'certificate-readable', /OpenSSL cannot read it/, /openssl x509/],
    ['a key of an unknown algorithm', { cert, key: Buffer.from(device.privateKey.export({ type: 'pkcs8', format: 'der' })).fill(0x11, 9, 15) }, 'private-key-readable', /cannot be read/, /openssl pkey/],
    ['an encrypted key without passphrase', { cert, key: device.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }) }, 'passphrase-given', /is encrypted \(PBES2 with AES-256-CBC\), but option passphrase is not given/, /Set option passphrase/],
    ['an encrypted key with another passphrase', { cert, key: device.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }), passphrase: 'no' }, 'passphrase-correct', /passphrase does not decrypt the private key in option key/, /openssl pkey/],
    ['a traditional key with another passphrase', { cert, key: device.privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }), passphrase: 'no' }, 'passphrase-correct', /does not decrypt/, /openssl pkey/],
    ['a cipher that OpenSSL 3 gave up', { cert, key: device.privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }).toString().replace('AES-256-CBC', 'DES-CBC'), passphrase: PASSPHRASE }, 'key-encryption-supported', /encrypted with DES-CBC, which OpenSSL 3/, /-provider legacy/],
    ['a trust store', { cert: cert.repeat(40), key }, 'certificate-count', /holds 40 certificates; at most 32/, /not to a list of trusted authorities/],
    ['too much', { cert: Buffer.alloc(1024 * 1024 + 1, 65), key }, 'file-size', /has 1048577 bytes; more than 1048576/, /device certificate alone/],
  ]; // prettier-ignore

  test.each(cases)('%s', async (_, options, rule, message, remedy) => {
    const report = await check(options);
    expect(errors(report)).toEqual([rule]);
    expect(finding(report, rule).message).toMatch(message);
    expect(finding(report, rule).remedy).toMatch(remedy);
  });

  test('a needless passphrase as info and a second key as a warning', async () => {
    expect(names(await check({ cert, key, passphrase: PASSPHRASE }))).toEqual(['info passphrase-needed']);
    expect(names(await check({ cert, key: key + rsa.key }))).toEqual(['warning private-key-single']);
  });

  test('one damaged certificate among intact ones, without a finding about the chain', async () => {
    const { root, intermediate, device: leaf } = makeHierarchy();
    const damaged = intermediate.pem.slice(0, 200);
    for (const options of [
      { cert: leaf.pem + damaged + root.pem },
      { cert: damaged + leaf.pem + root.pem },
      { cert: leaf.pem, chain: damaged + root.pem },
    ]) {
      expect(errors(await check({ ...options, key: leaf.key, enrollment: 'hub-group' }))).toEqual([
        'pem-intact',
      ]);
    }
  });
});

test('checkCredentials reports keys of types that cannot sign a TLS handshake', async () => {
  const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  for (const { privateKey } of [dsa, generateKeyPairSync('x448')]) {
    const report = await check({ cert: '', key: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
    expect(errors(report)).toEqual(['file-not-empty', 'key-type-signs-tls']);
  }
});
