import { expectTypeOf } from 'expect-type';
import {
  connectDevice,
  connectionOptionsFromEnv,
  InvalidOptionsError,
  provisionDevice,
  type ConnectOptions,
} from 'azure-iot-x509';
import { OPTION_VARIABLES } from '../../src/options/environment';
import { PROFILE_FIELDS } from '../../src/options/profile';

const valid = {
  enrollment: 'hub-individual',
  idScope: '0ne00ABCDEF',
  certFile: 'does-not-exist.crt',
  keyFile: 'does-not-exist.key',
} as const satisfies ConnectOptions;

async function problems(options: object): Promise<InvalidOptionsError> {
  const error = await connectDevice(options as ConnectOptions).catch((reason: unknown) => reason);
  if (!(error instanceof InvalidOptionsError))
    throw new Error(`Not an InvalidOptionsError: ${String(error)}`);
  return error;
}

test('InvalidOptionsError lists every problem at once, by option, each with a remedy', async () => {
  const error = await problems({ transport: 'amqp', timeoutMs: -1, keepAliveSeconds: 9999, idSkope: 'x' });
  expect(error.problems.map(({ option }) => option)).toEqual([
    'idSkope',
    'enrollment',
    'certFile',
    'keyFile',
    'idScope',
    'transport',
    'timeoutMs',
    'keepAliveSeconds',
  ]);
  for (const { option, message, remedy } of error.problems) {
    expect(error.message).toContain(`${option} ${message}`);
    expect(remedy).toMatch(/^[A-Z].+[.?]$/);
  }
});

test.each<[string, object, string]>([
  ['an unknown enrollment kind', { enrollment: 'group' }, 'enrollment'],
  ['a certificate given twice', { cert: 'x' }, 'certFile'],
  ['a key given twice', { key: 'x' }, 'keyFile'],
  ['a chain given twice', { chain: 'x', chainFile: 'y' }, 'chainFile'],
  ['no ID scope', { idScope: undefined }, 'idScope'],
  ['an ID scope with a blank', { idScope: '0ne 00' }, 'idScope'],
  [
    'an endpoint with a scheme',
    { globalEndpoint: 'https://global.azure-devices-provisioning.net' },
    'globalEndpoint',
  ],
  ['an endpoint with a path', { globalEndpoint: 'example.net/dps' }, 'globalEndpoint'],
  ['a model ID that is none', { modelId: 'Thermostat' }, 'modelId'],
  ['a model ID that would inject parameters', { modelId: 'dtmi:a;1&x=y' }, 'modelId'],
  ['a payload that is no object', { payload: [1] }, 'payload'],
  ['a payload that is no JSON', { payload: { big: 1n } }, 'payload'],
  ['a time-out beyond what a timer can wait', { timeoutMs: 2 ** 31 }, 'timeoutMs'],
  ['a signal that is none', { signal: {} }, 'signal'],
  ['roots given twice', { ca: 'x', caFile: 'y' }, 'ca'],
  ['a path that is a PEM', { caFile: '-----BEGIN CERTIFICATE-----\n' }, 'caFile'],
  ['a rule that does not exist', { skipChecks: ['everything'] }, 'skipChecks'],
])('connectDevice refuses %s', async (_what, change, option) => {
  const error = await problems({ ...valid, ...change });
  expect(error.problems.map((problem) => problem.option)).toEqual([option]);
});

test.each([undefined, null, 'options', 7])(
  'connectDevice refuses %p in place of options',
  async (options) => {
    await expect(connectDevice(options as unknown as ConnectOptions)).rejects.toBeInstanceOf(
      InvalidOptionsError,
    );
    await expect(provisionDevice(options as unknown as ConnectOptions)).rejects.toBeInstanceOf(
      InvalidOptionsError,
    );
  },
);

test('the error for a misspelt option names the right one', async () => {
  const { problems: found } = await problems({ ...valid, timeout: 5, idscope: 'x' });
  expect(found.map(({ option, remedy }) => [option, remedy])).toEqual([
    ['timeout', 'Did you mean timeoutMs?'],
    ['idscope', 'Did you mean idScope?'],
  ]);
});

test('the error for an option that may be a secret does not repeat its value', async () => {
  const secret = 'S3cret-passphrase';
  const error = await problems({ ...valid, passphrase: 7, pasphrase: secret, key: { secret } });
  expect(JSON.stringify(error) + error.message).not.toContain(secret);
});

test('a certificate file that does not exist is named, before anything is sent', async () => {
  await expect(connectDevice(valid)).rejects.toMatchObject({
    name: 'CredentialsError',
    code: 'CREDENTIALS_INVALID',
    message: expect.stringContaining('does-not-exist.crt') as unknown,
  });
});

test('a file of roots that does not exist, or holds none, is named', async () => {
  await expect(connectDevice({ ...valid, caFile: 'no-such-ca.pem' })).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    path: 'no-such-ca.pem',
  });
  await expect(connectDevice({ ...valid, ca: 'not a certificate' })).rejects.toMatchObject({
    problems: [{ option: 'ca' }],
  });
});

