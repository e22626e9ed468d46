import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  writeCertificate,
} from 'azure-iot-x509/certificates';
import { connectionOptionsFromEnv } from 'azure-iot-x509';
import { deviceFlags } from '../../src/cli/device/flags';
import { connectOptions } from '../../src/cli/device/resolve';
import { parseFlags } from '../../src/cli/flags/parse';
import { Output } from '../../src/cli/output/output';
import { run } from '../../src/cli/run';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';

const newIo = (env: Record<string, string> = {}) => new MemoryIo({ cwd: directory.path, env });

async function check(args: readonly string[], io = newIo()) {
  const code = await run(['check', ...args], io);
  return { code, io };
}

/** A device of an enrollment group, in files of the test's directory. */
async function device(name = 'pump-2', passphrase?: string): Promise<readonly string[]> {
  const subject = { organization: 'Contoso' };
  const issuer = await createRootCertificate({ commonName: 'Root', subject });
  const certificate = await createDeviceCertificate({ commonName: name, subject, issuer });
  await writeCertificate(certificate, {
    directory: directory.path,
    name,
    ...(passphrase !== undefined && { passphrase }),
  });
  return ['--enrollment', 'hub-group', '--cert', `${name}.crt`, '--key', `${name}.key`];
}

describe('check', () => {
  test('says that sound credentials are ready, and what they are', async () => {
    const { code, io } = await check(await device());
    expect(code).toBe(0);
    expect(io.err).toBe('');
    expect(io.out).toContain('Certificate O=Contoso, CN=pump-2, EC P-256, valid until ');
    expect(io.out).toContain('"pump-2" is ready for hub-group: ');
  });

  test('explains what is wrong in terms of flags, worst first, and ends with 1', async () => {
    const flags = await device();
    const other = await createSelfSignedCertificate({ commonName: 'other' });
    await writeCertificate(other, { directory: directory.path, name: 'other' });
    chmodSync(directory.file('other.key'), 0o644);
    const { code, io } = await check([...flags.slice(0, -1), 'other.key']);
    expect(code).toBe(1);
    expect(io.out).toMatch(
      /✖ error key-matches-certificate\n {2}The private key .*\(--key\) does not belong/,
    );
    expect(io.out).toMatch(/\n {2}What to do: /);
    expect(io.out.indexOf('✖ error')).toBeLessThan(io.out.indexOf('! warning'));
    expect(io.out).toContain('"pump-2" cannot connect as hub-group: 1 error, 1 warning and 1 note.');
  });

  test('is one JSON document with --json', async () => {
    const flags = await device();
    const { code, io } = await check([...flags, '--registration-id', 'pump-3', '--json']);
    expect(code).toBe(1);
    expect(io.json).toMatchObject({
      ok: false,
      enrollment: 'hub-group',
      registrationId: 'pump-3',
      certificate: { commonName: 'pump-2', kind: 'device certificate' },
      chain: [],
    });
    const { findings } = io.json as { findings: { rule: string; message: string }[] };
    const finding = findings.find(({ rule }) => rule === 'common-name-is-registration-id');
    expect(finding?.message).toContain('--registration-id is "pump-3"');
  });

  test('passes over the checks that are to be skipped', async () => {
    const flags = await device();
    const skip = ['--skip-check', 'common-name-is-registration-id', '--registration-id', 'pump-3'];
    expect((await check([...flags, ...skip])).code).toBe(0);
    const unknown = await check([...flags, '--skip-check', 'nonsense']);
    expect(unknown.code).toBe(2);
    expect(unknown.io.err).toContain('--skip-check names the unknown rule "nonsense"');
  });

  test('checks the settings that only connecting needs, too', async () => {
    const { code, io } = await check([...(await device()), '--id-scope', 'a b', '--endpoint', 'https://x']);
    expect(code).toBe(2);
    expect(io.err).toContain('--id-scope must be letters and digits');
    expect(io.err).toContain('--endpoint must be a host name');
  });

  test('names everything that is missing, and where it can come from', async () => {
    const { code, io } = await check([]);
    expect(code).toBe(2);
    for (const [flag, variable] of [
      ['--enrollment', 'ENROLLMENT_KIND'],
      ['--cert', 'CERTIFICATE_FILE'],
      ['--key', 'KEY_FILE'],
    ]) {
      expect(io.err).toContain(`${flag} is missing: `);
      expect(io.err).toContain(`environment variable ${variable}`);
    }
    expect(io.err).not.toContain('--id-scope is missing');
  });
});

