import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FileUploadNotification } from 'azure-iot-emulator';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { PROGRAM_ENV, writeProgram } from '../../../test/support/built';
import { createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';

/* File uploads of the official SDK as it is, in a process of its own: what it trusts is decided when a process starts. */

const context = useEmulator();
let directory: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'files-sdk-'));
  await writeFile(join(directory, 'root.pem'), context.emulator.ca);
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** What the program says of itself. */
interface Outcome {
  readonly ok: boolean;
  readonly name?: string;
  readonly inner?: string;
  readonly status?: number;
  readonly result?: unknown;
}

/** A program that connects as Microsoft's samples do, and then does what `body` says with `client`. */
function program(body: string): string {
  return `
import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createEmulatorAgent } from 'azure-iot-emulator';
const [hub, deviceId, certFile, keyFile] = process.argv.slice(2);
const client = Client.fromConnectionString('HostName=' + hub + ';DeviceId=' + deviceId + ';x509=true', Mqtt);
async function main() {
  await client.setOptions({
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
    // The SDK asks for the address of name and port together, which has none.
    http: { agent: createEmulatorAgent() },
  });
  ${body}
}
main().then(
  (result) => console.log(JSON.stringify({ ok: true, result })),
  (error) => console.log(JSON.stringify({
    ok: false, name: error.name, inner: error.innerError?.message, status: (error.innerError ?? error).response?.statusCode,
  })),
).finally(() => process.exit());
`;
}

interface Device {
  readonly deviceId: string;
  readonly files: readonly [certFile: string, keyFile: string];
}

async function createDevice(deviceId = `camera-${(count += 1)}`, isKnown = true): Promise<Device> {
  const identity = isKnown
    ? await createHubDevice(context.hub, deviceId)
    : await createSelfSignedCertificate({ commonName: deviceId });
  const files = [join(directory, `${deviceId}.crt`), join(directory, `${deviceId}.key`)] as const;
  await writeFile(files[0], identity.fullChain);
  await writeFile(files[1], identity.privateKey, { mode: 0o600 });
  return { deviceId, files };
}

/** Runs the program as that device, and answers what it said. */
async function run({ deviceId, files }: Device, body: string): Promise<Outcome> {
  const file = join(directory, `program-${(count += 1)}.js`);
  writeProgram(file, program(body));
  const args = [file, context.hub.hostName, deviceId, ...files];
  const env = { ...process.env, ...PROGRAM_ENV, NODE_EXTRA_CA_CERTS: join(directory, 'root.pem') };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as Outcome;
}

test.each<[what: string, size: number]>([
  ['a small file', 20],
  ['a file of 10 MB, in blocks', 10_000_000],
])('uploadToBlob of the official client uploads %s', async (_what, size) => {
  const device = await createDevice();
  const notified = once(context.hub, 'fileUploaded') as Promise<[FileUploadNotification]>;
  const outcome = await run(
    device,
    `await client.uploadToBlob('logs/today 1.bin', Readable.from([Buffer.alloc(${size}, 'x')]), ${size});`,
  );
  expect(outcome).toEqual({ ok: true });
  expect((await notified)[0]).toMatchObject({
    deviceId: device.deviceId,
    blobName: 'logs/today 1.bin',
    blobSizeInBytes: size,
    isSuccess: true,
    statusCode: 201,
  });
  const content = await context.hub.fileUploads.read(device.deviceId, 'logs/today 1.bin');
  expect(content.equals(Buffer.alloc(size, 'x'))).toBe(true);
});

test('getBlobSharedAccessSignature and notifyBlobUploadStatus of the official client work with the storage client', async () => {
  const device = await createDevice();
  const outcome = await run(
    device,
    `
  const { BlockBlobClient, newPipeline, AnonymousCredential } = require('@azure/storage-blob');
  const place = await client.getBlobSharedAccessSignature('by-hand.txt');
  const url = 'https://' + place.hostName + '/' + place.containerName + '/' + place.blobName + place.sasToken;
  const blob = new BlockBlobClient(url, newPipeline(new AnonymousCredential()));
  // In one request, unlike uploadToBlob.
  const { etag } = await blob.upload('by hand', 7);
  const downloading = await blob.download().then(() => 'downloaded', (error) => error.statusCode + ' ' + error.code);
  await client.notifyBlobUploadStatus(place.correlationId, true, 200, 'done');
  return { etag: typeof etag, downloading };`,
  );
  expect(outcome).toEqual({
    ok: true,
    result: { etag: 'string', downloading: '403 AuthorizationPermissionMismatch' },
  });
  expect((await context.hub.fileUploads.read(device.deviceId, 'by-hand.txt')).toString()).toBe('by hand');
});

test.each<[what: string, status: number, change: () => Promise<Device>]>([
  ['a device that does not exist', 404, () => createDevice('nobody', false)],
  [
    'a device that is disabled',
    401,
    async () => {
      const device = await createDevice();
      context.hub.devices.disable(device.deviceId);
      return device;
    },
  ],
  [
    'a device with another certificate',
    401,
    async () => {
      const { deviceId } = await createDevice();
      const { files } = await createDevice();
      return { deviceId, files };
    },
  ],
])('uploadToBlob of the official client fails for %s', async (_what, status, change) => {
  const outcome = await run(await change(), `await client.uploadToBlob('x', Readable.from(['x']), 1);`);
  expect(outcome).toMatchObject({ ok: false, name: 'BlobSasError', status });
});
