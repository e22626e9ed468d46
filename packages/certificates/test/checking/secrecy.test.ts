import { inspect } from 'node:util';
import { checkCredentials } from '../../src/checking/check-credentials';
import { inspectCredentials, KeyMaterial } from '../../src/checking/inspect';
import { CredentialsError, InvalidOptionsError } from '../../src/errors';
import type { CredentialsOptions } from '../../src/options';
import { GOOD_SUBJECT, make } from '../support/make';

const { pem: cert, key, privateKey } = make({ subject: GOOD_SUBJECT });
const passphrase = 'Tr0ub4dor&3-and-more';
const encrypted = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
  .toString();

const oneLine = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');

/** Everything that a log or a debugger would show of a value. */
function exposures(value: unknown): string {
  const error = value instanceof Error ? [value.message, value.stack, String(value.cause)] : [];
  return [
    inspect(value, { depth: 12, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
    ...(typeof value === 'object' && value !== null ? Object.values(value).map((one) => inspect(one)) : []),
    ...error,
  ].join('\n');
}

function expectNoSecret(value: unknown): void {
  const shown = exposures(value);
  expect(shown).not.toContain(passphrase);
  // The public half of a key is in its certificate, and no secret.
  const certificate = oneLine(cert);
  for (const body of [key, encrypted].map(oneLine)) {
    for (let start = 0; start + 20 <= body.length; start += 4) {
      const piece = body.slice(start, start + 20);
      if (!certificate.includes(piece)) expect(shown.includes(piece)).toBe(false);
    }
  }
  const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  for (const encoding of ['hex', 'base64', 'base64url'] as const)
    expect(shown).not.toContain(scalar.toString(encoding));
}

const options = (more: object): CredentialsOptions => ({ enrollment: 'hub-group', cert, key, ...more });

test.each<[string, object]>([
  ['a good pair', {}],
  ['an encrypted key', { key: encrypted, passphrase }],
  ['a wrong passphrase', { key: encrypted, passphrase: `${passphrase}!` }],
  ['a needless passphrase', { passphrase }],
  ['a damaged key', { key: key.replace('MI', '*I') }],
  ['a key cut short', { key: key.slice(0, 120) }],
  ['a key without its frame', { key: oneLine(key) }],
  [
    'a key and a passphrase in the place of paths',
    { key: undefined, keyFile: key, cert: undefined, certFile: oneLine(key) },
  ],
  ['a passphrase in the place of a key', { key: passphrase }],
  ['a key in the place of a certificate', { cert: key, key: cert }],
  ['a key in the certificate', { cert: cert + key }],
  ['a key as an enrollment', { enrollment: 'hub-individual', chain: key }],
])('neither report nor error shows a secret of %s', async (_, more) => {
  const inspected = await inspectCredentials(options(more));
  expectNoSecret(inspected.report);
  expectNoSecret(inspected);
  if (inspected.report.findings.some(({ severity }) => severity === 'error')) {
    expectNoSecret(new CredentialsError(inspected.report));
  }
});

test.each<[string, object]>([
  ['both', { keyFile: key }],
  ['a number', { passphrase: 7, key: 1 }],
  ['an array', { key: [key], passphrase: [passphrase] }],
])('an InvalidOptionsError shows no secret: %s', async (_, more) => {
  const error: unknown = await checkCredentials(options(more)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expectNoSecret(error);
});

describe('KeyMaterial', () => {
  test('returns the private key from toX509 only', async () => {
    const { material } = await inspectCredentials(
      options({ enrollment: 'hub-individual', key: encrypted, passphrase }),
    );
    expect(material).toBeInstanceOf(KeyMaterial);
    expect(material?.toX509()).toEqual({ cert, key });
    expect(Object.keys(material ?? {})).toEqual(['certPem']);
    expect(material?.certificate.subject).toBe('O=Example\nCN=device-1');
    expect(material?.thumbprint.sha1).toMatch(/^[0-9A-F]{40}$/);
    expect(material?.thumbprint.sha256).toMatch(/^[0-9A-F]{64}$/);
    expectNoSecret(material);
    expectNoSecret(Object.entries(material ?? {}));
  });

  test('is present if certificate and key could be read, even if the report has errors', async () => {
    const { material, report } = await inspectCredentials(options({ registrationId: 'device-2' }));
    expect(report.ok).toBe(false);
    expect(material).toBeDefined();
    expect((await inspectCredentials(options({ key: '' }))).material).toBeUndefined();
  });
});
