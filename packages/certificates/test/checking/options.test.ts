import { runInNewContext } from 'node:vm';
import { checkCredentials } from '../../src/checking/check-credentials';
import { validateCredentialsOptions } from '../../src/checking/inspect';
import { CredentialsError, InvalidOptionsError } from '../../src/errors';
import type { CredentialsOptions } from '../../src/options';
import { check } from '../support/check';
import { GOOD_SUBJECT, make } from '../support/make';

const { pem: cert, key } = make({ subject: GOOD_SUBJECT });
const problems = (options: unknown): string[] =>
  validateCredentialsOptions(options as CredentialsOptions).map(
    ({ option, message }) => `${option} ${message}`,
  );

test('checkCredentials answers with a report', async () => {
  const report = await checkCredentials({ enrollment: 'hub-individual', cert, key });
  expect(report).toMatchObject({ ok: true, registrationId: 'device-1', chain: [], findings: [] });
  expect(report.certificate?.subject).toBe('O=Example\nCN=device-1');
  expect(
    (await checkCredentials({ enrollment: 'hub-individual', cert, key, registrationId: 'DEVICE-1' }))
      .registrationId,
  ).toBe('DEVICE-1');
});

test('checkCredentials rejects with every problem of the options at once', async () => {
  const options = { enrollment: 'hub', certFile: 'a', cert, skipChecks: ['no-such-rule', 'pem-intact'] };
  const error: unknown = await checkCredentials(options as unknown as CredentialsOptions).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expect((error as InvalidOptionsError).problems.map(({ option }) => option)).toEqual([
    'enrollment',
    'certFile',
    'keyFile',
    'skipChecks',
    'skipChecks',
  ]);
  expect((error as InvalidOptionsError).remedy).toContain('key-matches-certificate');
});

test.each<[unknown, string[]]>([
  [undefined, ['options is missing.']],
  [[], ['options must be an object.']],
  [{ cert, key }, ['enrollment is missing.']],
  [
    { enrollment: 'hub-group' },
    ['certFile is missing, and so is cert.', 'keyFile is missing, and so is key.'],
  ],
  [{ enrollment: 'hub-group', cert, key, keyFile: 'k' }, ['keyFile and key are both given.']],
  [
    { enrollment: 'hub-group', cert, key, chain: cert, chainFile: 'c' },
    ['chainFile and chain are both given.'],
  ],
  [
    { enrollment: 'hub-group', cert: 1, keyFile: '' },
    ['cert must be a string or a Buffer.', 'keyFile must be a path, as a string that is not empty.'],
  ],
  [
    { enrollment: 'hub-group', cert, keyFile: 'a\0b' },
    ['keyFile must be a path, as a string that is not empty.'],
  ],
  [
    { enrollment: 'hub-group', cert, key, passphrase: 1, registrationId: '' },
    ['passphrase must be a string, not a number.', 'registrationId is empty.'],
  ],
  [{ enrollment: 'hub-group', cert, key, skipChecks: 'all' }, ['skipChecks must be an array of rule names.']],
  [{ enrollment: 'hub-group', cert, key, skipChecks: ['x'] }, ['skipChecks names the unknown rule "x".']],
  [
    { enrollment: 'hub-group', cert, key, skipChecks: ['toString'] },
    ['skipChecks names the unknown rule "toString".'],
  ],
  [
    { enrollment: 'hub-group', cert, key, skipChecks: ['file-readable'] },
    ['skipChecks names "file-readable", which cannot be skipped: without it there is nothing to present.'],
  ],
  [{ enrollment: 'hub-group', cert, key, skipChecks: [], idScope: '0ne', passphrase: '' }, []],
])('validateCredentialsOptions answers with every problem of the options (case %#)', (options, expected) => {
  expect(problems(options)).toEqual(expected);
});

test('bytes and options of another realm count as those of this one', async () => {
  const foreign = (text: string): unknown =>
    runInNewContext('Uint8Array.from(bytes)', { bytes: [...Buffer.from(text)] });
  expect(foreign(cert)).not.toBeInstanceOf(Uint8Array);
  const options = runInNewContext('({ enrollment: "hub-individual", skipChecks: [], cert, key })', {
    cert: foreign(cert),
    key: foreign(key),
  }) as CredentialsOptions;
  expect(problems(options)).toEqual([]);
  expect(await checkCredentials(options)).toMatchObject({ ok: true, findings: [] });
});

test('a CredentialsError lists the messages and remedies of all errors', async () => {
  const report = await check({ cert, keyFile: 'no.key', registrationId: 'other' });
  const { message, remedy } = new CredentialsError(report);
  expect(message).toBe(
    'The credentials cannot be used:\n' +
      `- The file "no.key" (keyFile) does not exist (ENOENT). Its full path is ${JSON.stringify(`${process.cwd()}/no.key`)}.\n` +
      '- Option registrationId is "other", but the common name in option cert is "device-1"; with X.509 they are the same.',
  );
  expect(remedy).toContain('Correct the path in keyFile');
});
