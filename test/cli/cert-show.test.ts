import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
} from 'azure-iot-certificates';
import { run } from '../../src/cli/run';
import { describeWithOpenssl, openssl } from '../support/openssl';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';

async function show(args: readonly string[], io = new MemoryIo({ cwd: directory.path })) {
  const code = await run(['cert', 'show', ...args], io);
  return { code, io };
}

function write(name: string, content: string | Buffer): string {
  writeFileSync(directory.file(name), content);
  return name;
}

/** Root, intermediate, device. */
async function chain() {
  const root = await createRootCertificate({ commonName: 'Root', subject: { organization: 'Contoso' } });
  const line = await createIntermediateCertificate({ commonName: 'Line 1', issuer: root });
  const device = await createDeviceCertificate({
    commonName: 'pump-2',
    issuer: line,
    validity: { days: 10 },
  });
  return { root, line, device };
}

test('cert show draws a chain as a tree, whatever files its parts are in, and describes every certificate', async () => {
  const { root, line, device } = await chain();
  const sibling = await createDeviceCertificate({ commonName: 'pump-3', issuer: line });
  const files = [
    write('pump-2-chain.crt', device.fullChain),
    write('root.der', root.x509.raw),
    write('pump-3.crt', sibling.certificate),
  ];
  const { code, io } = await show(files);
  expect(code).toBe(0);
  expect(io.err).toBe('');
  expect(io.out.split('\n').slice(0, 5)).toEqual([
    'O=Contoso, CN=Root (root CA, 3)',
    '└─ CN=Line 1 (intermediate CA, 2)',
    '   ├─ CN=pump-2 (device certificate, 1)',
    '   └─ CN=pump-3 (device certificate, 4)',
    '',
  ]);
  expect(io.out).toMatch(/Issued by +itself/);
  expect(io.out).toMatch(/Issued by +CN=Line 1/);
  expect(io.out).toContain('(9 days left)');
  for (const { thumbprint, sha256Thumbprint } of [root, line, device]) {
    expect(io.out).toContain(thumbprint);
    expect(io.out).toContain(sha256Thumbprint);
  }
  expect(io.out).toContain('CA, path length 0; key usage keyCertSign, cRLSign');
  expect(io.out).toContain('no CA; key usage digitalSignature; extended key usage clientAuth');
});

test('cert show --json prints one JSON document', async () => {
  const { device } = await chain();
  const { code, io } = await show([write('pump-2-chain.crt', device.fullChain), '--json']);
  expect(code).toBe(0);
  expect(io.json).toMatchObject({
    certificates: [
      {
        subject: 'CN=pump-2',
        commonName: 'pump-2',
        thumbprint: { sha1: device.thumbprint, sha256: device.sha256Thumbprint },
        daysLeft: 9,
        kind: 'device certificate',
        key: 'EC P-256',
        signature: 'ECDSA with SHA-256',
        extendedKeyUsage: ['clientAuth'],
        files: [directory.file('pump-2-chain.crt')],
      },
      { subject: 'CN=Line 1', isAuthority: true, pathLength: 0, kind: 'intermediate CA' },
    ],
    problems: [],
  });
});

test('cert show shows a certificate that is in several files once, with all of the files', async () => {
  const { device } = await chain();
  const { io } = await show([
    write('a.crt', device.certificate),
    write('b.crt', device.certificate),
    '--json',
  ]);
  expect(io.json).toMatchObject({
    certificates: [{ files: [directory.file('a.crt'), directory.file('b.crt')] }],
  });
});

test('cert show does not put a certificate below a CA that has the name of its issuer but another key', async () => {
  const { root } = await chain();
  const other = await createRootCertificate({ commonName: 'Root', subject: { organization: 'Contoso' } });
  const line = await createIntermediateCertificate({ commonName: 'Line 9', issuer: other });
  const { io } = await show([write('root.crt', root.certificate), write('line.crt', line.certificate)]);
  expect(io.out).not.toContain('└─');
});

