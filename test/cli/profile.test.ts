import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  writeCertificate,
} from 'azure-iot-certificates';
import { readProfile } from 'azure-iot-x509';
import { run } from '../../src/cli/run';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';
const terminal = { columns: 200 };

const pipe = (env: Record<string, string> = {}) => new MemoryIo({ cwd: directory.path, env });
const person = (env: Record<string, string> = {}) => new MemoryIo({ cwd: directory.path, env, terminal });

async function profile(args: readonly string[], io = pipe()) {
  const code = await run(['profile', ...args], io);
  return { code, io };
}

const stored = (name = 'device-profile.json') =>
  JSON.parse(readFileSync(directory.file(name), 'utf8')) as unknown;

/** A device of an enrollment group in the directory `certs`. */
async function device(passphrase?: string): Promise<void> {
  const subject = { organization: 'Contoso' };
  const issuer = await createRootCertificate({ commonName: 'Root', subject });
  const certificate = await createDeviceCertificate({ commonName: 'pump-2', subject, issuer });
  await writeCertificate(certificate, {
    directory: directory.file('certs'),
    name: 'pump-2',
    ...(passphrase !== undefined && { passphrase }),
  });
}

const FLAGS = ['--enrollment', 'hub-group', '--id-scope', '0ne00ABCDEF', '--cert', 'certs/pump-2.crt'];
const ALL_FLAGS = [...FLAGS, '--key', 'certs/pump-2.key'];

describe('profile init at a terminal', () => {
  test('asks for the settings that are missing, again until each fits, and stores paths, never secrets', async () => {
    await device(PASSPHRASE);
    const io = person()
      .answer('Enrollment: ', 'hub-gruop')
      .answer('Did you mean hub-group?', 'hub-group')
      .answer('ID scope: ', '0ne 00')
      .answer('letters and digits', '0ne00ABCDEF')
      .answer('Certificate (a file): ', 'certs/pump-2.crt')
      .answer('Private key (a file): ', 'certs/pump-2.key')
      .answer(`Passphrase of ${directory.file('certs/pump-2.key')}: `, 'wrong-one-7')
      .answer(`Passphrase of ${directory.file('certs/pump-2.key')}: `, PASSPHRASE);
    const { code } = await profile(['init'], io);
    expect(io.err).not.toContain('error:');
    expect(code).toBe(0);
    expect(stored()).toEqual({
      version: 1,
      enrollment: 'hub-group',
      idScope: '0ne00ABCDEF',
      certFile: 'certs/pump-2.crt',
      keyFile: 'certs/pump-2.key',
    });
    expect(statSync(directory.file('device-profile.json')).mode & 0o777).toBe(0o600);
    expect(io.out).toContain(`azure-iot-x509 connect --profile ${directory.file('device-profile.json')}`);
    expect(io.out + io.err + JSON.stringify(stored())).not.toContain(PASSPHRASE);
  });

  test('asks for nothing that flags or variables say', async () => {
    await device();
    const io = person({ KEY_FILE: 'certs/pump-2.key' });
    expect((await profile(['init', 'mine.json', ...FLAGS], io)).code).toBe(0);
    expect(io.err).toBe('');
    expect(stored('mine.json')).toMatchObject({ idScope: '0ne00ABCDEF', keyFile: 'certs/pump-2.key' });
  });

  test('asks for the CA when the endpoint is not that of Azure, and takes no answer for none', async () => {
    await device();
    writeFileSync(directory.file('ca.pem'), 'checked when it is used');
    const flags = ['init', ...ALL_FLAGS, '--endpoint', 'localhost:8883', '--force'];
    expect((await profile(flags, person().answer('CA (a file; Enter: none): ', 'ca.pem'))).code).toBe(0);
    expect(stored()).toMatchObject({ globalEndpoint: 'localhost:8883', caFile: 'ca.pem' });
    expect((await profile(flags, person().answer('CA (a file; Enter: none): ', ''))).code).toBe(0);
    expect(stored()).not.toHaveProperty('caFile');
    const given = person();
    expect((await profile([...flags, '--ca', 'ca.pem'], given)).code).toBe(0);
    expect(given.err).toBe('');
    expect(stored()).toMatchObject({ caFile: 'ca.pem' });
  });

  test('explains a certificate that does not fit, and writes nothing', async () => {
    await device();
    const other = await createSelfSignedCertificate({ commonName: 'other' });
    await writeCertificate(other, { directory: directory.file('certs'), name: 'other' });
    const io = person().answer('Private key (a file): ', 'certs/other.key');
    expect((await profile(['init', ...FLAGS], io)).code).toBe(1);
    expect(io.err).toContain('(--key) does not belong');
    expect(existsSync(directory.file('device-profile.json'))).toBe(false);
  });

  test('asks nothing when the profile exists already', async () => {
    writeFileSync(directory.file('device-profile.json'), 'mine');
    const io = person();
    const { code } = await profile(['init'], io);
    expect(code).toBe(1);
    expect(io.err).toContain('device-profile.json exists already');
    expect(readFileSync(directory.file('device-profile.json'), 'utf8')).toBe('mine');
  });

  test('writes nothing when it is interrupted, or when the input ends', async () => {
    const interrupted = person().answer('Enrollment: ', 'hub-group');
    const running = profile(['init'], interrupted);
    await interrupted.until(({ err }) => err.includes('ID scope: '));
    interrupted.interrupt();
    expect((await running).code).toBe(130);
    const ended = person();
    const ending = profile(['init'], ended);
    await ended.until(({ err }) => err.includes('Enrollment: '));
    ended.endInput();
    expect((await ending).code).toBe(1);
    expect(existsSync(directory.file('device-profile.json'))).toBe(false);
  });
});

