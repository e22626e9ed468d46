import { once } from 'node:events';
import { Readable } from 'node:stream';
import { connectDevice, type DeviceConnection } from 'azure-iot-x509';
import {
  startEmulator,
  type Emulator,
  type FaultInit,
  type FileUploadNotification,
  type HubEmulator,
} from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';

/* File uploads while the hub, the storage account or the network have faults. */

type Action = Extract<FaultInit, { at: 'http' }>['action'];

let emulator: Emulator;
let hub: HubEmulator;
let connection: DeviceConnection;
let count = 0;

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  const [only] = emulator.hubs;
  if (only === undefined) throw new Error('the emulator has a hub');
  hub = only;
});
beforeEach(async () => {
  const { options } = await enrollDevice(emulator, 'hub-individual', `gateway-${(count += 1)}`);
  connection = await connectDevice(options);
  // What is repeated is repeated at once.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  emulator.faults.clear();
  await connection.close();
});
afterAll(async () => {
  await emulator.close();
});

const BLOCK = 4 * 1024 * 1024;

/** The requests of an upload: one for a place, the blocks and their list or the whole blob, the notification. */
function fault(skip: number, action: Action, times = 1): void {
  emulator.faults.add({ at: 'http', service: hub.name, skip, times, action });
}

function upload(content: Buffer): Promise<void> {
  return connection.client.uploadToBlob('file.bin', Readable.from([content]), content.length);
}

async function contentOf(): Promise<Buffer> {
  return hub.fileUploads.read(connection.registration.deviceId, 'file.bin');
}

test.each<[what: string, skip: number, action: Action]>([
  ['the hub is busy', 0, { kind: 'answer', status: 503, code: 503001 }],
  ['the hub limits requests', 0, { kind: 'answer', status: 429, code: 429001 }],
  ['the request for a place is cut off', 0, { kind: 'reset' }],
  ['the answer with the place is cut off', 0, { kind: 'garbage', what: 'truncated' }],
  ['the content is cut off', 1, { kind: 'reset' }],
  ['the answer to the content is lost', 1, { kind: 'close', when: 'after' }],
  ['the storage account is busy', 1, { kind: 'answer', status: 503 }],
  ['the notification is cut off', 2, { kind: 'reset' }],
])('an upload succeeds although %s', async (_what, skip, action) => {
  fault(skip, action);
  const notified = once(hub, 'fileUploaded') as Promise<[FileUploadNotification]>;
  await upload(Buffer.from('content'));
  expect((await notified)[0]).toMatchObject({ isSuccess: true, blobSizeInBytes: 7 });
  expect((await contentOf()).toString()).toBe('content');
});

test.each([
  ['its first block', 1],
  ['a block in its middle', 3],
  ['the list of its blocks', 6],
])('an upload in blocks succeeds although %s fails three times', async (_what, skip) => {
  fault(skip, { kind: 'answer', status: 500 }, 3);
  const content = Buffer.alloc(5 * BLOCK - 1, 'x');
  content.write('begin');
  content.write('end', content.length - 3);
  await upload(content);
  expect(Buffer.compare(await contentOf(), content)).toBe(0);
});

describe('an upload fails with the facts in its error,', () => {
  test('when the hub has an error of its own four times', async () => {
    fault(0, { kind: 'answer', status: 500, code: 500001, message: 'we are sorry' }, 4);
    await expect(upload(Buffer.from('x'))).rejects.toMatchObject({
      code: 'UPLOAD_REFUSED',
      isTransient: true,
      serviceCode: 500001,
      message: expect.stringContaining('we are sorry') as unknown,
    });
    await upload(Buffer.from('x'));
  });

  test('when the storage account refuses a block for good; it is not asked again, and the hub is told', async () => {
    fault(2, { kind: 'answer', status: 403 });
    const notified = once(hub, 'fileUploaded') as Promise<[FileUploadNotification]>;
    await expect(upload(Buffer.alloc(3 * BLOCK))).rejects.toMatchObject({
      code: 'UPLOAD_REFUSED',
      isTransient: false,
      host: hub.hostName,
      message: expect.stringMatching(/storage account .* \(HTTP 403/) as unknown,
    });
    expect((await notified)[0]).toMatchObject({ isSuccess: false, statusDescription: 'UPLOAD_REFUSED' });
    expect(await hub.fileUploads.list(connection.registration.deviceId)).toEqual([]);
  });

  test.each<[what: string, action: Action]>([
    ['is not JSON', { kind: 'garbage', what: 'not-json' }],
    ['is not HTTP', { kind: 'garbage', what: 'not-http' }],
    ['has no place in it', { kind: 'answer', status: 200, body: { correlationId: 7 } }],
    ['is a list', { kind: 'answer', status: 200, body: [] }],
  ])('when the answer of the hub %s', async (_what, action) => {
    fault(0, action);
    await expect(upload(Buffer.from('x'))).rejects.toMatchObject({
      code: 'INVALID_RESPONSE',
      isTransient: false,
      message: expect.stringContaining(hub.hostName) as unknown,
    });
  });
});

test('A request of an upload that is not answered ends with close()', async () => {
  await expectNothingLeft(async () => {
    const ignored = emulator.faults.add({
      at: 'http',
      service: hub.name,
      skip: 1,
      action: { kind: 'ignore' },
    });
    const outcome = expect(upload(Buffer.from('x'))).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await ignored.whenHit();
    await connection.close();
    await outcome;
  });
});
