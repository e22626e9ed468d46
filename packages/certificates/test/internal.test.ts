import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createServerCertificate,
  describeCertificate,
  factsOf,
  readCertificateFile,
  type CertificateDescription,
} from '../src/internal';
import { createRootCertificate } from '../src/making/create';
import { DAY, GOOD_SUBJECT, make, makeHierarchy, type Made } from './support/make';
import { makePkcs12 } from './support/pkcs12';

const tree = makeHierarchy();
const describeNow = ({ x509 }: Made): CertificateDescription =>
  describeCertificate(factsOf(x509), new Date());

describe('describeCertificate', () => {
  test.each<[string, Made, Partial<CertificateDescription>]>([
    ['a root CA', tree.root, { kind: 'root CA', isAuthority: true, isSelfSigned: true }],
    ['an intermediate CA', tree.intermediate, { kind: 'intermediate CA', isAuthority: true }],
    ['a device certificate', tree.device, { kind: 'device certificate', isSelfSigned: false }],
    ['a self-signed device certificate', make(), { kind: 'self-signed device certificate' }],
    ['another certificate', make({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }), { kind: 'other certificate' }],
  ])('recognizes %s', (_kind, certificate, expected) => {
    expect(describeNow(certificate)).toMatchObject(expected);
  });

  test('names the extensions, the key, the signature and the days that are left', () => {
    const certificate = make({
      subject: [['CN', 'Line 1']],
      issuer: tree.root,
      ca: { pathLength: 1 },
      keyUsage: [5, 6],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0', '1.2.3'],
      notAfter: new Date(Date.now() + 3.5 * DAY),
    });
    expect(describeNow(certificate)).toMatchObject({
      subject: 'CN=Line 1',
      issuer: 'CN=Test Root',
      commonName: 'Line 1',
      daysLeft: 3,
      key: 'EC P-256',
      signature: 'ECDSA with SHA-256',
      pathLength: 1,
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: ['clientAuth', 'any purpose', '1.2.3'],
      usableAs: expect.stringContaining('It signs devices and up to 1 level of intermediates.') as string,
    });
  });

  test('says that a CA without keyCertSign must not sign', () => {
    expect(describeNow(make({ ca: true, keyUsage: [0] })).usableAs).toContain(
      'It must not sign certificates',
    );
  });

  test('shows an empty name as one', () => {
    expect(describeNow(make({ subject: [] })).subject).toBe('(empty name)');
  });
});

describe('readCertificateFile', () => {
  const directory = mkdtempSync(join(tmpdir(), 'certificates-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: string | Buffer): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };

  test('reads every certificate of a file and tells whether it holds a key', async () => {
    const path = file('bundle.pem', tree.device.pem + tree.intermediate.pem + tree.device.key);
    const { certificates, ...rest } = await readCertificateFile(path);
    expect(certificates.map(({ commonNames }) => commonNames)).toEqual([['device-1'], ['Test Intermediate']]);
    expect(rest).toEqual({ hasKey: true, findings: [], needsPassphrase: false });
  });

  test('asks for the passphrase of a PKCS#12 file, and asks again if it is wrong', async () => {
    const path = file('device.p12', makePkcs12(make({ subject: GOOD_SUBJECT }), 'right'));
    expect(await readCertificateFile(path)).toMatchObject({ certificates: [], needsPassphrase: true });
    expect(await readCertificateFile(path, 'wrong')).toMatchObject({ needsPassphrase: true });
    const { certificates, needsPassphrase } = await readCertificateFile(path, 'right');
    expect(certificates).toHaveLength(1);
    expect(needsPassphrase).toBe(false);
  });

  test('needs no passphrase for an encrypted PEM key, which it does not read', async () => {
    const { privateKey } = tree.device;
    const key = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a' });
    const { findings, ...rest } = await readCertificateFile(
      file('both.pem', tree.device.pem + key.toString()),
    );
    expect(findings).toEqual([]);
    expect(rest).toMatchObject({ hasKey: true, needsPassphrase: false });
  });

  test('says what is wrong with a file', async () => {
    const { findings } = await readCertificateFile(join(directory, 'absent.crt'));
    expect(findings.map(({ rule }) => rule)).toEqual(['file-readable']);
  });
});

test('createServerCertificate makes a certificate for a TLS server and not for a device', async () => {
  const issuer = await createRootCertificate({ commonName: 'Root' });
  const { x509 } = await createServerCertificate({ issuer, hostNames: ['localhost'] });
  expect(x509.checkHost('localhost')).toBe('localhost');
  expect(describeCertificate(factsOf(x509), new Date()).kind).toBe('other certificate');
});

test('factsOf tells the version of a certificate', () => {
  expect(factsOf(tree.device.x509).version).toBe(3);
});
