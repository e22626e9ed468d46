import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { connectDevice, provisionDevice, type ProvisionOptions } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';

/* Many devices of one process that connect at the same time. Three thousand: fleet.test.ts, among the long tests. */

const TURNS_PER_HOST = 16;
/** A turn that lasts longer does not count any more. */
const LONGEST_TURN_MS = 5_000;

/** A server that accepts connections and never says a word. */
async function startSilentServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    server.emit('changed');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `localhost:${(server.address() as AddressInfo).port}`,
    sockets,
    reached: async (count: number) => {
      while (sockets.size < count) await once(server, 'changed');
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

let options: ProvisionOptions;
beforeAll(async () => {
  const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: 'pump-1' });
  options = { enrollment: 'hub-individual', idScope: '0ne00ABCDEF', cert: certificate, key: privateKey };
});

test('a host that does not answer gets no more connections at once than its turns, and keeps no other device from connecting', async () => {
  await expectNothingLeft(async () => {
    const silent = await startSilentServer();
    const begin = performance.now();
    const controller = new AbortController();
    const calls = Array.from({ length: 3 * TURNS_PER_HOST }, () =>
      provisionDevice({ ...options, globalEndpoint: silent.endpoint, signal: controller.signal }).catch(
        (error: unknown) => error,
      ),
    );
    await silent.reached(TURNS_PER_HOST);

    const emulator = await startEmulator();
    const { options: other } = await enrollDevice(emulator, 'hub-individual', 'pump-2');
    const connection = await connectDevice(other);
    expect(connection.state.status).toBe('connected');
    const rounds = 1 + Math.floor((performance.now() - begin) / LONGEST_TURN_MS);
    expect(silent.sockets.size).toBeLessThanOrEqual(rounds * TURNS_PER_HOST);
    await connection.close();
    await emulator.close();

    const reason = new Error('enough');
    controller.abort(reason);
    expect(new Set(await Promise.all(calls))).toEqual(new Set([reason]));
    await silent.close();
  });
});

test('connecting to DPS and to the hub parses the credentials once', async () => {
  const emulator = await startEmulator();
  const { options: device } = await enrollDevice(emulator, 'hub-individual', 'pump-3');
  const contexts: (tls.SecureContext | undefined)[] = [];
  const { connect } = tls;
  const spy = jest.spyOn(tls, 'connect').mockImplementation((...args: unknown[]) => {
    contexts.push((args[0] as tls.ConnectionOptions).secureContext);
    return connect(...(args as Parameters<typeof connect>));
  });
  try {
    const connection = await connectDevice(device);
    await connection.close();
  } finally {
    spy.mockRestore();
    await emulator.close();
  }
  expect(contexts).toHaveLength(2);
  expect(contexts[0]).toBeDefined();
  expect(new Set(contexts).size).toBe(1);
});