describe('cert show, for the validity of a certificate,', () => {
  const aroundDay = 86_400_000;
  test.each([
    [0.5, '12 hours left'],
    [-3.5, 'expired 3 days ago'],
    [-1.5, 'expired 36 hours ago'],
  ])('prints, %d days before the end, "%s"', async (days, expected) => {
    const { x509, certificate } = await createSelfSignedCertificate({ commonName: 'pump-1' });
    const now = () => new Date(Date.parse(x509.validTo) - days * aroundDay);
    const io = new MemoryIo({ cwd: directory.path, now, terminal: { columns: 200 } });
    await show([write('pump-1.crt', certificate)], io);
    expect(io.out).toContain(expected);
    expect(io.out).toContain(days < 0 ? '\u001b[31m' : '\u001b[33m');
  });

  test('says that a certificate is not valid yet', async () => {
    const { x509, certificate } = await createSelfSignedCertificate({ commonName: 'pump-1' });
    const now = () => new Date(Date.parse(x509.validFrom) - aroundDay);
    const io = new MemoryIo({ cwd: directory.path, now });
    await show([write('pump-1.crt', certificate)], io);
    expect(io.out).toContain('not valid before');
  });
});

describe('cert show reports an error for a file without certificates, and shows the other files:', () => {
  test.each<[string, string | Buffer, string]>([
    ['empty', '', 'is empty'],
    ['text', 'hello', 'What to do: Set FILE to the certificate'],
    [
      'public key',
      createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ type: 'spki', format: 'pem' }),
      'holds a public key, not a certificate',
    ],
  ])('%s', async (name, content, message) => {
    const { device } = await chain();
    const { code, io } = await show([write(name, content), write('device.crt', device.certificate)]);
    expect(code).toBe(1);
    expect(io.err).toContain(message);
    expect(io.out).toContain('CN=pump-2');
  });

  test('a missing file', async () => {
    const { code, io } = await show(['missing.crt', '--json']);
    expect(code).toBe(1);
    expect(io.json).toMatchObject({
      certificates: [],
      problems: [{ path: directory.file('missing.crt'), rule: 'file-readable' }],
    });
  });

  test('a private key, which is not shown', async () => {
    const { device } = await chain();
    const { code, io } = await show([write('device.key', device.privateKey)]);
    expect(code).toBe(1);
    expect(io.err).toContain('holds a private key, not a certificate');
    const both = await show([write('device.pem', device.privateKey + device.certificate)]);
    expect(both.code).toBe(0);
    expect(both.io.out).toContain('holds a private key, too, which is not shown.');
  });
});

test('cert show escapes control characters in the name of a certificate', async () => {
  const { certificate } = await createRootCertificate({ commonName: 'Root\u202egnp.\u2066x' });
  const { io } = await show([write('root.crt', certificate)]);
  expect(io.out).toContain('CN=Root\\u202egnp.\\u2066x');
});

describeWithOpenssl('cert show, with a PKCS#12 file,', () => {
  async function pkcs12(): Promise<string> {
    const { device } = await chain();
    write('device.pem', device.privateKey + device.fullChain);
    await openssl(
      ['pkcs12', '-export', '-in', 'device.pem', '-out', 'device.p12', '-passout', `pass:${PASSPHRASE}`],
      {
        cwd: directory.path,
      },
    );
    return 'device.p12';
  }

  test('opens it with the passphrase of a variable, or with one that is asked for', async () => {
    const file = await pkcs12();
    const env = { P12_PASS: PASSPHRASE };
    const named = await show(
      [file, '--passphrase-env', 'P12_PASS'],
      new MemoryIo({ cwd: directory.path, env }),
    );
    expect(named.code).toBe(0);
    expect(named.io.out).toContain('CN=pump-2');
    expect(named.io.out).toContain('holds a private key, too');
    const question = `Passphrase of ${directory.file(file)}: `;
    const asked = new MemoryIo({ cwd: directory.path, terminal: { columns: 200 } })
      .answer(question, 'wrong-one-7')
      .answer(question, PASSPHRASE);
    expect((await show([file], asked)).code).toBe(0);
    expect(asked.err).toContain('That is not its passphrase');
    expect(asked.out).toContain('CN=pump-2');
  });

  test('reports how to give the passphrase when it has none', async () => {
    const file = await pkcs12();
    const { code, io } = await show([file]);
    expect(code).toBe(1);
    expect(io.err).toContain('is encrypted, but no passphrase is given');
    expect(io.err).toContain('--passphrase-env');
    const env = { P12_PASS: 'wrong-one-7' };
    const wrong = await show(
      [file, '--passphrase-env', 'P12_PASS'],
      new MemoryIo({ cwd: directory.path, env }),
    );
    expect(wrong.code).toBe(1);
    expect(wrong.io.err).toContain('The passphrase does not open the PKCS#12 file');
  });
});
