import { once } from 'node:events';
import { Client, Message, type DeviceMethodResponse, type Twin } from 'azure-iot-device';
import { type ConnectOptions, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { connectOver } from '../src/connection/managed-connection';
import type { Transports } from '../src/connection/managed-connection';
import { expectNothingLeft } from './support/leaks';
import { MockHubTransport, MockProvisioningTransport } from './support/mock-transports';

let certificate: IssuedCertificate;
let hubs: MockHubTransport[];
let registrations: number;
let connection: DeviceConnection | undefined;

beforeAll(async () => {
  certificate = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
  });
});

beforeEach(() => {
  hubs = [];
  registrations = 0;
});

afterEach(async () => {
  await connection?.close();
  connection = undefined;
});

/** Connects through mocked transports; `prepare` sees each hub transport before it is used. */
async function connect(
  more: Partial<ConnectOptions> = {},
  prepare: (transport: MockHubTransport, number: number) => void = () => undefined,
): Promise<DeviceConnection> {
  const options = {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    cert: certificate.certificate,
    key: certificate.privateKey,
    timeoutMs: 5_000,
    ...more,
  } as ConnectOptions;
  const transports: Transports = {
    provisioning: () => {
      registrations += 1;
      return new MockProvisioningTransport({
        result: {
          operationId: '5.op',
          status: 'assigned',
          registrationState: {
            deviceId: 'dev-1',
            assignedHub: `hub-${registrations}.example`,
            status: 'assigned',
          },
        },
      });
    },
    hub: () => {
      const transport = new MockHubTransport();
      hubs.push(transport);
      prepare(transport, hubs.length);
      return transport.asTransport();
    },
  };
  connection = await connectOver(transports, options);
  return connection;
}

function hub(number = 1): MockHubTransport {
  const transport = hubs[number - 1];
  if (!transport) throw new Error(`There was no connection number ${number}.`);
  return transport;
}

async function untilConnectedAgain(device: DeviceConnection): Promise<void> {
  let state: ConnectionState;
  do [state] = (await once(device, 'state')) as [ConnectionState];
  while (state.status !== 'connected');
}

test('connectDevice returns the official client, open', async () => {
  const device = await connect();
  expect(device.client).toBeInstanceOf(Client);
  expect(device.state).toMatchObject({ status: 'connected' });
  expect(device.registration).toMatchObject({ deviceId: 'dev-1', assignedHub: 'hub-1.example' });
  expect(hub().calls).toContain('connect');
});

test('the event state comes once for each state, in order', async () => {
  const states: string[] = [];
  const device = await connect();
  device.on('state', ({ status }) => states.push(status));
  hub().emit('disconnect', new Error('gone'));
  await untilConnectedAgain(device);
  await device.close();
  // Once with the time of the attempt, once while it is under way.
  expect(states).toEqual(['reconnecting', 'reconnecting', 'connected', 'closed']);
});

test('connectDevice announces the model ID to the hub', async () => {
  await connect({ modelId: 'dtmi:com:example:Thermostat;1' });
  expect(hub().options).toEqual({ modelId: 'dtmi:com:example:Thermostat;1' });
});

test('telemetry goes through the transport without the SDK turning it into JSON', async () => {
  const device = await connect();
  const body = Buffer.from('21.5');
  const message = new Message(body);
  message.properties.add('room', '12');
  await device.client.sendEvent(message);
  expect(hub().sent).toEqual([body]);
  expect(JSON.parse(JSON.stringify(message))).toMatchObject({
    properties: { propertyList: [{ key: 'room' }] },
  });
});

test('features that were enabled are enabled again on the next connection, for the same listeners', async () => {
  const device = await connect();
  const { client } = device;
  const received: unknown[] = [];
  let answered: Promise<void> | undefined;
  client.on('message', (message: Message) => received.push(String(message.data)));
  client.onDeviceMethod('reboot', (request, response) => {
    received.push(request.methodName);
    answered = response.send(200, { ok: true });
  });
  const twin = await client.getTwin();
  twin.on('properties.desired.interval', (value: unknown) => received.push(value));
  hub().emit('disconnect', new Error('gone'));
  await untilConnectedAgain(device);

  expect(hub(2).calls).toEqual(
    expect.arrayContaining([
      'enableC2D',
      'enableMethods',
      'onDeviceMethod reboot',
      'enableTwinDesiredPropertiesUpdates',
      'getTwin',
    ]),
  );
  hub(2).emit('message', new Message('hello'));
  hub(2).emit('method_reboot', {
    requestId: '1',
    methods: { methodName: 'reboot' },
    body: Buffer.from('{}'),
  });
  hub(2).emit('twinDesiredPropertiesUpdate', { interval: 5, $version: 2 });
  expect(received).toEqual(['hello', 'reboot', 5]);
  await answered;
  expect(hub(2).sent).toEqual([{ status: 200, payload: { ok: true } }]);
});

