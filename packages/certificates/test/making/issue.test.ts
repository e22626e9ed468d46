import { createHash, X509Certificate } from 'node:crypto';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
  type KeyAlgorithm,
} from 'azure-iot-certificates';

const DAY_MS = 86_400_000;

function daysLeft({ x509 }: IssuedCertificate): number {
  return Math.round((Date.parse(x509.validTo) - Date.now()) / DAY_MS);
}

function serialBits({ x509 }: IssuedCertificate): number {
  return BigInt(`0x${x509.serialNumber}`).toString(2).length;
}

describe('the create functions make certificates:', () => {
  let root: IssuedCertificate;
  let intermediate: IssuedCertificate;
  let device: IssuedCertificate;

  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Contoso Root CA' });
    intermediate = await createIntermediateCertificate({ commonName: 'Contoso Factory CA', issuer: root });
    device = await createDeviceCertificate({ commonName: 'Sensor-17', issuer: intermediate });
  });

  test('a root is a certificate authority that signed itself and is valid for ten years', () => {
    expect(root.x509.ca).toBe(true);
    expect(root.x509.checkIssued(root.x509)).toBe(true);
    expect(root.x509.verify(root.x509.publicKey)).toBe(true);
    expect(daysLeft(root)).toBe(3650);
    expect(root.chain).toEqual([]);
    expect(root.fullChain).toBe(root.certificate);
  });

  test('an intermediate is a certificate authority signed by its issuer and valid for five years', () => {
    expect(intermediate.x509.ca).toBe(true);
    expect(intermediate.x509.checkIssued(root.x509)).toBe(true);
    expect(intermediate.x509.verify(root.x509.publicKey)).toBe(true);
    expect(daysLeft(intermediate)).toBe(1825);
    expect(intermediate.chain).toEqual([]);
  });

  test('a device below an intermediate carries the intermediate, never the root', () => {
    expect(device.x509.ca).toBe(false);
    expect(device.x509.subject).toBe('CN=Sensor-17');
    expect(device.x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(device.x509.verify(intermediate.x509.publicKey)).toBe(true);
    expect(daysLeft(device)).toBe(365);
    expect(device.chain).toEqual([intermediate.certificate]);
    expect(device.fullChain).toBe(device.certificate + intermediate.certificate);
  });

  test('a device directly below a root needs no chain', async () => {
    const direct = await createDeviceCertificate({ commonName: 'sensor-18', issuer: root });
    expect(direct.x509.verify(root.x509.publicKey)).toBe(true);
    expect(direct.chain).toEqual([]);
  });

  test('a chain of two intermediates is listed nearest first', async () => {
    const upper = await createIntermediateCertificate({ commonName: 'Upper', issuer: root, pathLength: 1 });
    const lower = await createIntermediateCertificate({ commonName: 'Lower', issuer: upper });
    const { chain } = await createDeviceCertificate({ commonName: 'deep', issuer: lower });
    expect(chain).toEqual([lower.certificate, upper.certificate]);
  });

  test('a self-signed device certificate is no certificate authority', async () => {
    const { x509, chain, ...rest } = await createSelfSignedCertificate({ commonName: 'sensor_1:a.b-' });
    expect(x509.ca).toBe(false);
    expect(x509.verify(x509.publicKey)).toBe(true);
    expect(x509.subject).toBe('CN=sensor_1:a.b-');
    expect(chain).toEqual([]);
    expect(rest.fullChain).toBe(rest.certificate);
  });

  test('a verification certificate has the code as its common name and is valid for 30 days', async () => {
    const verificationCode = 'A1B2C3D4E5F60718293A4B5C6D7E8F901234567890ABCDEF';
    const proof = await createVerificationCertificate({ verificationCode, issuer: intermediate });
    expect(proof.x509.subject).toBe(`CN=${verificationCode}`);
    expect(proof.x509.verify(intermediate.x509.publicKey)).toBe(true);
    expect(daysLeft(proof)).toBe(30);
  });

  test('thumbprints are the digests of the certificate in upper-case hexadecimal', () => {
    const digest = (name: string) => createHash(name).update(device.x509.raw).digest('hex').toUpperCase();
    expect(device.thumbprint).toBe(digest('sha1'));
    expect(device.sha256Thumbprint).toBe(digest('sha256'));
  });

  test('the private key belongs to the certificate', () => {
    const { x509, privateKey, certificate } = device;
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(new X509Certificate(certificate).publicKey.equals(x509.publicKey)).toBe(true);
    expect(device.exportPrivateKey()).toBe(privateKey);
  });

  test('every serial number is positive and has 127 bits, hence 16 bytes', () => {
    for (const certificate of [root, intermediate, device]) expect(serialBits(certificate)).toBe(127);
    expect(new Set([root, intermediate, device].map(({ x509 }) => x509.serialNumber)).size).toBe(3);
  });

  test('an RSA key is generated without blocking the event loop', async () => {
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    count();
    await createSelfSignedCertificate({ commonName: 'large', keyAlgorithm: 'RSA-2048' });
    isDone = true;
    expect(turns).toBeGreaterThan(10);
  });

  test.each<[KeyAlgorithm, object]>([
    ['EC-P256', { namedCurve: 'prime256v1' }],
    ['EC-P384', { namedCurve: 'secp384r1' }],
    ['RSA-2048', { modulusLength: 2048, publicExponent: 65537n }],
  ])('a device certificate has a key of the kind %s', async (keyAlgorithm, details) => {
    const { x509 } = await createDeviceCertificate({ commonName: 'key', issuer: root, keyAlgorithm });
    expect(x509.publicKey.asymmetricKeyDetails).toEqual(details);
    expect(x509.verify(root.x509.publicKey)).toBe(true);
  });
});