describe('profile init by flags', () => {
  test('asks nothing with --yes, and checks all the same', async () => {
    await device();
    const more = ['--model-id', 'dtmi:com:example:T;3', '--timeout', '1m', '--payload', '{"a":1}'];
    const ca = ['--ca', 'ca.pem'];
    const { code, io } = await profile(
      ['init', 'etc/device.json', ...ALL_FLAGS, ...more, ...ca, '--yes', '--json'],
      person(),
    );
    expect(code).toBe(0);
    const settings = {
      version: 1,
      enrollment: 'hub-group',
      idScope: '0ne00ABCDEF',
      certFile: '../certs/pump-2.crt',
      keyFile: '../certs/pump-2.key',
      modelId: 'dtmi:com:example:T;3',
      payload: { a: 1 },
      caFile: '../ca.pem',
      timeoutMs: 60_000,
    };
    expect(stored('etc/device.json')).toEqual(settings);
    expect(io.json).toEqual({ profile: directory.file('etc/device.json'), settings });
    // What was written can be used, wherever one is.
    const { certificate } = await createSelfSignedCertificate({ commonName: 'server' });
    writeFileSync(directory.file('ca.pem'), certificate);
    const check = new MemoryIo({ cwd: '/', env: {} });
    expect(await run(['check', '--profile', directory.file('etc/device.json')], check)).toBe(0);
  });

  test('writes a profile from which readProfile() makes options of connectDevice()', async () => {
    await device();
    expect((await profile(['init', ...ALL_FLAGS, '--ca', 'ca.pem', '--transport', 'mqtt-ws'])).code).toBe(0);
    expect(await readProfile(directory.file('device-profile.json'))).toEqual({
      enrollment: 'hub-group',
      idScope: '0ne00ABCDEF',
      certFile: directory.file('certs/pump-2.crt'),
      keyFile: directory.file('certs/pump-2.key'),
      caFile: directory.file('ca.pem'),
      transport: 'mqtt-ws',
    });
  });

  test('takes environment variables where flags are absent', async () => {
    await device();
    const env = { ENROLLMENT_KIND: 'hub-group', PROVISIONING_IDSCOPE: '0ne00ABCDEF' };
    const files = { CERTIFICATE_FILE: 'certs/pump-2.crt', KEY_FILE: 'certs/pump-2.key' };
    expect((await profile(['init'], pipe({ ...env, ...files }))).code).toBe(0);
    expect(stored()).toMatchObject({ idScope: '0ne00ABCDEF', certFile: 'certs/pump-2.crt' });
  });

  test('names the settings that are missing where there is no terminal', async () => {
    const { code, io } = await profile(['init', '--id-scope', '0ne00ABCDEF']);
    expect(code).toBe(2);
    for (const flag of ['--enrollment', '--cert', '--key']) expect(io.err).toContain(`${flag} is missing`);
    expect(io.err).not.toContain('--id-scope is missing');
  });

  test.each([
    ['a wrong ID scope', ['--id-scope', 'a b'], 2, '--id-scope must be'],
    ['a passphrase for a variable', ['--passphrase-env', 'open sesame'], 2, 'not the passphrase'],
    [
      'a certificate that does not fit',
      ['--cert', 'certs/pump-2.key'],
      1,
      'holds a private key, not a certificate',
    ],
  ])('refuses %s', async (_what, args, expected, message) => {
    await device();
    const kept = ALL_FLAGS.filter((_, index) => !args.includes(ALL_FLAGS[index - (index % 2)] ?? ''));
    const { code, io } = await profile(['init', ...kept, ...args, '--yes']);
    expect(io.err).toContain(message);
    expect(code).toBe(expected);
    expect(existsSync(directory.file('device-profile.json'))).toBe(false);
  });

  test('checks an encrypted key if the variable is set, and says when it is not', async () => {
    await device(PASSPHRASE);
    const flags = ['init', ...ALL_FLAGS, '--yes', '--force', '--passphrase-env', 'PUMP_PASSPHRASE'];
    const set = await profile(flags, pipe({ PUMP_PASSPHRASE: PASSPHRASE }));
    expect(set.code).toBe(0);
    expect(set.io.err).toBe('');
    const unset = await profile(flags);
    expect(unset.code).toBe(0);
    expect(unset.io.err).toContain('PUMP_PASSPHRASE is not set');
    const wrong = await profile(flags, pipe({ PUMP_PASSPHRASE: 'wrong-one-7' }));
    expect(wrong.code).toBe(1);
    const none = await profile(['init', ...ALL_FLAGS, '--yes', '--force']);
    expect(none.code).toBe(1);
    expect(none.io.err).toContain('no passphrase is given');
    expect(readFileSync(directory.file('device-profile.json'), 'utf8')).not.toContain(PASSPHRASE);
  });

  test('replaces a profile only with --force', async () => {
    await device();
    await profile(['init', ...ALL_FLAGS]);
    expect((await profile(['init', ...ALL_FLAGS, '--registration-id', 'pump-2'])).code).toBe(1);
    expect((await profile(['init', ...ALL_FLAGS, '--registration-id', 'pump-2', '--force'])).code).toBe(0);
    expect(stored()).toMatchObject({ registrationId: 'pump-2' });
  });
});

