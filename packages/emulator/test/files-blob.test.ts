import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';
import { openRequest, responseTo, type Response } from './support/https';
import {
  beginUpload,
  blobPath,
  blockId,
  notify,
  putBlob,
  putBlock,
  putBlockList,
  serverOf,
  toBlob,
  type UploadPlace,
  type Uploader,
} from './support/uploads';

/* The blob endpoint: what devices use of Azure Storage. None of its requests presents a certificate. */

const context = useEmulator();
let count = 0;

/** Sockets need their timers. */
const DATE_ONLY = {
  doNotFake: [
    'hrtime',
    'nextTick',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ],
} satisfies Parameters<typeof jest.useFakeTimers>[0];

async function createUploader(): Promise<Uploader> {
  const { emulator, hub } = context;
  const deviceId = `camera-${(count += 1)}`;
  return { server: serverOf(emulator, hub), deviceId, identity: await createHubDevice(hub, deviceId) };
}

async function begin(blobName = 'file.bin'): Promise<{ device: Uploader; place: UploadPlace }> {
  const device = await createUploader();
  return { device, place: await beginUpload(device, blobName) };
}

function contentOf({ deviceId }: Uploader, blobName = 'file.bin'): Promise<Buffer> {
  return context.hub.fileUploads.read(deviceId, blobName);
}

function errorOf({ status, headers, body }: Response): unknown {
  const [, code] = /<Error><Code>(\w+)<\/Code><Message>[^<]+<\/Message><\/Error>$/.exec(body) ?? [];
  expect(headers['x-ms-error-code']).toBe(code);
  return [status, code];
}

describe('a signature of a blob', () => {
  const refusals: Record<string, (place: UploadPlace, device: Uploader) => Promise<Response> | Response> = {
    'that was changed': (place, device) =>
      putBlob({ ...place, sasToken: place.sasToken.replace(/sig=.{6}/, 'sig=AAAAAA') }, device, 'x'),
    'that is missing': (place, device) => putBlob({ ...place, sasToken: '?sv=2021-12-02' }, device, 'x'),
    'used for another blob': (place, device) =>
      putBlob({ ...place, blobName: `${place.blobName}2` }, device, 'x'),
    'used for another device': (place, device) =>
      putBlob({ ...place, blobName: 'camera-0/file.bin' }, device, 'x'),
    'used for another container': (place, device) =>
      putBlob({ ...place, containerName: 'secrets' }, device, 'x'),
    'of an upload that has ended': async (place, device) => {
      await notify(device, { correlationId: place.correlationId, isSuccess: false });
      return putBlob(place, device, 'x');
    },
  };

  test.each(Object.keys(refusals))('%s is refused', async (what) => {
    const { device, place } = await begin();
    const response = await refusals[what]?.(place, device);
    expect(response && errorOf(response)).toEqual([403, 'AuthenticationFailed']);
    expect(await context.hub.fileUploads.list(device.deviceId)).toEqual([]);
  });

  test('expires after an hour, and no longer counts among the ten', async () => {
    const device = await createUploader();
    const places = await Promise.all(
      Array.from({ length: 10 }, (_, index) => beginUpload(device, `${index}`)),
    );
    const [place] = places;
    if (place === undefined) throw new Error('there are ten');
    await putBlock(place, device, blockId(0), 'x');
    jest.useFakeTimers({ now: Date.now() + 3_600_000, ...DATE_ONLY });
    try {
      expect(errorOf(await putBlob(place, device, 'x'))).toEqual([403, 'AuthenticationFailed']);
      expect((await notify(device, { correlationId: place.correlationId, isSuccess: false })).status).toBe(
        400,
      );
      const fresh = await beginUpload(device, 'fresh');
      expect((await putBlob(fresh, device, 'x')).status).toBe(201);
    } finally {
      jest.useRealTimers();
    }
  });

  test.each(['GET', 'HEAD'])('does not allow %s', async (method) => {
    const { device, place } = await begin();
    await putBlob(place, device, 'secret');
    const response = await toBlob(place, device, { method });
    expect(response.status).toBe(403);
    expect(response.headers['x-ms-error-code']).toBe('AuthorizationPermissionMismatch');
    expect(response.body).not.toContain('secret');
  });

  test('does not allow DELETE', async () => {
    const { device, place } = await begin();
    await putBlob(place, device, 'kept');
    expect(errorOf(await toBlob(place, device, { method: 'DELETE' }))).toEqual([405, 'UnsupportedHttpVerb']);
    expect((await contentOf(device)).toString()).toBe('kept');
  });
});

