import { once } from 'node:events';
import { request } from 'node:https';
import { Readable } from 'node:stream';
import { connectDevice, type ConnectOptions } from 'azure-iot-x509';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { HttpProxy } from '../../src/options/proxy';
import type { HubTarget } from '../../src/hub/link';
import { createContext } from '../../src/network/secure-context';
import { FileUploads } from '../../src/hub/uploads/file-uploads';
import { TunnelAgent } from '../../src/hub/uploads/tunnel-agent';
import { startConnectProxy } from '../support/connect-proxy';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';

/* Uploads of files through an HTTP proxy. */

let emulator: Emulator;
let enrolled: EnrolledDevice;

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  enrolled = await enrollDevice(emulator, 'hub-individual', 'gateway-1');
});
afterAll(async () => {
  await emulator.close();
});

function through(proxy: string): ConnectOptions {
  return { ...enrolled.options, transport: 'mqtt-ws', proxy };
}

/** Uploads of the device, as far as they get through the proxy. */
async function uploadsThrough(url: string, closing = new AbortController().signal): Promise<FileUploads> {
  await using connection = await connectDevice(enrolled.options);
  const { assignedHub: host, deviceId } = connection.registration;
  const { cert, key } = enrolled.options as { cert: string; key: string };
  const target: HubTarget = {
    host,
    deviceId,
    enrollment: 'hub-individual',
    x509: { cert, key },
    ca: [emulator.ca],
    proxyFor: () => HttpProxy.parse(url),
  };
  return new FileUploads(() => target, closing);
}

test.each([
  ['over HTTP', false],
  ['over TLS', true],
])('An upload reaches the hub and the storage account through a proxy, %s', async (_how, isSecure) => {
  await expectNothingLeft(async () => {
    await using proxy = await startConnectProxy({ isSecure });
    const ca = [emulator.ca, proxy.ca].join('\n');
    await using connection = await connectDevice({ ...through(proxy.url), ca } as ConnectOptions);
    const before = proxy.targets.length;
    const content = Buffer.alloc(9 * 1024 * 1024, 'x');
    await connection.client.uploadToBlob('log.txt', Readable.from([content]), content.length);
    const { assignedHub, deviceId } = connection.registration;
    const hub = emulator.findHub(assignedHub);
    expect((await hub?.fileUploads.read(deviceId, 'log.txt'))?.equals(content)).toBe(true);
    const asked = proxy.targets.slice(before);
    // The request, the blocks, the notification.
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(new Set(asked)).toEqual(new Set([assignedHub]));
  });
});

test('An upload through a proxy that refuses fails with the name of the proxy, and is not repeated', async () => {
  await expectNothingLeft(async () => {
    await using proxy = await startConnectProxy({ credentials: 'jane:S3cret-word' });
    const uploads = await uploadsThrough(proxy.url);
    await expect(uploads.upload('x', Readable.from(['x']))).rejects.toMatchObject({
      code: 'PROXY_REFUSED',
      message: expect.stringContaining(proxy.name) as unknown,
      isTransient: false,
    });
    expect(proxy.targets).toHaveLength(1);
  });
});

test('An upload through a server that is no proxy fails with the name of the proxy', async () => {
  await expectNothingLeft(async () => {
    await using proxy = await startConnectProxy({ behavior: { kind: 'babble' } });
    const uploads = await uploadsThrough(proxy.url);
    await expect(uploads.upload('x', Readable.from(['x']))).rejects.toMatchObject({
      code: 'PROXY_UNREACHABLE',
      message: expect.stringContaining(proxy.name) as unknown,
    });
  });
});

test('An upload that waits for a proxy ends when the connection is closed', async () => {
  await expectNothingLeft(async () => {
    await using proxy = await startConnectProxy({ behavior: { kind: 'stall' } });
    const closing = new AbortController();
    const uploads = await uploadsThrough(proxy.url, closing.signal);
    const outcome = expect(uploads.upload('x', Readable.from(['x']))).rejects.toThrow('over');
    await proxy.asked(1);
    closing.abort(new Error('over'));
    await outcome;
  });
});

test('An upload through a proxy that never answers fails at the deadline', async () => {
  await expectNothingLeft(async () => {
    await using server = await startConnectProxy({ behavior: { kind: 'stall' } });
    const proxy = HttpProxy.parse(server.url);
    if (proxy === undefined) throw new Error('the proxy has a URL');
    const target = { host: 'hub.invalid', port: 443 };
    const secureContext = createContext({});
    const agent = new TunnelAgent({ proxy, target, secureContext, ca: undefined, timeoutMs: 50 }, {});
    const sent = request({ ...target, agent });
    const [error] = (await once(sent, 'error')) as [unknown];
    expect(error).toMatchObject({
      failure: { proxy: server.name, reason: { error: { code: 'ETIMEDOUT' } } },
    });
    agent.destroy();
  });
});
