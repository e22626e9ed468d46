import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connectDevice, ConnectionError, type ConnectOptions, type DeviceError } from 'azure-iot-x509';
import { createRootCertificate, createSelfSignedCertificate } from 'azure-iot-certificates';
import { startScriptedServer } from '../support/scripted-server';

/* What keeps a device from reaching the service at all: each told apart, each with what to do. */

let base: Omit<ConnectOptions, 'ca' | 'caFile'> & { cert: string; key: string };

beforeAll(async () => {
  const device = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
  });
  base = {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    cert: device.certificate,
    key: device.privateKey,
    timeoutMs: 10_000,
    reconnect: { giveUpAfterMs: 0 },
  };
});

async function failure(more: Partial<ConnectOptions>): Promise<DeviceError> {
  const error = await connectDevice({ ...base, ...more } as ConnectOptions).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectionError)) throw new Error(`Not a ConnectionError: ${String(error)}`);
  expect(error.remedy).not.toBe('');
  expect(error.service).toBe('dps');
  return error;
}

test.each(['mqtt', 'mqtt-ws'] as const)(
  'a host name without an address is HOST_NOT_FOUND (%s)',
  async (transport) => {
    // "invalid" is reserved to have no address (RFC 6761); without any name server the code is EAI_AGAIN.
    const error = await failure({ globalEndpoint: 'no-such-host.invalid', transport });
    expect(['HOST_NOT_FOUND', 'NAME_RESOLUTION_FAILED']).toContain(error.code);
    expect(error.message).toContain('no-such-host.invalid');
  },
);

test.each(['mqtt', 'mqtt-ws'] as const)(
  'a port that nothing listens on is CONNECTION_REFUSED (%s)',
  async (transport) => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await failure({ globalEndpoint: `localhost:${port}`, transport });
    expect(error).toMatchObject({ code: 'CONNECTION_REFUSED', isTransient: true, host: `localhost:${port}` });
  },
);

test.each(['mqtt', 'mqtt-ws'] as const)(
  'a server certificate of an unknown root is SERVER_NOT_TRUSTED (%s)',
  async (transport) => {
    await using server = await startScriptedServer(() => undefined);
    const error = await failure({ globalEndpoint: server.endpoint, transport });
    expect(error).toMatchObject({ code: 'SERVER_NOT_TRUSTED', isTransient: false });
    expect(error.remedy).toContain('ca');
  },
);

test('the option ca adds roots and does not disable verification', async () => {
  await using server = await startScriptedServer(() => undefined);
  const other = await createRootCertificate({ commonName: 'Another root' });
  const error = await failure({ globalEndpoint: server.endpoint, ca: other.certificate });
  expect(error.code).toBe('SERVER_NOT_TRUSTED');
});

test('a server certificate for another name is SERVER_NOT_TRUSTED', async () => {
  await using server = await startScriptedServer(() => undefined);
  // The certificate is for localhost and 127.0.0.1.
  const error = await failure({ globalEndpoint: `127.0.0.2:${server.port}`, ca: server.ca });
  expect(['SERVER_NOT_TRUSTED', 'CONNECTION_REFUSED']).toContain(error.code);
});

test('a server that does not speak TLS is TLS_FAILED', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    expect(await failure({ globalEndpoint: `localhost:${port}` })).toMatchObject({ code: 'TLS_FAILED' });
  } finally {
    server.close();
  }
});

test('a web server without WebSockets is INVALID_RESPONSE', async () => {
  await using server = await startScriptedServer((client) => {
    client.socket.once('data', () =>
      client.socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
    );
  });
  const error = await failure({ globalEndpoint: server.endpoint, ca: server.ca, transport: 'mqtt-ws' });
  expect(error).toMatchObject({ code: 'INVALID_RESPONSE', isTransient: false });
  expect(error.message).toContain('404');
});
