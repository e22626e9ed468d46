import { once } from 'node:events';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
} from 'azure-iot-certificates';
import type { FileUploadNotification } from 'azure-iot-emulator';
import { createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';
import { send } from './support/https';
import {
  API_VERSION,
  askForUpload,
  beginUpload,
  detailsOf,
  notify,
  putBlob,
  serverOf,
  type Uploader,
} from './support/uploads';

/* The requests of a file upload that go to the hub. */

const context = useEmulator();
let count = 0;

async function createUploader(): Promise<Uploader> {
  const { emulator, hub } = context;
  const deviceId = `camera-${(count += 1)}`;
  return { server: serverOf(emulator, hub), deviceId, identity: await createHubDevice(hub, deviceId) };
}

async function nextNotification(): Promise<FileUploadNotification> {
  const [notification] = (await once(context.hub, 'fileUploaded')) as [FileUploadNotification];
  return notification;
}

describe('a request for an upload is refused', () => {
  test.each<[what: string, status: number, code: number, change: (device: Uploader) => Promise<Uploader>]>([
    ['without a certificate', 401, 401002, (device) => Promise.resolve({ ...device, identity: undefined })],
    [
      'with a certificate that is not the one of the device',
      401,
      401003,
      async (device) => ({
        ...device,
        identity: await createSelfSignedCertificate({ commonName: device.deviceId }),
      }),
    ],
    [
      'to a device that does not exist',
      404,
      404001,
      (device) => Promise.resolve({ ...device, deviceId: 'nobody' }),
    ],
    [
      'to a device that is disabled',
      401,
      401003,
      (device) => {
        context.hub.devices.disable(device.deviceId);
        return Promise.resolve(device);
      },
    ],
  ])('%s', async (_what, status, code, change) => {
    const device = await change(await createUploader());
    const response = await askForUpload(device, { blobName: 'log.txt' });
    expect(response.status).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(detailsOf(response)).toMatchObject({ errorCode: code });
    expect(detailsOf(response).trackingId).not.toBe('');
  });

  test.each<[what: string, body: unknown]>([
    ['no name', {}],
    ['an empty name', { blobName: '' }],
    ['a name that is a number', { blobName: 7 }],
    ['a name of 1025 characters', { blobName: 'x'.repeat(1025) }],
    ['a name that leads elsewhere', { blobName: '../other-device/log.txt' }],
    ['a name with a segment that URLs lose', { blobName: 'a/./b' }],
    ['a name with a backslash', { blobName: 'a\\b' }],
    ['a name with a line break', { blobName: 'a\nb' }],
    ['a name with half a character', { blobName: 'a\ud800b' }],
    ['a name of 255 segments', { blobName: 'a/'.repeat(254) + 'a' }],
  ])('with %s', async (_what, body) => {
    const response = await askForUpload(await createUploader(), body);
    expect(response.status).toBe(400);
    expect(detailsOf(response)).toMatchObject({ errorCode: 400004 });
  });

  test.each<[what: string, status: number, code: number, request: Partial<Parameters<typeof send>[1]>]>([
    ['without an API version', 400, 400001, { path: '/devices/:id/files' }],
    ['that is not JSON', 400, 400006, { body: '{"blobName":' }],
    ['that is no JSON object', 400, 400006, { body: '["log.txt"]' }],
    ['that is longer than 64 KB', 413, 413001, { body: JSON.stringify({ blobName: 'x'.repeat(70_000) }) }],
    [
      'with a shared access signature',
      401,
      401002,
      { headers: { authorization: 'SharedAccessSignature x' } },
    ],
    ['with GET', 404, 404000, { method: 'GET', body: '' }],
    ['at a path that does not exist', 404, 404000, { path: `/devices/:id/messages/events?${API_VERSION}` }],
    ['at a path that is no URL', 400, 400004, { path: '//' }],
    ['at a path that is not encoded', 404, 404000, { path: `/devices/%zz/files?${API_VERSION}` }],
  ])('%s', async (_what, status, code, request) => {
    const { server, deviceId, identity } = await createUploader();
    const path = request.path ?? `/devices/:id/files?${API_VERSION}`;
    const response = await send(server, {
      method: 'POST',
      body: '{"blobName":"log.txt"}',
      identity,
      ...request,
      path: path.replace(':id', deviceId),
    });
    expect(response.status).toBe(status);
    expect(detailsOf(response)).toMatchObject({ errorCode: code });
  });

  test('while the device has ten uploads, until one of them has ended', async () => {
    const device = await createUploader();
    const places = await Promise.all(
      Array.from({ length: 10 }, (_, index) => beginUpload(device, `file-${index}`)),
    );
    const eleventh = await askForUpload(device, { blobName: 'file-10' });
    expect(eleventh.status).toBe(403);
    expect(detailsOf(eleventh)).toMatchObject({ errorCode: 403006 });
    // Another device has ten of its own.
    expect((await askForUpload(await createUploader(), { blobName: 'file' })).status).toBe(200);
    await notify(device, { correlationId: places[3]?.correlationId, isSuccess: false });
    expect((await askForUpload(device, { blobName: 'file-10' })).status).toBe(200);
  });
});

describe('a request for an upload', () => {
  test('is granted to a device by its certificate authority, if it sends its chain', async () => {
    const { emulator, hub } = context;
    const root = await createRootCertificate({ commonName: 'upload-root' });
    const issuer = await createIntermediateCertificate({ commonName: 'upload-issuer', issuer: root });
    const identity = await createDeviceCertificate({ commonName: 'signed-1', issuer });
    hub.certificates.upload({ name: 'upload-root', certificate: root.certificate, isVerified: true });
    hub.devices.create({ deviceId: 'signed-1', authentication: { type: 'certificateAuthority' } });
    const device = { server: serverOf(emulator, hub), deviceId: 'signed-1', identity };
    expect((await askForUpload(device, { blobName: 'a' })).status).toBe(200);
    const leafOnly = { fullChain: identity.certificate, privateKey: identity.privateKey };
    const refused = await askForUpload({ ...device, identity: leafOnly }, { blobName: 'a' });
    expect(refused.status).toBe(401);
    expect(detailsOf(refused)).toMatchObject({ errorCode: 401003 });
  });

  test('is answered with a place for this one file', async () => {
    const device = await createUploader();
    const place = await beginUpload(device, 'logs/today & tomorrow.txt');
    expect(place).toMatchObject({
      hostName: context.hub.hostName,
      blobName: `${device.deviceId}/logs/today & tomorrow.txt`,
    });
    expect(place.sasToken).toMatch(/^\?sv=.*&se=.*&sr=b&sp=w&sig=[^&]+$/);
    const again = await beginUpload(device, 'logs/today & tomorrow.txt');
    expect(again.correlationId).not.toBe(place.correlationId);
    expect(again.sasToken).not.toBe(place.sasToken);
  });
});

describe('a notification about an upload', () => {
  test.each(['in the body', 'in the path'])('with the correlation ID %s tells of the file', async (where) => {
    const device = await createUploader();
    const place = await beginUpload(device, 'photo.jpg');
    await putBlob(place, device, 'content');
    const notified = nextNotification();
    const { correlationId } = place;
    const completion = { isSuccess: true, statusCode: 201, statusDescription: 'Created' };
    const response = await (where === 'in the body'
      ? notify(device, { correlationId, ...completion })
      : notify(device, completion, `/${encodeURIComponent(correlationId)}`));
    expect(response.status).toBe(204);
    expect(response.body).toBe('');
    const { lastUpdatedTime, enqueuedTimeUtc, ...notification } =
      (await notified) as FileUploadNotification & { isSuccess: true };
    expect(notification).toEqual({
      deviceId: device.deviceId,
      blobName: 'photo.jpg',
      blobUri: `https://${place.hostName}/${place.containerName}/${device.deviceId}/photo.jpg`,
      blobSizeInBytes: 7,
      ...completion,
    });
    expect(enqueuedTimeUtc.getTime()).toBeGreaterThanOrEqual(lastUpdatedTime.getTime());
    const [file] = await context.hub.fileUploads.list(device.deviceId);
    expect(file).toEqual({
      deviceId: device.deviceId,
      blobName: 'photo.jpg',
      blobSizeInBytes: 7,
      lastUpdatedTime,
    });
    // It has ended, and cannot end again.
    expect(detailsOf(await notify(device, { correlationId, ...completion }))).toMatchObject({
      errorCode: 400004,
    });
  });

  test('of a failure tells of it, and ends the upload', async () => {
    const device = await createUploader();
    const place = await beginUpload(device, 'photo.jpg');
    const notified = nextNotification();
    const { correlationId } = place;
    await notify(device, {
      correlationId,
      isSuccess: false,
      statusCode: 500,
      statusDescription: 'camera broke',
    });
    expect(await notified).toMatchObject({
      deviceId: device.deviceId,
      blobName: 'photo.jpg',
      isSuccess: false,
      statusCode: 500,
      statusDescription: 'camera broke',
    });
    expect((await putBlob(place, device, 'too late')).status).toBe(403);
    expect(await context.hub.fileUploads.list(device.deviceId)).toEqual([]);
  });

  test('of a success is refused when nothing was uploaded, and the upload goes on', async () => {
    const device = await createUploader();
    const place = await beginUpload(device, 'photo.jpg');
    const completion = { correlationId: place.correlationId, isSuccess: true };
    const refused = await notify(device, completion);
    expect(refused.status).toBe(400);
    expect(detailsOf(refused)).toMatchObject({ errorCode: 400000 });
    await putBlob(place, device, 'content');
    expect((await notify(device, completion)).status).toBe(204);
  });

  test.each<[what: string, body: object]>([
    ['names no upload', { isSuccess: true }],
    ['names an upload that does not exist', { isSuccess: true, correlationId: 'nothing' }],
    ['does not say whether it was a success', { correlationId: 'own' }],
    ['says in a string whether it was a success', { correlationId: 'own', isSuccess: 'true' }],
    ['names an upload of another device', { correlationId: 'foreign', isSuccess: false }],
  ])('that %s is refused', async (_what, body) => {
    const [device, other] = [await createUploader(), await createUploader()];
    const ids: Record<string, string> = {
      own: (await beginUpload(device, 'a')).correlationId,
      foreign: (await beginUpload(other, 'a')).correlationId,
    };
    const { correlationId = '' } = body as { correlationId?: string };
    const response = await notify(device, { ...body, correlationId: ids[correlationId] ?? correlationId });
    expect(response.status).toBe(400);
    expect(detailsOf(response)).toMatchObject({ errorCode: 400004 });
  });

  test('of another device than the one of the upload is refused', async () => {
    const device = await createUploader();
    const { correlationId } = await beginUpload(device, 'a');
    const { identity } = await createUploader();
    const response = await notify({ ...device, identity }, { correlationId, isSuccess: false });
    expect(response.status).toBe(401);
  });
});
