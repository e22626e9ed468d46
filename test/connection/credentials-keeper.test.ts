import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProvisioningError, type ConnectOptions, type DeviceError } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { CredentialsKeeper } from '../../src/connection/credentials-keeper';
import { prepareDevice, type Device } from '../../src/provisioning/device';

/* Minutes and days pass in no time here; files are real. */

const MINUTE = 60_000;
const DAY = 86_400_000;

let directory: string;
let keeper: CredentialsKeeper;
let changes: Device[];
let problems: (DeviceError | undefined)[];
let announced: Date[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout'] });
  changes = [];
  problems = [];
  announced = [];
});

afterEach(async () => {
  keeper.stop();
  jest.useRealTimers();
  await rm(directory, { recursive: true });
});

const make = (days = 365) =>
  createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
    validity: { days },
  });

async function write({ certificate, privateKey }: IssuedCertificate): Promise<void> {
  await writeFile(join(directory, 'device.crt'), certificate);
  await writeFile(join(directory, 'device.key'), privateKey, { mode: 0o600 });
}

async function watch(certificate: IssuedCertificate): Promise<void> {
  await write(certificate);
  const options: ConnectOptions = {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    certFile: join(directory, 'device.crt'),
    keyFile: join(directory, 'device.key'),
  };
  keeper = new CredentialsKeeper(options, await prepareDevice(options), {
    warn: (_source, problem) => void problems.push(problem),
    credentialsExpiring: (notAfter) => void announced.push(notAfter),
  });
  await keeper.start();
  keeper.watch((device) => void changes.push(device));
  keeper.announce();
  await settled();
}

/** Lets file operations come to their end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what file operations lead to; a test that waits in vain runs into its time-out. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(milliseconds: number): Promise<void> {
  jest.advanceTimersByTime(milliseconds);
  await settled();
}

test('credential files are checked once a minute, not more often', async () => {
  await watch(await make());
  const next = await make();
  await write(next);
  await pass(MINUTE - 1);
  expect(changes).toEqual([]);
  await pass(1);
  await until(() => changes.length > 0);
  expect(changes.map(({ material }) => material.thumbprint.sha256)).toEqual([next.sha256Thumbprint]);
});

test('a half-written credential file is reported once, and so is its recovery', async () => {
  await watch(await make());
  const next = await make();
  await writeFile(join(directory, 'device.crt'), next.certificate.slice(0, 100));
  await pass(MINUTE);
  await until(() => problems.length > 0);
  await pass(MINUTE);
  expect(problems).toMatchObject([{ name: 'CredentialsError' }]);
  expect(changes).toEqual([]);
  await write(next);
  await pass(MINUTE);
  await until(() => changes.length > 0);
  expect(problems.slice(1)).toEqual([undefined]);
  expect(changes).toHaveLength(1);
});

test('a certificate that is not valid yet is read again each minute, and used once it is valid', async () => {
  await watch(await make());
  const next = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
    validity: {
      notBefore: new Date(Date.now() + 2.5 * MINUTE),
      notAfter: new Date(Date.now() + 365 * DAY),
    },
  });
  await write(next);
  await pass(MINUTE);
  await until(() => problems.length > 0);
  expect(problems).toMatchObject([{ name: 'CredentialsError', isTransient: true }]);
  await pass(MINUTE);
  expect(changes).toEqual([]);
  await pass(MINUTE);
  await until(() => changes.length > 0);
  expect(changes.map(({ material }) => material.thumbprint.sha256)).toEqual([next.sha256Thumbprint]);
  expect(problems.at(-1)).toBeUndefined();
});

test('a credential file that has disappeared is reported', async () => {
  await watch(await make());
  await rm(join(directory, 'device.key'));
  await pass(MINUTE);
  await until(() => problems.length > 0);
  expect(problems).toMatchObject([{ name: 'CredentialsError' }]);
});

test('a renewed certificate that was refused is tried again, after 2 minutes, then 4', async () => {
  await watch(await make());
  await write(await make());
  const refused = new ProvisioningError({
    code: 'REGISTRATION_REFUSED',
    message: 'not yet',
    remedy: 'enroll it',
  });
  const triedAfter = async (minutes: number): Promise<void> => {
    const before = changes.length;
    await pass((minutes - 1) * MINUTE);
    expect(changes).toHaveLength(before);
    await pass(MINUTE);
    await until(() => changes.length === before + 1);
    keeper.postpone(refused);
  };
  await triedAfter(1);
  expect(problems.at(-1)).toBe(refused);
  await triedAfter(2);
  await triedAfter(4);
});

test('a stopped CredentialsKeeper reports nothing any more', async () => {
  await watch(await make(10));
  announced.length = 0;
  keeper.stop();
  await write(await make());
  await pass(2 * DAY);
  expect([changes, problems, announced]).toEqual([[], [], []]);
});

test('the end of the certificate is announced once a day from 30 days before it on', async () => {
  await watch(await make(32));
  expect(announced).toEqual([]);
  await pass(DAY);
  expect(announced).toEqual([]);
  await pass(DAY + MINUTE);
  expect(announced).toHaveLength(1);
  await pass(DAY - 5 * MINUTE);
  expect(announced).toHaveLength(1);
  await pass(5 * MINUTE);
  expect(announced).toHaveLength(2);
});

test('the end of certificates that are renewed often and end soon is announced once a day', async () => {
  await watch(await make(20));
  expect(announced).toHaveLength(1);
  for (let renewal = 0; renewal < 3; renewal += 1) {
    const { certificate, privateKey } = await make(20);
    const { commit } = await keeper.prepare({ cert: certificate, key: privateKey });
    commit();
    await pass(MINUTE);
  }
  expect(announced).toHaveLength(1);
});

test('a clock that is set back suppresses the announcement for a day at most', async () => {
  await watch(await make(10));
  expect(announced).toHaveLength(1);
  jest.setSystemTime(Date.now() - 5 * DAY);
  await pass(MINUTE);
  expect(announced).toHaveLength(2);
});
