import dns from 'node:dns';
import { provisionDevice, connectDevice, type ConnectOptions, type DeviceError } from 'azure-iot-x509';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { addressesOf } from '../../src/network/lookup';
import { toConnectionError } from '../../src/errors/connection-error';
import type { WireError } from '../../src/errors/wire-error';
import { Wire } from '../../src/network/wire';
import { startScriptedHub } from '../support/scripted-hub';

/* Name resolution is a stage of its own: it has its own limit, and a name that hangs keeps no other from being resolved. */

type Callback = (error: Error | null, addresses: readonly dns.LookupAddress[]) => void;

/** The queries of the system's resolver, which does not answer by itself. */
const asked: { name: string; answer: Callback }[] = [];
let spy: jest.SpyInstance;

beforeEach(() => {
  asked.length = 0;
  const { lookup } = dns;
  spy = jest.spyOn(dns, 'lookup').mockImplementation((name: string, ...rest: readonly unknown[]) => {
    // Servers ask for their own addresses.
    if (name === '127.0.0.1') Reflect.apply(lookup, dns, [name, ...rest]);
    else asked.push({ name, answer: rest.at(-1) as Callback });
  });
});
afterEach(() => {
  for (const { answer } of asked) answer(Object.assign(new Error('late'), { code: 'EAI_AGAIN' }), []);
  spy.mockRestore();
  jest.useRealTimers();
});

async function failureOf(call: Promise<unknown>): Promise<DeviceError> {
  return await call.then(
    () => Promise.reject(new Error('It succeeded.')),
    (error: unknown) => error as DeviceError,
  );
}

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

test('queries for one name at the same time are one query', async () => {
  const both = Promise.all([addressesOf('hub.example.net'), addressesOf('hub.example.net')]);
  await nextTick();
  expect(asked.map(({ name }) => name)).toEqual(['hub.example.net']);
  asked[0]?.answer(null, [{ address: '192.0.2.1', family: 4 }]);
  const [one, other] = await both;
  expect(one).toEqual([{ address: '192.0.2.1', family: 4 }]);
  expect(other).toBe(one);
});

test('a query that has failed is asked again the next time', async () => {
  for (const attempt of [1, 2]) {
    const addresses = addressesOf('hub.example.net');
    await nextTick();
    expect(asked).toHaveLength(attempt);
    asked.at(-1)?.answer(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []);
    await expect(addresses).rejects.toMatchObject({ code: 'ENOTFOUND' });
  }
});

test('an address is not asked for', async () => {
  expect(await addressesOf('::1')).toEqual([{ address: '::1', family: 6 }]);
  expect(asked).toEqual([]);
});

test('this machine is found although the resolver of the system hangs', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick'] });
  const addresses = addressesOf('localhost');
  await jest.advanceTimersByTimeAsync(2_000);
  expect((await addresses).map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
});

test('a name that is not resolved in time is a failure of name resolution, and not of the host', async () => {
  const wire = new Wire({ keepAliveSeconds: 60, connectTimeoutMs: 20 });
  wire.dial('mqtts://hub.example.net', { cert: '', key: '' });
  await once(wire.over, 'abort');
  const error = toConnectionError(wire.over.reason as WireError, {
    ...{ service: 'hub', host: 'hub.example.net', registrationId: 'dev-1', enrollment: 'hub-individual' },
  });
  expect(error).toMatchObject({ code: 'NAME_RESOLUTION_FAILED', isTransient: true });
  expect(error.message).toBe('The name server did not answer for hub.example.net within 0.02 s.');
});

describe('a call that is out of time', () => {
  test('names the resolution of the name of DPS', async () => {
    await using hub = await startScriptedHub(() => undefined);
    const options = { ...hub.options, globalEndpoint: 'dps.example.net', timeoutMs: 60 } as ConnectOptions;
    const error = await failureOf(provisionDevice(options));
    expect(error).toMatchObject({ code: 'TIMEOUT', service: 'dps' });
    expect(error.message).toContain('The name server did not answer for dps.example.net');
  });

  /** Only timers are faked: what a test waits for is an event of a server. */
  const useFakeTimeouts = () =>
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date', 'setInterval'],
    });

  test('names the hub that does not answer the TLS handshake', async () => {
    spy.mockRestore();
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const assignedHub = `localhost:${(silent.address() as AddressInfo).port}`;
    await using hub = await startScriptedHub(() => undefined, assignedHub);
    useFakeTimeouts();
    const failed = failureOf(connectDevice(hub.options));
    const [socket] = (await once(silent, 'connection')) as [Socket];
    await once(socket, 'data');
    // The time that the call has waited for its turn to connect comes on top.
    jest.advanceTimersByTime(21_000);
    const error = await failed;
    expect(error).toMatchObject({ code: 'TIMEOUT', service: 'hub' });
    expect(error.message).toContain(`connecting to ${assignedHub}`);
    expect(error.message).toContain('did not answer the TLS handshake');
    socket.destroy();
    silent.close();
  });

  test('names the hub that does not answer the CONNECT packet', async () => {
    spy.mockRestore();
    let heard: (packet: unknown) => void = () => undefined;
    const connected = new Promise((resolve) => (heard = resolve));
    await using hub = await startScriptedHub(async (client) => heard(await client.expect('connect')));
    useFakeTimeouts();
    const failed = failureOf(connectDevice(hub.options));
    await connected;
    // The time that the call has waited for its turn to connect comes on top.
    jest.advanceTimersByTime(21_000);
    const error = await failed;
    expect(error).toMatchObject({ code: 'TIMEOUT', service: 'hub' });
    expect(error.message).toContain(`${hub.server.endpoint} did not answer the MQTT CONNECT packet`);
  });
});