describe('profile show', () => {
  test('shows settings, resolved paths, and which files and variables are missing', async () => {
    await device();
    await profile(['init', ...ALL_FLAGS, '--timeout', '90s', '--assignment-file', 'assigned.json']);
    const { code, io } = await profile(['show']);
    expect(code).toBe(0);
    expect(io.out).toMatch(/idScope +0ne00ABCDEF\n/);
    expect(io.out).toMatch(new RegExp(`keyFile +${directory.file('certs/pump-2.key')}\n`));
    expect(io.out).toMatch(/timeoutMs +90000\n/);
    const gone = { version: 1, keyFile: 'gone.key', passphraseEnv: 'PUMP_PASSPHRASE' };
    writeFileSync(directory.file('other.json'), JSON.stringify(gone));
    const other = await profile(['show', 'other.json']);
    expect(other.io.out).toContain('gone.key (not there)');
    expect(other.io.out).toContain('PUMP_PASSPHRASE (not set)');
    const set = await profile(['show', 'other.json'], pipe({ PUMP_PASSPHRASE: PASSPHRASE }));
    expect(set.io.out).toContain('PUMP_PASSPHRASE (set)');
    expect(set.io.out).not.toContain(PASSPHRASE);
  });

  test('masks members of the payload that look like secrets, also with --json', async () => {
    const payload = {
      site: 'west',
      nested: { apiToken: 'abc-123-def', list: [{ Password: 'abc-123-def' }] },
    };
    writeFileSync(directory.file('device-profile.json'), JSON.stringify({ version: 1, payload }));
    const text = await profile(['show']);
    const json = await profile(['show', '--json']);
    expect(text.io.out + json.io.out).not.toContain('abc-123-def');
    expect(json.io.json).toMatchObject({
      settings: { payload: { site: 'west', nested: { apiToken: '***', list: [{ Password: '***' }] } } },
    });
  });

  test('explains how to make a profile when there is none', async () => {
    const { code, io } = await profile(['show', 'missing.json']);
    expect(code).toBe(1);
    expect(io.err).toContain('azure-iot-x509 profile init');
  });
});
