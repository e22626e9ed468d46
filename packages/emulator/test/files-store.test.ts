import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type EmulatorOptions, type HubEmulator } from 'azure-iot-emulator';
import { fromFileName, toFileName } from '../src/hub/files/file-names';
import { expectNothingLeft } from '../../../test/support/leaks';
import { openRequest } from './support/https';
import {
  beginUpload,
  blobPath,
  blockId,
  notify,
  putBlob,
  putBlock,
  putBlockList,
  serverOf,
  type UploadPlace,
  type Uploader,
} from './support/uploads';

/* Where uploaded files are kept, and how much of them. */

interface Setting extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly hub: HubEmulator;
  readonly device: Uploader;
  /** Asks for an upload and puts a file. */
  upload(blobName: string, content: string | Buffer): Promise<number>;
  names(): Promise<readonly string[]>;
}

async function start(options: EmulatorOptions, deviceId = 'camera-1'): Promise<Setting> {
  const emulator = await startEmulator(options);
  const [hub] = emulator.hubs;
  if (hub === undefined) throw new Error('the emulator has a hub');
  const identity = await createSelfSignedCertificate({ commonName: 'camera' });
  hub.devices.create({ deviceId, authentication: { primaryThumbprint: identity.thumbprint } });
  const device = { server: serverOf(emulator, hub), deviceId, identity };
  return {
    emulator,
    hub,
    device,
    upload: async (blobName, content) => {
      const place = await beginUpload(device, blobName);
      const { status } = await putBlob(place, device, content);
      await notify(device, { correlationId: place.correlationId, isSuccess: status === 201 });
      return status;
    },
    names: async () => (await hub.fileUploads.list()).map(({ blobName }) => blobName),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

/** Begins to put a blob of which only a part comes. */
async function putHalf({ device }: Setting, place: UploadPlace, size: number) {
  const request = openRequest(
    { ...device.server, endpoint: place.hostName },
    {
      method: 'PUT',
      path: blobPath(place),
      headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': size },
    },
  );
  const closed = new Promise<void>((resolve) => request.on('error', () => undefined).on('close', resolve));
  await new Promise<void>((resolve) => request.write(Buffer.alloc(size / 2), () => resolve()));
  return { request, closed };
}

const MB = 1_000_000;

describe('files that are kept in memory', () => {
  test('make room for new ones, the oldest first', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 3.1 * MB } });
    for (const name of ['a', 'b', 'c']) expect(await setting.upload(name, Buffer.alloc(MB))).toBe(201);
    expect(await setting.names()).toEqual(['a', 'b', 'c']);
    expect(await setting.upload('d', Buffer.alloc(1.5 * MB))).toBe(201);
    expect(await setting.names()).toEqual(['c', 'd']);
  });

  test('are not the oldest any more when they are written again, and count once', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 3.1 * MB } });
    for (const name of ['a', 'b', 'a', 'a']) await setting.upload(name, Buffer.alloc(MB));
    expect(await setting.names()).toEqual(['b', 'a']);
    await setting.upload('c', Buffer.alloc(MB));
    expect(await setting.names()).toEqual(['b', 'a', 'c']);
  });

  test('are refused when they are larger than all the room, and no other file is lost', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 2 * MB } });
    await setting.upload('a', Buffer.alloc(MB));
    expect(await setting.upload('b', Buffer.alloc(2 * MB + 1))).toBe(413);
    const place = await beginUpload(setting.device, 'c');
    expect((await putBlock(place, setting.device, blockId(0), Buffer.alloc(1.2 * MB))).status).toBe(201);
    expect((await putBlock(place, setting.device, blockId(1), Buffer.alloc(MB))).status).toBe(413);
  });

  test('count while they are being uploaded, until they are cut off or the upload ends', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 2 * MB } });
    const { device, hub } = setting;
    const [blocks, cut, last] = [
      await beginUpload(device, 'blocks'),
      await beginUpload(device, 'cut'),
      await beginUpload(device, 'last'),
    ];
    await putBlock(blocks, device, blockId(0), Buffer.alloc(0.9 * MB));
    const { request, closed } = await putHalf(setting, cut, 1.4 * MB);
    const refused = await putBlob(last, device, Buffer.alloc(1.9 * MB));
    expect([refused.status, refused.headers['x-ms-error-code']]).toEqual([507, 'InsufficientStorage']);
    request.destroy();
    await closed;
    await notify(device, { correlationId: blocks.correlationId, isSuccess: false });
    // The hub learns of the end of a connection when it learns of it.
    while ((await putBlob(last, device, Buffer.alloc(1.9 * MB))).status !== 201);
    expect((await hub.fileUploads.read('camera-1', 'last')).length).toBe(1.9 * MB);
  });

  test('count a block twice that is in them twice', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 2 * MB } });
    const { device } = setting;
    const place = await beginUpload(device, 'a');
    await putBlock(place, device, blockId(0), Buffer.alloc(0.8 * MB));
    expect((await putBlockList(place, device, [0, 0, 0].map(blockId))).status).toBe(507);
    await putBlock(place, device, blockId(0), Buffer.alloc(0.8 * MB));
    expect((await putBlockList(place, device, [0, 0].map(blockId))).status).toBe(201);
  });

  test('count their empty blocks as well', async () => {
    await using setting = await start({ fileUploads: { maxBytes: 5_000 } });
    const place = await beginUpload(setting.device, 'a');
    const statuses: number[] = [];
    for (let index = 0; index < 12; index++) {
      statuses.push((await putBlock(place, setting.device, blockId(index), '')).status);
    }
    expect(statuses.at(0)).toBe(201);
    expect(statuses.at(-1)).toBe(507);
  });
});

