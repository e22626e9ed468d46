import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionOptionsFromEnv } from 'azure-iot-x509';
import { defineCommand } from '../../src/cli/command';
import { deviceFlags } from '../../src/cli/device/flags';
import { connectOptions } from '../../src/cli/device/resolve';
import { run } from '../../src/cli/run';
import type { OPTION_VARIABLES } from '../../src/options/environment';
import { directoryPerTest } from './support/directory';
import { MemoryIo } from './support/memory-io';
import { runCommand } from './support/run-command';

/* Where the settings of a device come from: flags, a profile, the environment. */

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';

describe('the settings of a device', () => {
  const resolve = async (args: readonly string[], env: Record<string, string> = {}) => {
    const io = new MemoryIo({ cwd: directory.path, env });
    let resolved: Awaited<ReturnType<typeof connectOptions>> | undefined;
    const command = defineCommand({
      name: 'probe',
      summary: 'Resolves the settings of a device',
      description: [],
      flags: deviceFlags,
      examples: [],
      run: async (invocation) => {
        resolved = await connectOptions(invocation);
        return 0;
      },
    });
    await runCommand(command, args, io);
    if (resolved === undefined) throw new Error(io.err);
    const { signal: _signal, ...options } = resolved;
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
    TRANSPORT: 'mqtt-ws',
    ASSIGNMENT_FILE: '/env/assignment.json',
    CHAIN_FILE: '/env/line.crt',
  } satisfies Record<(typeof OPTION_VARIABLES)[keyof typeof OPTION_VARIABLES], string>;

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

  test('are read from the same environment variables as in the library', async () => {
    expect(await resolve([], env)).toEqual(connectionOptionsFromEnv(env));
  });

  test('in a profile count before the environment, and its paths start at the profile', async () => {
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

  test('in flags count before the profile', async () => {
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

  test('of a chain belong to the certificate of the same source', async () => {
    const pair = ['--cert', 'other.crt', '--key', 'other.key'];
    expect(await resolve(pair, env)).not.toHaveProperty('chainFile');
    const alone = profile({ chainFile: undefined });
    expect(await resolve(['--profile', alone], env)).not.toHaveProperty('chainFile');
    expect(await resolve([...pair, '--chain', '/mine.crt'], env)).toMatchObject({ chainFile: '/mine.crt' });
  });

  test('take --pkcs12 for certificate and key', async () => {
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
  ])('are refused in a profile %s', async (_what, content, message) => {
    writeFileSync(directory.file('bad.json'), content);
    await expect(resolve(['--profile', 'bad.json'])).rejects.toThrow(message);
  });

  test('are explained when the profile is missing', async () => {
    const io = new MemoryIo({ cwd: directory.path });
    const code = await run(['check', '--profile', 'missing.json'], io);
    expect(code).toBe(1);
    expect(io.err).toContain('missing.json cannot be read (ENOENT)');
    expect(io.err).toContain('azure-iot-x509 profile init');
  });
});