describe('the passphrase of the key', () => {
  test('comes from the variable that is named, from a file, or from KEY_PASSPHRASE', async () => {
    const flags = await device('pump-2', PASSPHRASE);
    writeFileSync(directory.file('passphrase'), `${PASSPHRASE}\n`);
    const named = await check([...flags, '--passphrase-env', 'MINE'], newIo({ MINE: PASSPHRASE }));
    const fromFile = await check([...flags, '--passphrase-file', 'passphrase']);
    const usual = await check(flags, newIo({ KEY_PASSPHRASE: PASSPHRASE }));
    expect([named.code, fromFile.code, usual.code]).toEqual([0, 0, 0]);
  });

  test('is asked for at a terminal, three times at most', async () => {
    const flags = await device('pump-2', PASSPHRASE);
    const question = `Passphrase of ${directory.file('pump-2.key')}: `;
    const terminal = { columns: 200 };
    const io = new MemoryIo({ cwd: directory.path, terminal })
      .answer(question, 'wrong-one-7')
      .answer(question, PASSPHRASE);
    expect((await check(flags, io)).code).toBe(0);
    expect(io.err).toContain('That is not its passphrase; try again.');
    const stubborn = new MemoryIo({ cwd: directory.path, terminal });
    for (let tries = 0; tries < 3; tries += 1) stubborn.answer(question, 'wrong-one-7');
    expect((await check(flags, stubborn)).code).toBe(1);
    expect(stubborn.out).toContain('The passphrase does not decrypt the private key');
  });

  test('that is missing where nobody can be asked is an error that says how to give it', async () => {
    const { code, io } = await check(await device('pump-2', PASSPHRASE));
    expect(code).toBe(1);
    expect(io.out).toContain('no passphrase is given');
    expect(io.out).toContain('--passphrase-env or --passphrase-file');
  });
});

