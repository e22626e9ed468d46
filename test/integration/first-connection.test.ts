import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Message } from 'azure-iot-device';
import { connectDevice, ConnectionError, type ConnectOptions, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';
import { useEmulator } from '../../packages/emulator/test/support/emulator';

/* What comes before the first connection: a network that is not there yet, and a device that is not wanted yet. */

const context = useEmulator();
const quick = { minDelayMs: 1, maxDelayMs: 5, maxRefusedDelayMs: 5 };
let enrolled: EnrolledDevice;
let count = 0;

beforeEach(async () => {
  enrolled = await enrollDevice(context.emulator, 'hub-individual', `starter-${(count += 1)}`);
});
afterEach(() => {
  context.emulator.faults.clear();
});

const connect = (more: Partial<ConnectOptions> = {}) =>
  connectDevice({ ...enrolled.options, reconnect: quick, ...more } as ConnectOptions);
const inBackground = (more: Partial<ConnectOptions> = {}) => connect({ start: 'background', ...more });

/** Nothing reaches DPS until the faults are cleared. */
const cutOff = () =>
  context.emulator.faults.add({
    ...{ service: 'dps', at: 'tcp', times: Infinity },
    action: { kind: 'reset' },
  });
const setEnrollment = (provisioningStatus: 'enabled' | 'disabled') =>
  context.emulator.dps.individualEnrollments.update(enrolled.registrationId, { provisioningStatus });

/** Waits for a state with a failed attempt of that number or a later one. */
async function attempts(connection: DeviceConnection, number: number): Promise<void> {
  for (;;) {
    const { state } = connection;
    if (state.status === 'connecting' && (state.attempt ?? 0) > number) return;
    await once(connection, 'state');
  }
}

/** A port of this machine that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe("start: 'background'", () => {
  test('resolves without network, and does what was asked meanwhile when the network is there', async () => {
    cutOff();
    await using connection = await inBackground();
    expect(connection.state.status).toBe('connecting');
    expect(() => connection.registration).toThrow(
      expect.objectContaining({ name: 'ConnectionError', code: 'NOT_REGISTERED' }) as Error,
    );
    const { client } = connection;
    const received = once(client, 'message');
    connection.onMethod('ping', () => 'pong');
    const twin = client.getTwin();
    const sent = client.sendEvent(new Message('from the beginning'));
    await attempts(connection, 20);
    context.emulator.faults.clear();
    await connection.whenConnected();
    await Promise.all([sent, twin]);
    const { hub, registrationId } = enrolled;
    expect(hub.receivedTelemetry(registrationId).map(({ body }) => body.toString())).toEqual([
      'from the beginning',
    ]);
    await expect(hub.invokeMethod(registrationId, { methodName: 'ping' })).resolves.toMatchObject({
      payload: 'pong',
    });
    await hub.sendCloudToDevice(registrationId, { body: 'hello' });
    await received;
    expect(connection.registration.assignedHub).toBe(hub.hostName);
  });

  test('goes on while DPS refuses the device, says so, and connects when it is enabled', async () => {
    setEnrollment('disabled');
    await using connection = await inBackground();
    await attempts(connection, 8);
    expect(connection.state).toMatchObject({
      status: 'connecting',
      error: { code: 'REGISTRATION_REFUSED' },
      refusedSince: expect.any(Date) as Date,
      advice: expect.stringContaining('registers again') as string,
    });
    setEnrollment('enabled');
    await connection.whenConnected();
  });

  test('rejects for what is wrong without a network', async () => {
    const other = await createSelfSignedCertificate({ commonName: enrolled.registrationId });
    await expect(inBackground({ key: other.privateKey })).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
    });
    await expect(inBackground({ start: 'later' as 'background' })).rejects.toMatchObject({
      problems: [{ option: 'start', message: 'must be "connected" or "background", not "later".' }],
    });
  });

  test('can be closed during the first connection, which leaves nothing behind', async () => {
    cutOff();
    await expectNothingLeft(async () => {
      const connection = await inBackground();
      const connected = connection.whenConnected();
      const sent = connection.client.sendEvent(new Message('too early'));
      const outcomes = Promise.allSettled([connected, sent, connection.client.getTwin()]);
      await attempts(connection, 2);
      await connection.close({ drainMs: 0 });
      const closed = { status: 'rejected', reason: { code: 'CONNECTION_CLOSED' } };
      expect(await outcomes).toMatchObject([closed, closed, closed]);
    });
  });

  test('is given up by giveUpAfterRefusedMs, which whenConnected() tells', async () => {
    setEnrollment('disabled');
    const connection = await inBackground({ reconnect: { ...quick, giveUpAfterRefusedMs: 0 } });
    await expect(connection.whenConnected()).rejects.toMatchObject({ code: 'REGISTRATION_REFUSED' });
    expect(connection.state.status).toBe('closed');
  });
});

describe('whenConnected()', () => {
  test('resolves at once when connected, and rejects after close()', async () => {
    const connection = await connect();
    await connection.whenConnected();
    await connection.close();
    await expect(connection.whenConnected()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  test('rejects with the reason of its signal, which does not affect the connection', async () => {
    cutOff();
    await using connection = await inBackground();
    const controller = new AbortController();
    const waiting = connection.whenConnected(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(connection.whenConnected(controller.signal)).rejects.toThrow('enough');
    context.emulator.faults.clear();
    await connection.whenConnected();
  });
});

describe('a first connection that fails until timeoutMs', () => {
  test('rejects with the error of the last attempt, and the number of attempts', async () => {
    const globalEndpoint = `localhost:${await closedPort()}`;
    await expectNothingLeft(async () => {
      const error: unknown = await connect({ globalEndpoint, timeoutMs: 500 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({
        code: 'CONNECTION_REFUSED',
        isTransient: true,
        host: globalEndpoint,
        message: expect.stringMatching(
          /^Nothing accepts connections at \S+ The device was not connected in 0\.5 s; \d+ attempts failed\.$/,
        ) as string,
        cause: { code: 'CONNECTION_REFUSED' },
      });
    });
  });

  test('rejects with the reason of an abort during a pause, and leaves nothing behind', async () => {
    const globalEndpoint = `localhost:${await closedPort()}`;
    await expectNothingLeft(async () => {
      const attempt = connect({
        globalEndpoint,
        signal: AbortSignal.timeout(50),
        reconnect: { minDelayMs: 60_000 },
      });
      await expect(attempt).rejects.toMatchObject({ name: 'TimeoutError' });
    });
  });
});