describe('the validity of a certificate', () => {
  test('begins five minutes ago, because clocks differ', async () => {
    const { x509 } = await createSelfSignedCertificate({ commonName: 'clock' });
    const age = Date.now() - Date.parse(x509.validFrom);
    expect(age).toBeGreaterThanOrEqual(300_000);
    expect(age).toBeLessThan(330_000);
  });

  test('is taken to the second from dates, also beyond 2049 where another date format begins', async () => {
    const { x509 } = await createRootCertificate({
      commonName: 'Dates',
      validity: {
        notBefore: new Date('2020-02-29T12:34:56.789Z'),
        notAfter: new Date('2061-07-08T09:10:11.999Z'),
      },
    });
    expect(x509.validFrom).toBe('Feb 29 12:34:56 2020 GMT');
    expect(x509.validTo).toBe('Jul  8 09:10:11 2061 GMT');
  });

  test('is shortened to that of the issuer if the default would outlive it', async () => {
    const issuer = await createRootCertificate({ commonName: 'Short', validity: { days: 7 } });
    const device = await createDeviceCertificate({ commonName: 'long', issuer });
    expect(device.x509.validTo).toBe(issuer.x509.validTo);
  });

  test('may be the same number of days as the issuer, counted a moment later', async () => {
    const notAfter = new Date(Date.now() + 365 * DAY_MS - 2000);
    const issuer = await createRootCertificate({ commonName: 'Year', validity: { notAfter } });
    const device = await createDeviceCertificate({ commonName: 'year', issuer, validity: { days: 365 } });
    expect(device.x509.validTo).toBe(issuer.x509.validTo);
  });

  test('may lie in the past, so that an expired device can be tried', async () => {
    const issuer = await createRootCertificate({ commonName: 'Now' });
    const validity = {
      notBefore: new Date(Date.now() - 2 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    };
    const device = await createDeviceCertificate({ commonName: 'old', issuer, validity });
    expect(daysLeft(device)).toBe(-1);
  });
});
