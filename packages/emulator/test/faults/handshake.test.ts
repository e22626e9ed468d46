import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { startEmulator } from 'azure-iot-emulator';
import { connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';
import { useWarnings } from '../support/warnings';

/* Faults at TCP connections and TLS handshakes. */

const context = useEmulator();

afterEach(() => {
  context.emulator.faults.clear();
});

function portOf(endpoint: string): number {
  return Number(endpoint.split(':')[1]);
}

function openTcp(): Socket {
  const socket = connectTcp(portOf(context.hub.hostName), '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

function openTls(options: ConnectionOptions = {}): TLSSocket {
  const port = portOf(context.hub.hostName);
  return connectTls({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    ca: context.emulator.ca,
    ...options,
  });
}

/** How a handshake goes: `secure`, or the code of the error. */
async function handshake(options?: ConnectionOptions): Promise<string> {
  const socket = openTls(options);
  try {
    await once(socket, 'secureConnect');
    return 'secure';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

/** The error of a socket that is secure already; `undefined` when it ended without. */
async function errorOf(socket: TLSSocket): Promise<string | undefined> {
  let code: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return code;
}

describe('a TCP connection that a fault hits', () => {
  it('is reset at once, and the next one is served', async () => {
    context.emulator.faults.add({ at: 'tcp', action: { kind: 'reset' } });
    expect(await handshake()).toBe('ECONNRESET');
    expect(await handshake()).toBe('secure');
  });

  it('is ended at once', async () => {
    context.emulator.faults.add({ at: 'tcp', action: { kind: 'close' } });
    const socket = openTcp();
    await once(socket.resume(), 'end');
    await once(socket, 'close');
  });

  it('is never answered, until the fault is removed', async () => {
    const fault = context.emulator.faults.add({ at: 'tcp', action: { kind: 'stall' } });
    const socket = openTls();
    socket.on('error', () => undefined);
    let bytes = 0;
    socket.on('data', () => (bytes += 1));
    expect(await fault.whenHit()).toEqual({ at: 'tcp', service: 'hub-1', device: undefined });
    expect(await handshake()).toBe('secure');
    const end = errorOf(socket);
    fault.remove();
    expect(await end).toBe('ECONNRESET');
    expect(bytes).toBe(0);
  });

  it('is closed when the client gives up while the fault holds it', async () => {
    const fault = context.emulator.faults.add({ at: 'tcp', action: { kind: 'stall' } });
    const socket = openTcp();
    await fault.whenHit();
    socket.end();
    await once(socket.resume(), 'close');
  });

  it('is answered late, even if its first bytes come in pieces', async () => {
    const fault = context.emulator.faults.add({ at: 'tcp', action: { kind: 'delay', ms: 2 ** 31 - 1 } });
    const socket = openTls();
    const secure = once(socket, 'secureConnect');
    await fault.whenHit();
    fault.remove();
    await secure;
    socket.destroy();
    context.emulator.faults.add({ at: 'tcp', action: { kind: 'delay', ms: 100 } });
    const start = performance.now();
    expect(await handshake()).toBe('secure');
    expect(performance.now() - start).toBeGreaterThanOrEqual(99);
  });

  it('is limited to the bytes per second of the fault, TLS included, until the fault is removed', async () => {
    const { emulator, hub } = context;
    const device = await createHubDevice(hub, 'pump-1');
    const fault = emulator.faults.add({ at: 'tcp', action: { kind: 'throttle', bytesPerSecond: 4000 } });
    const start = performance.now();
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    // A handshake takes more than 1 KB from each side.
    expect(performance.now() - start).toBeGreaterThan(400);
    const payload = Buffer.alloc(200_000, 1);
    fault.remove();
    await client.publishAcknowledged('devices/pump-1/messages/events/', payload);
    expect(hub.receivedTelemetry('pump-1').at(-1)?.body.equals(payload)).toBe(true);
    await client.disconnect();
  });

  it('is hit only if its port is that of the service of the fault', async () => {
    const { emulator } = context;
    const fault = emulator.faults.add({ at: 'tcp', service: 'dps', action: { kind: 'reset' } });
    expect(await handshake()).toBe('secure');
    expect(fault.hits).toBe(0);
    expect(await handshake({ port: portOf(emulator.globalEndpoint) })).toBe('ECONNRESET');
  });
});

describe('a TLS handshake that a fault hits', () => {
  it.each([
    ['close', undefined],
    ['reset', 'ECONNRESET'],
  ] as const)('ends with the connection before it is answered: %s', async (kind, code) => {
    context.emulator.faults.add({ at: 'tls', action: { kind } });
    const idle = openTcp();
    await once(idle, 'connect');
    // No packet has come yet that a fault could hit.
    expect(idle.destroyed).toBe(false);
    idle.destroy();
    context.emulator.faults.add({ at: 'tls', action: { kind } });
    // A FIN in the middle of a handshake is an error, too.
    expect(await handshake()).toBe(code ?? 'ECONNRESET');
  });

  it.each([
    ['close', undefined],
    ['reset', 'ECONNRESET'],
  ] as const)('ends with the connection when it is over: %s', async (kind, code) => {
    context.emulator.faults.add({ at: 'tls', action: { kind, when: 'after' } });
    const socket = openTls();
    await once(socket, 'secureConnect');
    expect(await errorOf(socket)).toBe(code);
  });

  it('stops in the middle', async () => {
    const fault = context.emulator.faults.add({ at: 'tls', action: { kind: 'stall' } });
    const tcp = openTcp();
    const received = once(tcp, 'data');
    const stream = Duplex.from({ readable: tcp.pipe(new PassThrough()), writable: tcp });
    const socket = connectTls({ socket: stream, servername: 'localhost', ca: context.emulator.ca });
    socket.on('error', () => undefined);
    let isSecure = false;
    socket.on('secureConnect', () => (isSecure = true));
    const [bytes] = (await received) as [Buffer];
    // A handshake record of version 1.2, which is what 1.3 passes for.
    expect(bytes.subarray(0, 3).toString('hex')).toBe('160303');
    expect(await handshake()).toBe('secure');
    expect(isSecure).toBe(false);
    const end = errorOf(socket);
    fault.remove();
    expect(await end).toBe('ECONNRESET');
    expect(isSecure).toBe(false);
  });

  it('is answered late', async () => {
    const fault = context.emulator.faults.add({ at: 'tls', action: { kind: 'delay', ms: 100 } });
    const start = performance.now();
    expect(await handshake()).toBe('secure');
    expect(performance.now() - start).toBeGreaterThanOrEqual(99);
    expect(fault.hits).toBe(1);
  });

  it.each([
    ['untrusted', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['expired', 'CERT_HAS_EXPIRED'],
    ['not-yet-valid', 'CERT_NOT_YET_VALID'],
    ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('shows a certificate that is %s, once', async (certificate, code) => {
    context.emulator.faults.add({ at: 'tls', action: { kind: 'certificate', certificate } });
    const wrong = await handshake();
    expect(certificate === 'untrusted' ? ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', code] : [code]).toContain(wrong);
    expect(await handshake()).toBe('secure');
  });
});

describe('a wrong certificate that a fault shows, of an emulator with a state directory', () => {
  const path = useTemporaryDirectory();
  const given = useWarnings();

  it('is issued by the stored root', async () => {
    const stateDirectory = path('state');
    await (await startEmulator({ stateDirectory })).close();
    await using emulator = await startEmulator({ stateDirectory });
    emulator.faults.add({ at: 'tls', action: { kind: 'certificate', certificate: 'expired' } });
    const endpoint = { port: portOf(emulator.globalEndpoint), ca: emulator.ca };
    expect(await handshake(endpoint)).toBe('CERT_HAS_EXPIRED');
    expect(given.warnings).toEqual([]);
  });

  it('is replaced by a warning when the key of the root is lost', async () => {
    const stateDirectory = path('state');
    await (await startEmulator({ stateDirectory })).close();
    await rm(path('state', 'server', 'root-key.pem'));
    await using emulator = await startEmulator({ stateDirectory });
    emulator.faults.add({ at: 'tls', action: { kind: 'certificate', certificate: 'expired' } });
    const warning = given.next();
    const endpoint = { port: portOf(emulator.globalEndpoint), ca: emulator.ca };
    expect(await handshake(endpoint)).toBe('ECONNRESET');
    expect(await warning).toMatchObject({
      code: 'AZURE_IOT_X509_EMULATOR_FAULT',
      message: expect.stringContaining('root-key.pem') as string,
    });
    expect(await handshake(endpoint)).toBe('secure');
  });
});
