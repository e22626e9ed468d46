import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectTypeOf } from 'expect-type';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { connectDevice, readProfile, type ConnectOptions } from 'azure-iot-x509';

/* The JSON file that holds a device's settings, read by the library. */

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
  file = join(directory, 'device-profile.json');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const settings = {
  version: 1,
  enrollment: 'hub-individual',
  idScope: '0ne00ABCDEF',
  certFile: 'device.crt',
  keyFile: 'device.key',
};

async function write(profile: unknown): Promise<void> {
  await writeFile(file, typeof profile === 'string' ? profile : JSON.stringify(profile));
}

test('readProfile returns the options of connectDevice, with paths that start at the folder of the profile', async () => {
  await write({ ...settings, caFile: '../root.crt', chainFile: '/etc/chain.crt', timeoutMs: 5_000 });
  const options = await readProfile(file);
  expect(options).toEqual({
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    certFile: join(directory, 'device.crt'),
    keyFile: join(directory, 'device.key'),
    caFile: join(directory, '../root.crt'),
    chainFile: '/etc/chain.crt',
    timeoutMs: 5_000,
  });
  expectTypeOf(options).toExtend<ConnectOptions>();
});

test('connectDevice connects with the options of a profile: certificate authority, certificate and encrypted key', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'pump-1',
    primaryCertificate: device.certificate,
  });
  const passphrase = 'Correct horse';
  await writeFile(join(directory, 'root.crt'), emulator.ca);
  await writeFile(join(directory, 'device.crt'), device.certificate);
  await writeFile(join(directory, 'device.key'), device.exportPrivateKey(passphrase), { mode: 0o600 });
  const { idScope, globalEndpoint } = emulator;
  await write({ ...settings, idScope, globalEndpoint, caFile: 'root.crt', passphraseEnv: 'PUMP_PASSPHRASE' });
  await using connection = await connectDevice(await readProfile(file, { PUMP_PASSPHRASE: passphrase }));
  expect(connection.registration).toMatchObject({ deviceId: 'pump-1' });
});

test('the passphrase comes from the file that a profile names, without its line end', async () => {
  await writeFile(join(directory, 'passphrase'), 'Correct horse\n');
  await write({ ...settings, passphraseFile: 'passphrase' });
  await expect(readProfile(file)).resolves.toMatchObject({ passphrase: 'Correct horse' });
});

test.each<[what: string, profile: unknown, problem: string]>([
  ['is not JSON', '{', 'it is not JSON'],
  ['is not an object', [], 'it is not a JSON object'],
  ['has another version', { ...settings, version: 2 }, '"version" must be 1'],
  ['lacks a required field', { ...settings, idScope: undefined }, '"idScope" is missing'],
  ['has a misspelt field', { ...settings, caFlie: 'x' }, 'Did you mean "caFile"?'],
  ['has a field of another type', { ...settings, keyFile: 7 }, '"keyFile" must be a text'],
  ['has a value that connectDevice refuses', { ...settings, transport: 'amqp' }, '"transport" must be'],
  ['names no variable', { ...settings, passphraseEnv: 'not a name' }, '"passphraseEnv" must be'],
  [
    'names a variable that is not set',
    { ...settings, passphraseEnv: 'UNSET_123' },
    'UNSET_123, which is not set',
  ],
])('a profile that %s is refused with InvalidOptionsError', async (_what, profile, problem) => {
  await write(profile);
  await expect(readProfile(file, {})).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining(problem) as unknown,
  });
});

test.each(['passphrase', 'key', 'cert'])(
  'a profile that holds %s itself is refused, and the error does not repeat it',
  async (field) => {
    await write({ ...settings, [field]: 'S3cret-word' });
    const error: unknown = await readProfile(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(`"${field}" must not be in a profile`) as unknown,
    });
    expect(String(error)).not.toContain('S3cret-word');
  },
);

test('every problem of a profile is named at once', async () => {
  await write({ ...settings, transport: 'amqp', idScope: 'not one' });
  await expect(readProfile(file)).rejects.toMatchObject({ problems: [{}, {}] });
});

test('a profile that does not exist is a FileError with its path', async () => {
  await expect(readProfile(file)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE', path: file });
});

test('a profile that is a directory or a named pipe is refused at once', async () => {
  await expect(readProfile(directory)).rejects.toMatchObject({ code: 'FILE_NOT_READABLE' });
  // Windows has no mkfifo.
  if (spawnSync('mkfifo', [file]).status !== 0) return;
  await expect(readProfile(file)).rejects.toMatchObject({
    code: 'FILE_NOT_READABLE',
    message: expect.stringContaining('not a regular file') as string,
  });
});

test('a profile whose fields have names of Object.prototype is refused', async () => {
  await write({ ...settings, constructor: 'x' });
  await expect(readProfile(file)).rejects.toThrow('"constructor" is not a field of a profile');
  await write({ ...settings, passphraseEnv: 'constructor' });
  await expect(readProfile(file, {})).rejects.toThrow('names constructor, which is not set');
});

test('a profile with two sources of the passphrase, or an empty one, is refused', async () => {
  const empty = join(directory, 'empty.txt');
  await writeFile(empty, '\n');
  await write({ ...settings, passphraseEnv: 'SECRET', passphraseFile: empty });
  await expect(readProfile(file, { SECRET: 'x' })).rejects.toThrow('are both given');
  await write({ ...settings, passphraseFile: empty });
  await expect(readProfile(file)).rejects.toThrow('which is empty');
});