describe('desired properties changed while the device was away', () => {
  async function withTwin(): Promise<{ device: DeviceConnection; twin: Twin; changes: unknown[] }> {
    const device = await connect({}, (transport, number) => {
      transport.twin.desired = { interval: 1, mode: { a: 1, b: 2 }, $version: 1 };
      if (number > 1) transport.twin.desired = { interval: 7, mode: { a: 1 }, $version: 4 };
    });
    const twin = await device.client.getTwin();
    const changes: unknown[] = [];
    twin.on('properties.desired', (change: unknown) => changes.push(structuredClone(change)));
    await new Promise((resolve) => setImmediate(resolve));
    changes.length = 0;
    return { device, twin, changes };
  }

  test('reach the listener exactly once, as the change', async () => {
    const { device, twin, changes } = await withTwin();
    hub().emit('disconnect', new Error('gone'));
    await untilConnectedAgain(device);
    while (changes.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // The hub may tell the same change once more.
    hub(2).emit('twinDesiredPropertiesUpdate', { interval: 7, mode: { b: null }, $version: 4 });
    expect(changes).toEqual([{ interval: 7, mode: { b: null }, $version: 4 }]);
    expect(twin.properties.desired).toEqual({ interval: 7, mode: { a: 1 }, $version: 4 });
  });

  test('are silent when nothing changed', async () => {
    const { device, changes } = await withTwin();
    hub().emit('disconnect', new Error('gone'));
    await untilConnectedAgain(device);
    changes.length = 0;
    hub(2).emit('disconnect', new Error('gone'));
    await untilConnectedAgain(device);
    expect(changes).toEqual([]);
  });
});

test('an answer to a direct method of a connection that is gone fails instead of waiting', async () => {
  const device = await connect();
  const answered = new Promise<unknown>((resolve) => {
    device.client.onDeviceMethod('slow', (_request, response) => {
      hub().emit('disconnect', new Error('gone'));
      response.send(200, {}).catch(resolve);
    });
  });
  hub().emit('method_slow', { requestId: '1', methods: { methodName: 'slow' }, body: Buffer.from('{}') });
  await expect(answered).resolves.toMatchObject({ name: 'ConnectionError' });
});

test('the answer to a call of an earlier connection is not taken for that of a later one with the same request ID', async () => {
  const device = await connect();
  const responses: DeviceMethodResponse[] = [];
  device.client.onDeviceMethod('slow', (_request, response) => void responses.push(response));
  const call = { requestId: '1', methods: { methodName: 'slow' }, body: Buffer.from('{}') };
  hub().emit('method_slow', { ...call });
  hub().emit('disconnect', new Error('gone'));
  await untilConnectedAgain(device);
  hub(2).emit('method_slow', { ...call });
  const [first, second] = responses;
  await expect(first?.send(200, 'of the first')).rejects.toMatchObject({ name: 'ConnectionError' });
  await second?.send(200, 'of the second');
  expect(hub(2).sent).toEqual([{ status: 200, payload: 'of the second' }]);
});

test('an operation that the hub refuses rejects with its reason', async () => {
  const device = await connect({}, (transport) => {
    transport.failures.set('getTwin', new Error('throttled'));
  });
  await expect(device.client.getTwin()).rejects.toThrow('throttled');
  expect(device.state.status).toBe('connected');
});

test('a feature that cannot be enabled is a warning, and the connection goes on without it', async () => {
  const device = await connect({}, (transport) => {
    transport.failures.set('enableC2D', new Error('not today'));
  });
  const warned = once(device, 'state');
  device.client.on('message', () => undefined);
  await warned;
  expect(device.state).toMatchObject({ status: 'connected', warning: { code: 'FEATURE_REFUSED' } });
  await device.client.sendEvent(new Message('still here'));
  expect(hubs).toHaveLength(1);
});

test('Client.setOptions refuses options that belong to connectDevice', async () => {
  const device = await connect();
  await expect(device.client.setOptions({ keepalive: 5 })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    problems: [{ option: 'keepalive' }],
  });
  await device.client.setOptions({ productInfo: 'thermostat/1.0' });
});

test('a connection declared with await using closes at the end of its scope', async () => {
  const device = await connect();
  await device[Symbol.asyncDispose]();
  expect(device.state.status).toBe('closed');
  expect(hub().calls).toContain('disconnect');
});

test('a failed first connection rejects with the error and leaves nothing behind', async () => {
  await expectNothingLeft(async () => {
    const attempt = connect({}, (transport) => transport.failures.set('connect', new Error('no')));
    await expect(attempt).rejects.toMatchObject({ name: 'ConnectionError', service: 'hub' });
  });
});

test('an abort during the first connection rejects with its reason and leaves nothing behind', async () => {
  await expectNothingLeft(async () => {
    const controller = new AbortController();
    const attempt = connect({ signal: controller.signal }, () => {
      controller.abort(new Error('stop'));
    });
    await expect(attempt).rejects.toThrow('stop');
  });
});

test('an abort after the connection was made does not affect it', async () => {
  const controller = new AbortController();
  const device = await connect({ signal: controller.signal });
  controller.abort();
  await device.client.sendEvent(new Message('still here'));
  expect(device.state.status).toBe('connected');
});