describe('settings', () => {
  const resolve = async (args: readonly string[], env: Record<string, string> = {}) => {
    const io = newIo(env);
    const parsed = await parseFlags(args, deviceFlags, io);
    const { signal: _signal, ...options } = await connectOptions({
      ...parsed,
      io,
      output: new Output(io, { isJson: false }),
    });
    return options;
  };

  const env = {
    ENROLLMENT_KIND: 'central-group',
    PROVISIONING_IDSCOPE: '0ne00000ENV',
    PROVISIONING_HOST: 'env.example.com',
    PROVISIONING_REGISTRATION_ID: 'from-env',
    CERTIFICATE_FILE: '/env/device.crt',
    KEY_FILE: '/env/device.key',
    KEY_PASSPHRASE: PASSPHRASE,
    MODEL_ID: 'dtmi:com:example:Env;1',
    CA_FILE: '/env/ca.pem',
  };

  /** A profile in a directory of its own, with other values than the environment. */
  function profile(members: object = {}): string {
    mkdirSync(directory.file('etc'), { recursive: true });
    const content = {
      version: 1,
      enrollment: 'hub-group',
      idScope: '0ne00PROFILE',
      certFile: 'device-chain.crt',
      keyFile: '/secure/device.key',
      chainFile: 'line.crt',
      modelId: 'dtmi:com:example:Profile;1',
      timeoutMs: 5000,
      ...members,
    };
    writeFileSync(directory.file('etc/device.json'), JSON.stringify(content));
    return 'etc/device.json';
  }

  test('of the environment are those that the library reads', async () => {
    expect(await resolve([], env)).toEqual(connectionOptionsFromEnv(env));
  });

  test('of a profile count before the environment; its paths start where it is', async () => {
    const options = await resolve(['--profile', profile()], env);
    expect(options).toEqual({
      ...connectionOptionsFromEnv(env),
      enrollment: 'hub-group',
      idScope: '0ne00PROFILE',
      certFile: join(directory.path, 'etc/device-chain.crt'),
      keyFile: '/secure/device.key',
      chainFile: join(directory.path, 'etc/line.crt'),
      modelId: 'dtmi:com:example:Profile;1',
      timeoutMs: 5000,
    });
    expect(await resolve([], { ...env, AZURE_IOT_X509_PROFILE: profile() })).toEqual(options);
  });

  test('of flags count before the profile', async () => {
    const flags = ['--id-scope', '0ne00000FLAG', '--timeout', '1m', '--transport', 'mqtt-ws'];
    const more = ['--payload', '{"a":1}', '--assignment-file', 'a.json', '--skip-check', 'chain-in-order'];
    expect(await resolve(['--profile', profile(), ...flags, ...more], env)).toMatchObject({
      enrollment: 'hub-group',
      idScope: '0ne00000FLAG',
      timeoutMs: 60_000,
      transport: 'mqtt-ws',
      payload: { a: 1 },
      assignmentFile: directory.file('a.json'),
      skipChecks: ['chain-in-order'],
    });
  });

  test("of a profile's chain belong to its certificate", async () => {
    const options = await resolve(['--profile', profile(), '--cert', 'other.crt', '--key', 'other.key'], {});
    expect(options).not.toHaveProperty('chainFile');
    const own = ['--cert', 'other.crt', '--key', 'other.key', '--chain', 'mine.crt'];
    expect(await resolve(['--profile', profile(), ...own], {})).toMatchObject({
      chainFile: directory.file('mine.crt'),
    });
  });

  test('of a PKCS#12 file are certificate and key at once', async () => {
    const flags = ['--enrollment', 'hub-group', '--id-scope', '0ne00ABCDEF', '--pkcs12', 'device.p12'];
    const file = directory.file('device.p12');
    expect(await resolve(flags)).toMatchObject({ certFile: file, keyFile: file });
    await expect(resolve([...flags, '--key', 'x'])).rejects.toThrow('--pkcs12 holds certificate and key');
  });

  test("of a profile's passphrase count before KEY_PASSPHRASE, and those of flags before them", async () => {
    const variables = { ...env, MINE: 'profile-sesame-1', YOURS: 'flag-sesame-22' };
    const flags = ['--profile', profile({ passphraseEnv: 'MINE' })];
    expect(await resolve(flags, variables)).toMatchObject({ passphrase: 'profile-sesame-1' });
    const own = await resolve([...flags, '--passphrase-env', 'YOURS'], variables);
    expect(own).toMatchObject({ passphrase: 'flag-sesame-22' });
    await expect(resolve(flags, env)).rejects.toThrow('"passphraseEnv" of the profile');
  });

  test.each<[string, string, string]>([
    ['that is no JSON', '{', 'it is not JSON'],
    ['that is a list', '[]', 'it is not a JSON object'],
    ['of another version', '{"version":2}', '"version" must be 1'],
    ['with a key in it', '{"version":1,"key":"x"}', 'Put the private key into a file'],
    ['with a passphrase in it', '{"version":1,"passphrase":"open-sesame-42"}', 'environment variable'],
    ['with a misspelled member', '{"version":1,"idScop":"x"}', 'Did you mean "idScope"?'],
    ['with a number for a text', '{"version":1,"idScope":7}', '"idScope" must be a text'],
    ['with a wrong ID scope', '{"version":1,"idScope":"a b"}', '"idScope" must be letters and digits'],
    ['with an unknown kind', '{"version":1,"enrollment":"x"}', '"enrollment" is "x"'],
    [
      'with text of a key for a path',
      '{"version":1,"keyFile":"-----BEGIN"}',
      'must not hold a certificate or key',
    ],
    [
      'with a passphrase for a variable',
      '{"version":1,"passphraseEnv":"open sesame"}',
      'name of an environment variable',
    ],
    ['with a text for a payload', '{"version":1,"payload":"x"}', '"payload" must be an object'],
  ])('of a profile %s are refused', async (_what, content, message) => {
    writeFileSync(directory.file('bad.json'), content);
    await expect(resolve(['--profile', 'bad.json'])).rejects.toThrow(message);
  });

  test('of a profile that is missing are explained', async () => {
    const { code, io } = await check(['--profile', 'missing.json']);
    expect(code).toBe(1);
    expect(io.err).toContain('missing.json cannot be read (ENOENT)');
    expect(io.err).toContain('azure-iot-x509 profile init');
  });
});
