import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmulator } from 'azure-iot-emulator';
import { PROGRAM_ENV, ROOT, writeProgram } from '../support/built';
import { enrollDevice } from '../support/enrolled-device';

/* Programs of their own, which must end by themselves: nothing of ours may keep them alive. */

const run = promisify(execFile);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Runs a program to its end; it gets an emulator with an enrolled device, and prints. */
async function output(body: string): Promise<string> {
  const file = join(directory, 'program.js');
  writeProgram(
    file,
    `import { connectDevice } from ${JSON.stringify(ROOT)};
import { createSelfSignedCertificate } from "azure-iot-certificates";
import { startEmulator } from "azure-iot-emulator";
async function main() {
  const emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  const { certificate: cert, privateKey: key } = await createSelfSignedCertificate({ commonName: 'dev-1' });
  emulator.dps.individualEnrollments.create({ registrationId: 'dev-1', primaryCertificate: cert });
  const options = {
    enrollment: 'hub-individual' as const,
    idScope: emulator.idScope,
    globalEndpoint: emulator.globalEndpoint,
    ca: emulator.ca,
    cert,
    key,
  };
  ${body}
}
void main();`,
  );
  const env = { ...process.env, ...PROGRAM_ENV };
  const { stdout } = await run(process.execPath, [file], { env, timeout: 25_000 });
  return stdout.trim();
}

test('a process ends by itself after close()', async () => {
  const printed = await output(`
  const connection = await connectDevice(options);
  connection.client.on('message', () => undefined);
  await connection.client.getTwin();
  await connection.close();
  await emulator.close();
  console.log(connection.state.status);`);
  expect(printed).toBe('closed');
});

test('a process ends by itself after a connection that was refused', async () => {
  const printed = await output(`
  await emulator.close();
  await connectDevice({ ...options, reconnect: { giveUpAfterMs: 0 } }).catch((error) => console.log(error.code));`);
  expect(printed).toBe('CONNECTION_REFUSED');
});

/** The failure of a program: its exit code and what it printed. */
async function failure(body: string): Promise<{ code?: number; stderr?: string }> {
  return (await output(body).then(
    () => ({}),
    (error: unknown) => error,
  )) as { code?: number; stderr?: string };
}

const REFUSED = `
  emulator.dps.individualEnrollments.update('dev-1', { provisioningStatus: 'disabled' });
  emulator.hubs[0]!.devices.delete('dev-1');`;

test('a connection that is given up ends a process that has only message listeners, with the reason and exit code 1', async () => {
  const { code, stderr } = await failure(`
  const reconnect = { minDelayMs: 1, maxDelayMs: 5, giveUpAfterRefusedMs: 20 };
  const connection = await connectDevice({ ...options, reconnect });
  connection.client.on('message', () => undefined);${REFUSED}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^(?:Connection|Provisioning)Error: .*\bdev-1\b/m);
  expect(stderr).toMatch(/remedy: /);
});

test('a connection that is given up does not end a process that listens to its state or to disconnect of the client', async () => {
  const printed = await output(`
  const reconnect = { minDelayMs: 1, maxDelayMs: 5, giveUpAfterRefusedMs: 20 };
  const connection = await connectDevice({ ...options, reconnect });
  connection.client.once('disconnect', () => {
    console.log(connection.state.status);
    void emulator.close();
  });${REFUSED}`);
  expect(printed).toBe('closed');
});

test('a process that has only message listeners stays alive while the device is refused, and gets messages again', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  const { options } = await enrollDevice(emulator, 'hub-individual', 'dev-1');
  const file = join(directory, 'listener.js');
  writeProgram(
    file,
    `import { connectDevice } from ${JSON.stringify(ROOT)};
async function main() {
  const reconnect = { minDelayMs: 1, maxDelayMs: 5, maxRefusedDelayMs: 5 };
  const connection = await connectDevice({ ...JSON.parse(process.argv[2]!), reconnect, start: 'background' });
  connection.client.on('message', (message) => {
    console.log(message.getData().toString());
    void connection.close();
  });
}
void main();`,
  );
  const refusals = emulator.faults.add({
    ...{ service: 'dps', at: 'connect', times: 10 },
    action: { kind: 'refuse', returnCode: 5 },
  });
  const [hub] = emulator.hubs;
  if (!hub) throw new Error('The emulator has no hub.');
  const connected = once(hub, 'deviceConnected');
  const env = { ...process.env, ...PROGRAM_ENV };
  const ended = run(process.execPath, [file, JSON.stringify(options)], { env, timeout: 25_000 });
  await connected;
  await hub.sendCloudToDevice('dev-1', { body: 'welcome back' });
  expect((await ended).stdout.trim()).toBe('welcome back');
  expect(refusals.hits).toBe(10);
});

test('a process ends by itself after an abort', async () => {
  const printed = await output(`
  const attempt = connectDevice({ ...options, signal: AbortSignal.timeout(1) });
  await attempt.catch((error) => console.log(error.name));
  await emulator.close();`);
  expect(printed).toBe('TimeoutError');
});

test('a process ends by itself after close() while the connection waits for its next attempt', async () => {
  const printed = await output(`
  const connection = await connectDevice(options);
  await emulator.close();
  while (connection.state.status !== 'reconnecting') await new Promise((resolve) => setImmediate(resolve));
  await connection.close();
  console.log(connection.state.status);`);
  expect(printed).toBe('closed');
});
