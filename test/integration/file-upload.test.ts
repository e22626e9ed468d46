import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Stream } from 'node:stream';
import {
  connectDevice,
  type ConnectOptions,
  type DeviceConnection,
  type EnrollmentKind,
} from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import {
  startEmulator,
  type Emulator,
  type FileUploadNotification,
  type HubEmulator,
} from 'azure-iot-emulator';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';

/* client.uploadToBlob() of the client that connectDevice hands back, over HTTPS with the device's certificate. */

let emulator: Emulator;
let enrolled: EnrolledDevice;
let count = 0;
const open: DeviceConnection[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0, hubs: ['north', 'south'] });
});
beforeEach(async () => {
  enrolled = await enrollDevice(emulator, 'hub-individual', `gateway-${(count += 1)}`);
});
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});
afterAll(async () => {
  await emulator.close();
});

async function connect(more: Partial<ConnectOptions> = {}): Promise<DeviceConnection> {
  const options = { ...enrolled.options, reconnect: { minDelayMs: 1, maxDelayMs: 5 }, ...more };
  const connection = await connectDevice(options as ConnectOptions);
  open.push(connection);
  return connection;
}

function hubOf({ registration }: DeviceConnection): HubEmulator {
  const hub = emulator.findHub(registration.assignedHub);
  if (hub === undefined) throw new Error('DPS names hubs of the emulator only');
  return hub;
}

/** Uploads, and answers what the service was told and what it has. */
async function upload(
  connection: DeviceConnection,
  blobName: string,
  content: Buffer,
): Promise<FileUploadNotification> {
  const notified = once(hubOf(connection), 'fileUploaded');
  await connection.client.uploadToBlob(blobName, Readable.from([content]), content.length);
  const [notification] = (await notified) as [FileUploadNotification];
  return notification;
}

function contentOf(connection: DeviceConnection, blobName: string): Promise<Buffer> {
  return hubOf(connection).fileUploads.read(connection.registration.deviceId, blobName);
}

test.each<EnrollmentKind>(['hub-individual', 'hub-group', 'central-individual', 'central-group'])(
  'a device of kind %s uploads a file',
  async (kind) => {
    enrolled = await enrollDevice(emulator, kind, `uploader-${kind}`);
    const connection = await connect();
    const content = Buffer.from('temperature;21.5\n');
    expect(await upload(connection, 'logs/Zürich 1.csv', content)).toMatchObject({
      deviceId: `uploader-${kind}`,
      blobName: 'logs/Zürich 1.csv',
      blobSizeInBytes: content.length,
      isSuccess: true,
      statusCode: 201,
    });
    expect(await contentOf(connection, 'logs/Zürich 1.csv')).toEqual(content);
  },
);

test('an upload of 30 MB is sent in blocks and arrives unchanged', async () => {
  const connection = await connect();
  const content = randomBytes(30_000_000);
  expect(await upload(connection, 'big.bin', content)).toMatchObject({ blobSizeInBytes: content.length });
  expect(Buffer.compare(await contentOf(connection, 'big.bin'), content)).toBe(0);
});

test.each<[what: string, size: number]>([
  ['exactly one block', 4 * 1024 * 1024],
  ['one byte more than a block', 4 * 1024 * 1024 + 1],
  ['exactly two blocks', 8 * 1024 * 1024],
])('an upload of %s arrives unchanged', async (_what, size) => {
  const connection = await connect();
  const content = randomBytes(size);
  await upload(connection, 'blocks.bin', content);
  expect(Buffer.compare(await contentOf(connection, 'blocks.bin'), content)).toBe(0);
});

test('a stream of a file is uploaded, whatever the size of its chunks, and closed', async () => {
  const connection = await connect();
  const directory = await mkdtemp(join(tmpdir(), 'upload-'));
  try {
    const path = join(directory, 'log.txt');
    await writeFile(path, 'Grüße');
    const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 1 });
    await connection.client.uploadToBlob('log.txt', stream, 7);
    expect((await contentOf(connection, 'log.txt')).toString()).toBe('Grüße');
    if (!stream.closed) await once(stream, 'close');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a stream of the old kind (streams1) is uploaded', async () => {
  const connection = await connect();
  const stream = new Stream();
  const uploaded = connection.client.uploadToBlob('old.txt', stream, 3);
  stream.emit('data', Buffer.from('old'));
  stream.emit('end');
  await uploaded;
  expect((await contentOf(connection, 'old.txt')).toString()).toBe('old');
});