describe('files that are kept in a directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'files-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test('are readable for their owner only, and outlive the emulator', async () => {
    const content = Buffer.from([0, 255, 10, 13]);
    {
      await using setting = await start({ fileUploads: { directory } }, 'pump*1');
      expect(await setting.upload('logs/Zürich.bin', content)).toBe(201);
      const { device } = setting;
      const place = await beginUpload(device, 'blocks');
      await putBlock(place, device, blockId(0), 'a');
      await putBlock(place, device, blockId(1), 'b');
      expect((await putBlockList(place, device, [1, 0, 1].map(blockId))).status).toBe(201);
      await putBlockList(await beginUpload(device, 'empty'), device, []);
    }
    const folder = join(directory, 'hub-1', 'pump%2A1');
    expect((await readdir(folder)).sort()).toEqual(['blocks', 'empty', 'logs%2FZ%C3%BCrich.bin']);
    const file = join(folder, 'logs%2FZ%C3%BCrich.bin');
    expect(await readFile(file)).toEqual(content);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await stat(folder)).mode & 0o077).toBe(0);
    await using again = await start({ fileUploads: { directory } });
    expect(await again.names()).toEqual(['logs/Zürich.bin', 'blocks', 'empty']);
    expect((await again.hub.fileUploads.read('pump*1', 'blocks')).toString()).toBe('bab');
    await again.hub.fileUploads.delete('pump*1', 'blocks');
    expect((await readdir(folder)).sort()).toEqual(['empty', 'logs%2FZ%C3%BCrich.bin']);
  });

  test('leave no directory before the first file, and nothing of an unfinished upload', async () => {
    await using setting = await start({ fileUploads: { directory: join(directory, 'new') } });
    const { device } = setting;
    expect(await setting.names()).toEqual([]);
    const [cut, failed, forgotten] = [
      await beginUpload(device, 'cut'),
      await beginUpload(device, 'failed'),
      await beginUpload(device, 'forgotten'),
    ];
    expect(await readdir(directory)).toEqual([]);
    const { request } = await putHalf(setting, cut, 100_000);
    await putBlock(failed, device, blockId(0), 'x');
    await notify(device, { correlationId: failed.correlationId, isSuccess: false });
    await putBlock(forgotten, device, blockId(0), 'x');
    await setting.emulator.close();
    request.destroy();
    expect(await readdir(join(directory, 'new', 'hub-1'))).toEqual(['.staging']);
    expect(await readdir(join(directory, 'new', 'hub-1', '.staging'))).toEqual([]);
  });

  test('do not replace the files of others', async () => {
    await using setting = await start({ fileUploads: { directory } });
    await setting.upload('a', 'x');
    await writeFile(join(directory, 'hub-1', 'camera-1', 'with space.txt'), 'foreign');
    await writeFile(join(directory, 'hub-1', 'README'), 'foreign');
    expect(await setting.names()).toEqual(['a']);
  });

  test('are refused with a name that is too long for the file system', async () => {
    await using setting = await start({ fileUploads: { directory } });
    await expect(beginUpload(setting.device, 'ü'.repeat(50))).rejects.toThrow(/400004/);
    await expect(beginUpload(setting.device, 'ü'.repeat(40))).resolves.toBeDefined();
  });

  test('are refused with an error of the service when the directory cannot be made, and the emulator goes on', async () => {
    await writeFile(join(directory, 'hub-1'), 'in the way');
    await using setting = await start({ fileUploads: { directory } });
    expect(await setting.upload('a', 'x')).toBe(500);
    expect(await setting.upload('a', 'x')).toBe(500);
  });
});

describe('uploads at the end of a service:', () => {
  test('closing the emulator during an upload leaves nothing behind', async () => {
    await expectNothingLeft(async () => {
      await using setting = await start({});
      const { closed } = await putHalf(setting, await beginUpload(setting.device, 'a'), 1_000_000);
      await setting.emulator.close();
      await closed;
    });
  });

  test.each<[what: string, options: EmulatorOptions]>([
    ['with a port of its own', {}],
    ['with a shared port', { sharedPorts: [0] }],
  ])('a hub %s drops uploads when it stops, and takes them when it starts', async (_what, options) => {
    await using setting = await start(options);
    const { hub, device } = setting;
    const direct = {
      ...device,
      server: {
        ...device.server,
        endpoint: `127.0.0.1:${hub.hostName.split(':')[1] ?? ''}`,
        hostName: hub.hostName.split(':')[0] ?? '',
      },
    };
    const place = await beginUpload(direct, 'a');
    const address = { ...place, hostName: direct.server.endpoint };
    const request = openRequest(direct.server, {
      method: 'PUT',
      path: blobPath(place),
      headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': 10 },
    });
    const closed = once(request, 'error');
    await new Promise<void>((resolve) => request.write('half', () => resolve()));
    await beginUpload(direct, 'b');
    await hub.stop();
    await closed;
    await expect(putBlob(address, direct, 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRE(FUSED|SET)/) as unknown,
    });
    await hub.start();
    expect((await putBlob(address, direct, 'x')).status).toBe(201);
  });
});

describe('the name of a file in the directory', () => {
  test('leads out of no directory and is unique', () => {
    const name = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('..', '.', 'a/../b', 'con', 'NUL.txt', 'a.', '.git'),
    );
    fc.assert(
      fc.property(name, (text) => {
        const fileName = toFileName(text);
        if (fileName === undefined) return;
        expect(fileName).toMatch(/^(?!\.)[A-Za-z0-9._%-]{1,255}(?<!\.)$/);
        expect(fileName).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        expect(fromFileName(fileName)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 2_000 },
    );
  });
});