describe('connectionOptionsFromEnv', () => {
  const env = {
    ENROLLMENT_KIND: 'central-group',
    PROVISIONING_IDSCOPE: '0ne00ABCDEF',
    CERTIFICATE_FILE: 'device.crt',
    KEY_FILE: 'device.key',
  };

  test('reads the names of the official samples', () => {
    expect(
      connectionOptionsFromEnv({
        ...env,
        PROVISIONING_HOST: 'example.net',
        PROVISIONING_REGISTRATION_ID: 'dev-1',
        KEY_PASSPHRASE: ' with blanks ',
        MODEL_ID: 'dtmi:com:example:Thermostat;1',
        CA_FILE: 'ca.pem',
        CHAIN_FILE: 'line-1.crt',
        TRANSPORT: 'mqtt-ws',
        ASSIGNMENT_FILE: '/var/lib/pump/assignment.json',
      }),
    ).toEqual({
      enrollment: 'central-group',
      idScope: '0ne00ABCDEF',
      globalEndpoint: 'example.net',
      registrationId: 'dev-1',
      certFile: 'device.crt',
      keyFile: 'device.key',
      passphrase: ' with blanks ',
      modelId: 'dtmi:com:example:Thermostat;1',
      caFile: 'ca.pem',
      chainFile: 'line-1.crt',
      transport: 'mqtt-ws',
      assignmentFile: '/var/lib/pump/assignment.json',
    });
  });

  test('has a variable for every text and path that a profile may hold, but for the sources of the passphrase', () => {
    const fields = Object.entries(PROFILE_FIELDS).filter(([, kind]) => kind !== 'value');
    const names = fields.map(([name]) => name).filter((name) => !name.startsWith('passphrase'));
    expect(Object.keys(OPTION_VARIABLES).sort()).toEqual([...names, 'passphrase'].sort());
  });

  test('leaves out variables that are not set or empty', () => {
    expect(connectionOptionsFromEnv({ ...env, CA_FILE: ' ', MODEL_ID: '' })).toEqual({
      enrollment: 'central-group',
      idScope: '0ne00ABCDEF',
      certFile: 'device.crt',
      keyFile: 'device.key',
    });
  });

  test('names every variable that is missing or wrong', () => {
    const read = () => connectionOptionsFromEnv({ ENROLLMENT_KIND: 'group', KEY_FILE: 'k' });
    expect(read).toThrow(InvalidOptionsError);
    expect(read).toThrow(/PROVISIONING_IDSCOPE[^]*CERTIFICATE_FILE[^]*ENROLLMENT_KIND/);
  });

  test.each([
    [
      'ENROLLMENT_KIND',
      'group',
      'is "group", which is no kind of enrollment.',
      'Set ENROLLMENT_KIND to one of',
    ],
    ['PROVISIONING_IDSCOPE', '0ne 00', 'must be letters and digits', 'Copy the ID scope again'],
    ['PROVISIONING_HOST', 'https://x', 'must be a host name', 'Leave it out for global.azure-devices'],
    ['TRANSPORT', 'amqp', 'must be "mqtt" or "mqtt-ws"', 'Leave it out for "mqtt".'],
    ['ASSIGNMENT_FILE', 'a\nb', 'must be the path of a file', 'Give ASSIGNMENT_FILE the path of a file'],
  ])('refuses a wrong value of %s by the name of the variable', (variable, value, message, remedy) => {
    let error: unknown;
    try {
      connectionOptionsFromEnv({ ...env, [variable]: value });
    } catch (thrown) {
      error = thrown;
    }
    const problem = { option: variable, remedy: expect.stringContaining(remedy) as string };
    expect(error).toMatchObject({ name: 'InvalidOptionsError', problems: [problem] });
    expect(String(error)).toContain(`${variable} (environment variable) ${message}`);
  });
});

test('wrong combinations of options do not compile', () => {
  const base = { enrollment: 'hub-group', idScope: '0ne00ABCDEF' } as const;
  expectTypeOf({ ...base, certFile: 'a', keyFile: 'b' }).toExtend<ConnectOptions>();
  expectTypeOf({ ...base, cert: Buffer.alloc(0), key: 'b', ca: 'c' }).toExtend<ConnectOptions>();
  expectTypeOf({ ...base, certFile: 'a' }).not.toExtend<ConnectOptions>();
  expectTypeOf({ ...base, cert: 'a', certFile: 'a', keyFile: 'b' }).not.toExtend<ConnectOptions>();
  expectTypeOf({ ...base, certFile: 'a', keyFile: 'b', key: 'b' }).not.toExtend<ConnectOptions>();
  expectTypeOf({ ...base, certFile: 'a', keyFile: 'b', ca: 'c', caFile: 'd' }).not.toExtend<ConnectOptions>();
  expectTypeOf({
    ...base,
    certFile: 'a',
    keyFile: 'b',
    enrollment: 'dps' as const,
  }).not.toExtend<ConnectOptions>();
});