test('an upload of an empty stream makes an empty file', async () => {
  const connection = await connect();
  // The official client refuses a length of 0 by itself; it makes no use of it.
  await connection.client.uploadToBlob('empty.txt', Readable.from([]), 1);
  expect(await contentOf(connection, 'empty.txt')).toHaveLength(0);
});

test('an upload with the same name replaces the first file', async () => {
  const connection = await connect();
  for (const text of ['first', 'second']) await upload(connection, 'same.txt', Buffer.from(text));
  expect((await contentOf(connection, 'same.txt')).toString()).toBe('second');
});

test('a SAS URI can be requested, used by other means and notified', async () => {
  const connection = await connect();
  const { client, registration } = connection;
  const place = await client.getBlobSharedAccessSignature('by-hand.txt');
  expect(place).toMatchObject({ blobName: `${registration.deviceId}/by-hand.txt` });
  const notified = once(hubOf(connection), 'fileUploaded');
  await client.notifyBlobUploadStatus(place.correlationId, false, 500, 'disk broke');
  expect((await notified)[0]).toMatchObject({
    isSuccess: false,
    statusCode: 500,
    statusDescription: 'disk broke',
  });
});

describe('an upload uses the current hub and certificate', () => {
  test('after the connection was renewed with another certificate', async () => {
    const connection = await connect();
    const renewed = await createSelfSignedCertificate({ commonName: enrolled.registrationId });
    emulator.dps.individualEnrollments.update(enrolled.registrationId, {
      secondaryCertificate: renewed.certificate,
    });
    await connection.updateCredentials({ cert: renewed.certificate, key: renewed.privateKey });
    // The hub knows the device by its new certificate only.
    expect(hubOf(connection).devices.get(enrolled.registrationId)?.authentication).toMatchObject({
      primaryThumbprint: renewed.sha256Thumbprint,
    });
    expect(await upload(connection, 'renewed.txt', Buffer.from('x'))).toMatchObject({ isSuccess: true });
  });

  test('after the device has moved to another hub', async () => {
    const connection = await connect();
    const { client } = connection;
    const before = connection.registration.assignedHub;
    const other = emulator.hubs.find(({ hostName }) => hostName !== before);
    await upload(connection, 'here.txt', Buffer.from('x'));
    emulator.dps.individualEnrollments.update(enrolled.registrationId, { iotHubs: [other?.name ?? ''] });
    await connection.reprovision();
    expect(connection.registration.assignedHub).toBe(other?.hostName);
    expect(connection.client).toBe(client);
    await upload(connection, 'there.txt', Buffer.from('x'));
    expect((await other?.fileUploads.list(enrolled.registrationId))?.map(({ blobName }) => blobName)).toEqual(
      ['there.txt'],
    );
  });

  test('while the connection itself is down', async () => {
    const connection = await connect({ reconnect: { minDelayMs: 3_600_000, maxDelayMs: 3_600_000 } });
    const lost = once(connection, 'state');
    hubOf(connection).disconnectDevice(enrolled.registrationId);
    expect((await lost)[0]).toMatchObject({ status: 'reconnecting' });
    expect(await upload(connection, 'down.txt', Buffer.from('x'))).toMatchObject({ isSuccess: true });
    expect(connection.state.status).toBe('reconnecting');
  });
});

