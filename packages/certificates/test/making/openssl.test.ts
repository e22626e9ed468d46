import { writeFileSync } from 'node:fs';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  writeCertificate,
  type IssuedCertificate,
  type KeyAlgorithm,
} from 'azure-iot-certificates';
import { describeWithOpenssl, openssl } from '../../../../test/support/openssl';
import { useTemporaryDirectory } from './temporary-directory';

describeWithOpenssl('openssl confirms', () => {
  const at = useTemporaryDirectory();

  function describeCertificate({ certificate }: IssuedCertificate): Promise<string> {
    return openssl(['x509', '-noout', '-text', '-nameopt', 'utf8,sep_multiline,sname'], {
      input: certificate,
    });
  }

  async function verify(leaf: IssuedCertificate, trusted: IssuedCertificate): Promise<string> {
    writeFileSync(at('leaf.pem'), leaf.certificate);
    writeFileSync(at('chain.pem'), leaf.fullChain);
    writeFileSync(at('trusted.pem'), trusted.certificate);
    const purpose = ['-purpose', 'sslclient', '-x509_strict'];
    return openssl(['verify', ...purpose, '-CAfile', 'trusted.pem', '-untrusted', 'chain.pem', 'leaf.pem'], {
      cwd: at(),
    });
  }

  test.each<[KeyAlgorithm, KeyAlgorithm, KeyAlgorithm]>([
    ['EC-P256', 'EC-P256', 'EC-P256'],
    ['EC-P384', 'EC-P384', 'EC-P384'],
    ['RSA-2048', 'EC-P256', 'EC-P384'],
    ['EC-P384', 'RSA-2048', 'RSA-2048'],
  ])('that a device under root %s, intermediate %s and key %s is trusted', async (top, middle, bottom) => {
    const root = await createRootCertificate({ commonName: 'Root', keyAlgorithm: top });
    const issuer = await createIntermediateCertificate({
      commonName: 'Middle',
      issuer: root,
      keyAlgorithm: middle,
    });
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer, keyAlgorithm: bottom });
    expect(await verify(device, root)).toContain('OK');
    const proof = await createVerificationCertificate({ verificationCode: '0A1B2C', issuer: root });
    expect(await verify(proof, root)).toContain('OK');
  });

  test('that a self-signed device certificate is valid', async () => {
    const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
    expect(await verify(device, device)).toContain('OK');
  });

  test('the extensions of a root', async () => {
    const text = await describeCertificate(
      await createRootCertificate({ commonName: 'Root', keyAlgorithm: 'EC-P384' }),
    );
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE\n/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Subject Key Identifier');
    expect(text).not.toContain('Authority Key Identifier');
    expect(text).not.toContain('Extended Key Usage');
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA384');
  });

  test('the extensions of an intermediate and of devices', async () => {
    const root = await createRootCertificate({ commonName: 'Root', keyAlgorithm: 'RSA-2048' });
    const issuer = await createIntermediateCertificate({ commonName: 'Middle', issuer: root, pathLength: 3 });
    const authority = await describeCertificate(issuer);
    expect(authority).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:3\n/);
    expect(authority).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(authority).toContain('Authority Key Identifier');
    expect(authority).toContain('Signature Algorithm: sha256WithRSAEncryption');

    const [elliptic, rsa] = await Promise.all([
      createDeviceCertificate({ commonName: 'sensor-17', issuer }).then(describeCertificate),
      createDeviceCertificate({ commonName: 'sensor-18', issuer, keyAlgorithm: 'RSA-2048' }).then(
        describeCertificate,
      ),
    ]);
    expect(elliptic).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(rsa).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    for (const text of [elliptic, rsa]) {
      expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
      expect(text).toMatch(/Extended Key Usage: \s+TLS Web Client Authentication\n/);
      expect(text).toContain('Subject Key Identifier');
      expect(text).toContain('Authority Key Identifier');
      expect(text).toContain('Signature Algorithm: ecdsa-with-SHA256');
    }
  });

  test('subjects with characters that need escaping elsewhere', async () => {
    const root = await createRootCertificate({
      commonName: '"Root", 1 = #1 + \\x',
      subject: {
        organization: ' Müller, Söhne & 東京 ',
        organizationalUnit: '#41=a\\,b',
        country: 'CH',
        state: "Zürich; <'north'>",
        locality: '"',
        serialNumber: 'A-1 (b)',
      },
      validity: { notBefore: new Date('2026-01-02T03:04:05Z'), notAfter: new Date('2036-01-02T03:04:05Z') },
    });
    const subject = [
      'C=CH',
      "ST=Zürich; <'north'>",
      'L="',
      'O= Müller, Söhne & 東京 ',
      'OU=#41=a\\,b',
      'serialNumber=A-1 (b)',
      'CN="Root", 1 = #1 + \\x',
    ];
    const text = await describeCertificate(root);
    const lines = text.split('\n').map((line) => line.replace(/^ {12}/, ''));
    expect(lines.slice(lines.findIndex((line) => line.includes('Subject:')) + 1)).toEqual(
      expect.arrayContaining(subject),
    );
    expect(text).toContain('Not Before: Jan  2 03:04:05 2026 GMT');
    expect(text).toContain('Not After : Jan  2 03:04:05 2036 GMT');
    const device = await createDeviceCertificate({ commonName: 'sensor-17', issuer: root });
    expect(await verify(device, root)).toContain('OK');
  });

  test('that an encrypted key opens with its passphrase and no other', async () => {
    const device = await createSelfSignedCertificate({ commonName: 'sensor-17' });
    await writeCertificate(device, { directory: at(), name: 'a', passphrase: 'right ü' });
    const decrypt = (passphrase: string) =>
      openssl(['pkey', '-in', 'a.key', '-passin', `pass:${passphrase}`], { cwd: at() });
    expect(await decrypt('right ü')).toBe(device.privateKey);
    await expect(decrypt('wrong')).rejects.toThrow();
    expect(await openssl(['asn1parse', '-in', 'a.key'], { cwd: at() })).toContain('aes-256-cbc');
  });
});