describe('Put Blob', () => {
  test.each<[what: string, content: Buffer]>([
    ['an empty file', Buffer.alloc(0)],
    ['a small file', Buffer.from('temperature;21.5\n')],
    ['a file of 5 MB that is not text', randomBytes(5_000_000)],
  ])('keeps %s', async (_what, content) => {
    const { device, place } = await begin();
    const response = await putBlob(place, device, content);
    expect(response.status).toBe(201);
    expect(response.headers).toMatchObject({
      'content-md5': createHash('md5').update(content).digest('base64'),
      etag: expect.stringMatching(/^".+"$/) as unknown,
      'last-modified': expect.any(String) as unknown,
      'x-ms-request-id': expect.any(String) as unknown,
      'x-ms-version': expect.any(String) as unknown,
    });
    expect(Buffer.compare(await contentOf(device), content)).toBe(0);
  });

  test('keeps a file with a name that needs encoding', async () => {
    const name = 'Zürich/50 % & more?/#1 + ü.csv';
    const { device, place } = await begin(name);
    expect((await putBlob(place, device, 'content')).status).toBe(201);
    expect((await contentOf(device, name)).toString()).toBe('content');
  });

  test('replaces a file of the same name as a whole', async () => {
    const device = await createUploader();
    for (const content of ['the first one', 'second']) {
      const place = await beginUpload(device, 'file.bin');
      await putBlob(place, device, content);
      await notify(device, { correlationId: place.correlationId, isSuccess: true });
    }
    expect((await contentOf(device)).toString()).toBe('second');
    expect(await context.hub.fileUploads.list(device.deviceId)).toHaveLength(1);
  });

  test('twice at once leaves one of the two files, whole', async () => {
    const device = await createUploader();
    const contents = [Buffer.alloc(1_000_000, 'a'), Buffer.alloc(900_000, 'b')];
    const places = await Promise.all(contents.map(() => beginUpload(device, 'file.bin')));
    const responses = await Promise.all(
      places.map((place, index) => putBlob(place, device, contents[index] ?? '')),
    );
    expect(responses.map(({ status }) => status)).toEqual([201, 201]);
    const kept = await contentOf(device);
    expect(contents.some((content) => content.equals(kept))).toBe(true);
  });

  test.each<[what: string, error: unknown, headers: Record<string, string>]>([
    ['of another type', [400, 'InvalidHeaderValue'], { 'x-ms-blob-type': 'PageBlob' }],
    ['whose MD5 does not fit', [400, 'Md5Mismatch'], { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ])('refuses a blob %s', async (_what, error, headers) => {
    const { device, place } = await begin();
    expect(errorOf(await putBlob(place, device, 'content', headers))).toEqual(error);
    await expect(contentOf(device)).rejects.toMatchObject({ code: 404000 });
  });

  test('refuses a blob without a type', async () => {
    const { device, place } = await begin();
    const response = await toBlob(place, device, { headers: { 'content-length': 1 }, body: 'x' });
    expect(errorOf(response)).toEqual([400, 'MissingRequiredHeader']);
  });

  test('refuses content of unknown length', async () => {
    const { device, place } = await begin();
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'transfer-encoding': 'chunked' };
    expect(errorOf(await toBlob(place, device, { headers, body: 'x' }))).toEqual([
      411,
      'MissingContentLengthHeader',
    ]);
  });

  test('takes content whose MD5 fits', async () => {
    const { device, place } = await begin();
    const md5 = createHash('md5').update('content').digest('base64');
    expect((await putBlob(place, device, 'content', { 'content-md5': md5 })).status).toBe(201);
  });

  test('does not overwrite what must not exist', async () => {
    const { device, place } = await begin();
    const once = { 'if-none-match': '*' };
    expect((await putBlob(place, device, 'first', once)).status).toBe(201);
    expect(errorOf(await putBlob(place, device, 'second', once))).toEqual([409, 'BlobAlreadyExists']);
    expect((await contentOf(device)).toString()).toBe('first');
  });
});

describe('Put Block and Put Block List', () => {
  test('make a file in the order of the list, from the blocks that are in it', async () => {
    const { device, place } = await begin();
    const blocks = ['c', 'a', 'left out', 'b'];
    const uploaded = await Promise.all(
      blocks.map((text, index) => putBlock(place, device, blockId(index), text)),
    );
    expect(uploaded.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    // Blocks alone are no file.
    await expect(contentOf(device)).rejects.toMatchObject({ code: 404000 });
    const response = await putBlockList(place, device, [1, 3, 0, 1].map(blockId));
    expect(response.status).toBe(201);
    expect((await contentOf(device)).toString()).toBe('abca');
  });

  test('make a file of 10 MB', async () => {
    const { device, place } = await begin();
    const content = randomBytes(10_000_000);
    const size = 1_000_000;
    const ids = Array.from({ length: 10 }, (_, index) => blockId(index));
    await Promise.all(
      ids.map((id, index) => putBlock(place, device, id, content.subarray(index * size, (index + 1) * size))),
    );
    await putBlockList(place, device, ids);
    expect(Buffer.compare(await contentOf(device), content)).toBe(0);
  });

  test('make an empty file of no blocks', async () => {
    const { device, place } = await begin();
    expect((await putBlockList(place, device, [])).status).toBe(201);
    expect(await contentOf(device)).toHaveLength(0);
  });

  test('take the last of several blocks with the same ID', async () => {
    const { device, place } = await begin();
    for (const text of ['old', 'new']) await putBlock(place, device, blockId(0), text);
    await putBlockList(place, device, [blockId(0)]);
    expect((await contentOf(device)).toString()).toBe('new');
  });

  test.each<[what: string, id: string]>([
    ['no ID', ''],
    ['an ID that is not base64', '%%%%'],
    ['an ID of 65 bytes', Buffer.alloc(65, 'x').toString('base64')],
    ['an ID of another length than before', Buffer.from('x').toString('base64')],
  ])('refuse a block with %s', async (_what, id) => {
    const { device, place } = await begin();
    await putBlock(place, device, blockId(0), 'x');
    expect(errorOf(await putBlock(place, device, id, 'x'))).toEqual([400, 'InvalidBlockId']);
  });

  test.each<[what: string, error: string, body: string]>([
    [
      'names a block that was not uploaded',
      'InvalidBlockList',
      `<BlockList><Latest>${blockId(9)}</Latest></BlockList>`,
    ],
    [
      'asks for a block of the file before',
      'InvalidBlockList',
      `<BlockList><Committed>${blockId(0)}</Committed></BlockList>`,
    ],
    ['is not XML', 'InvalidXmlDocument', '["MDAwMDAw"]'],
    ['is cut off', 'InvalidXmlDocument', '<?xml version="1.0"?><BlockList><Latest>'],
    ['is another document', 'InvalidXmlDocument', '<Blocks></Blocks>'],
    ['is empty', 'InvalidXmlDocument', ''],
    [
      'closes a block with another name',
      'InvalidXmlDocument',
      '<BlockList><Latest>AA==</Committed></BlockList>',
    ],
    [
      'has something between its blocks',
      'InvalidXmlDocument',
      '<BlockList><Latest>AA==</Latest>x</BlockList>',
    ],
  ])('refuse a list that %s', async (_what, error, body) => {
    const { device, place } = await begin();
    await putBlock(place, device, blockId(0), 'x');
    const headers = { 'content-length': Buffer.byteLength(body) };
    const response = await toBlob(place, device, { query: '&comp=blocklist', headers, body });
    expect(errorOf(response)).toEqual([400, error]);
    await expect(contentOf(device)).rejects.toMatchObject({ code: 404000 });
    // Nothing is lost by it.
    expect((await putBlockList(place, device, [blockId(0)])).status).toBe(201);
  });

  test('read lists with white space, other sorts of blocks and a byte order mark', async () => {
    const { device, place } = await begin();
    await putBlock(place, device, blockId(0), 'x');
    const body = `\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<BlockList>\n  <Uncommitted>${blockId(0)}</Uncommitted>\n</BlockList>\n`;
    const headers = { 'content-length': Buffer.byteLength(body) };
    expect((await toBlob(place, device, { query: '&comp=blocklist', headers, body })).status).toBe(201);
  });

  test.each([
    ['white space', (spaces: string) => `${spaces}<BlockList>${spaces}</BlockList>${spaces}`, 201],
    ['white space that leads nowhere', (spaces: string) => `<?xml?>${spaces}<BlockList>${spaces}`, 400],
    ['white space in an end', (spaces: string) => `<BlockList></BlockList${spaces}`, 400],
  ])('read a list with much %s as quickly as any other', async (_what, write, status) => {
    const { device, place } = await begin();
    const body = write(' '.repeat(300_000));
    const headers = { 'content-length': Buffer.byteLength(body) };
    expect((await toBlob(place, device, { query: '&comp=blocklist', headers, body })).status).toBe(status);
  });

  test('The storage account refuses other operations', async () => {
    const { device, place } = await begin();
    const headers = { 'content-length': 1 };
    const response = await toBlob(place, device, { query: '&comp=tags', headers, body: 'x' });
    expect(errorOf(response)).toEqual([400, 'UnsupportedQueryParameter']);
  });
});

describe('an upload that is cut off', () => {
  test('leaves nothing, and can be repeated', async () => {
    const { device, place } = await begin();
    const server = { ...device.server, endpoint: place.hostName };
    const request = openRequest(server, {
      method: 'PUT',
      path: blobPath(place),
      headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': 1_000_000 },
    });
    request.write(Buffer.alloc(500_000));
    await once(request, 'drain');
    const closed = new Promise<void>((resolve) => request.on('error', () => undefined).on('close', resolve));
    request.destroy();
    await closed;
    await expect(contentOf(device)).rejects.toMatchObject({ code: 404000 });
    expect((await putBlob(place, device, 'complete')).status).toBe(201);
    expect((await contentOf(device)).toString()).toBe('complete');
  });

  test('of unknown length that ends early leaves nothing either', async () => {
    const { device, place } = await begin();
    const request = openRequest(
      { ...device.server, endpoint: place.hostName },
      {
        method: 'PUT',
        path: blobPath(place),
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': 20 },
      },
    );
    request.write('half of it');
    await once(request, 'socket');
    await notify(device, { correlationId: place.correlationId, isSuccess: false });
    request.end(' and half.');
    expect(errorOf(await responseTo(request))).toEqual([403, 'AuthenticationFailed']);
    await expect(contentOf(device)).rejects.toMatchObject({ code: 404000 });
  });
});

describe('the files of a hub', () => {
  test('can be listed and deleted', async () => {
    const { device, place } = await begin('b');
    await putBlob(place, device, 'x');
    await putBlob(await beginUpload(device, 'a'), device, 'y');
    const { fileUploads } = context.hub;
    const names = async () => (await fileUploads.list(device.deviceId)).map(({ blobName }) => blobName);
    expect(await names()).toEqual(['b', 'a']);
    await fileUploads.delete(device.deviceId, 'b');
    expect(await names()).toEqual(['a']);
    await expect(fileUploads.delete(device.deviceId, 'b')).rejects.toMatchObject({ code: 404000 });
    await expect(fileUploads.read(device.deviceId, 'b')).rejects.toMatchObject({ code: 404000 });
    expect((await fileUploads.list()).length).toBeGreaterThan(1);
  });
});