describe('an upload that fails', () => {
  test('at the hub rejects with the code of the hub and a remedy', async () => {
    const connection = await connect();
    const { client } = connection;
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => client.getBlobSharedAccessSignature(`${index}`)),
    );
    const stream = Readable.from([Buffer.from('x')]);
    // 403006 may pass by itself, so that the library tries for some seconds.
    jest.spyOn(Math, 'random').mockReturnValue(0);
    await expect(client.uploadToBlob('eleventh.txt', stream, 1)).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'UPLOAD_REFUSED',
      serviceCode: 403006,
      isTransient: true,
      service: 'hub',
      host: connection.registration.assignedHub,
      message: expect.stringMatching(/ten file uploads open.*limit/) as unknown,
      remedy: expect.stringMatching(/./) as unknown,
      trackingId: expect.stringMatching(/./) as unknown,
    });
    jest.restoreAllMocks();
    expect(stream.destroyed).toBe(true);
  });

  test('because the device was deleted at the hub rejects with that reason', async () => {
    const connection = await connect();
    const { client, registration } = connection;
    emulator.dps.individualEnrollments.delete(registration.deviceId);
    hubOf(connection).devices.delete(registration.deviceId);
    await expect(client.getBlobSharedAccessSignature('x')).rejects.toMatchObject({
      code: 'UPLOAD_REFUSED',
      serviceCode: 404001,
      isTransient: false,
    });
  });

  test('because its stream cannot be read rejects with that reason, and sends no request', async () => {
    const connection = await connect();
    const stream = createReadStream('/no/such/file');
    await expect(connection.client.uploadToBlob('x', stream, 1)).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
      cause: { code: 'ENOENT' },
    });
  });

  test.each([
    ['at its beginning', 0],
    ['in its first block', 100_000],
    ['after three blocks', 13_000_000],
  ])('because its stream fails %s leaves no file, and notifies the hub', async (_where, size) => {
    const connection = await connect();
    const stream = Readable.from(
      (async function* () {
        await Promise.resolve();
        if (size > 0) yield Buffer.alloc(size);
        throw new Error('the disk is gone');
      })(),
    );
    const notified = size > 4_194_304 ? once(hubOf(connection), 'fileUploaded') : undefined;
    await expect(connection.client.uploadToBlob('broken.bin', stream, size + 1)).rejects.toMatchObject({
      code: 'UPLOAD_FAILED',
      message: expect.stringContaining('the disk is gone') as unknown,
      cause: { message: 'the disk is gone' },
    });
    expect(await hubOf(connection).fileUploads.list(connection.registration.deviceId)).toEqual([]);
    if (notified) expect((await notified)[0]).toMatchObject({ blobName: 'broken.bin', isSuccess: false });
  });

  test('because the server is not trusted rejects before anything is sent', async () => {
    const connection = await connect();
    const untrusted = await startEmulator();
    try {
      // The hub's name now leads to a server with a certificate of somebody else.
      const [hub] = untrusted.hubs;
      const place = await connection.client.getBlobSharedAccessSignature('x');
      expect(hub?.hostName).not.toBe(place.hostName);
      const spy = jest.spyOn(connection, 'registration', 'get');
      spy.mockReturnValue({ ...connection.registration, assignedHub: hub?.hostName ?? '' });
      await expect(connection.client.getBlobSharedAccessSignature('x')).rejects.toMatchObject({
        code: 'SERVER_NOT_TRUSTED',
      });
    } finally {
      jest.restoreAllMocks();
      await untrusted.close();
    }
  });
});

describe('close()', () => {
  test('ends an upload that waits for its stream', async () => {
    await expectNothingLeft(async () => {
      const connection = await connect();
      const stream = new Readable({ read: () => undefined });
      const uploaded = connection.client.uploadToBlob('x', stream, 1);
      const outcome = expect(uploaded).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await connection.close();
      await outcome;
      expect(stream.destroyed).toBe(true);
    });
  });

  test('ends an upload in the middle, and leaves no file', async () => {
    await expectNothingLeft(async () => {
      const connection = await connect();
      let blocks = 0;
      const stream = new Readable({
        read() {
          blocks += 1;
          this.push(Buffer.alloc(4 * 1024 * 1024));
          if (blocks === 6) void connection.close();
        },
      });
      await expect(connection.client.uploadToBlob('endless.bin', stream, 1)).rejects.toMatchObject({
        code: 'CONNECTION_CLOSED',
      });
      expect(stream.destroyed).toBe(true);
      expect(await hubOf(connection).fileUploads.list(enrolled.registrationId)).toEqual([]);
    });
  });

  test('refuses uploads after it', async () => {
    const connection = await connect();
    await connection.close();
    const { client } = connection;
    await expect(client.uploadToBlob('x', Readable.from(['x']), 1)).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
    });
    await expect(client.getBlobSharedAccessSignature('x')).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
    });
    await expect(client.notifyBlobUploadStatus('x', true, 200, '')).rejects.toMatchObject({
      code: 'CONNECTION_CLOSED',
    });
  });
});
