import { createPrivateKey } from 'node:crypto';
import { format, inspect } from 'node:util';
import { createRootCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { InvalidOptionsError } from '../../src/errors';

describe('the private key of an IssuedCertificate', () => {
  let certificate: IssuedCertificate;
  let secret: string;
  beforeAll(async () => {
    certificate = await createRootCertificate({ commonName: 'Root' });
    secret = certificate.privateKey.split('\n')[1] ?? '';
    expect(secret).toHaveLength(64);
  });

  test.each<[string, () => string]>([
    ['inspection', () => inspect(certificate)],
    [
      'inspection of everything',
      () => inspect([certificate], { showHidden: true, getters: true, depth: null }),
    ],
    ['console.log', () => format('%s %o %O %j', certificate, certificate, certificate, certificate)],
    ['JSON', () => JSON.stringify({ certificate })],
    ['the own properties', () => Object.getOwnPropertyNames(certificate).join()],
    ['a copy', () => inspect({ ...certificate }, { depth: null })],
    ['a string', () => format('%s', [certificate])],
  ])('is not shown by %s', (_name, show) => {
    const shown = show();
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('PRIVATE KEY');
    expect(shown).not.toContain('privateKey');
  });

  test('is left out where the certificate is shown', () => {
    expect(inspect(certificate)).toContain(certificate.thumbprint);
    expect(JSON.parse(JSON.stringify(certificate))).toEqual({
      certificate: certificate.certificate,
      chain: [],
      thumbprint: certificate.thumbprint,
      sha256Thumbprint: certificate.sha256Thumbprint,
    });
  });

  test.each(['x', 'pass phrase "ü" €', 'x'.repeat(1024)])(
    'is encrypted with the passphrase (case %#)',
    (passphrase) => {
      const key = certificate.exportPrivateKey(passphrase);
      expect(key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      expect(createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' })).toBe(
        certificate.privateKey,
      );
      expect(() => createPrivateKey({ key, passphrase: `${passphrase.slice(1)}!` })).toThrow();
    },
  );

  test.each([
    ['', 'Option passphrase is empty.'],
    ['€'.repeat(342), 'Option passphrase is longer than 1024 bytes.'],
  ])('is not encrypted with a passphrase that OpenSSL could not decrypt (case %#)', (passphrase, message) => {
    expect(() => certificate.exportPrivateKey(passphrase)).toThrow(message);
    expect(() => certificate.exportPrivateKey(passphrase)).toThrow(InvalidOptionsError);
  });
});
