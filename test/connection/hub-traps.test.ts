import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { startEmulator } from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedHub, type ScriptedHub } from '../support/scripted-hub';
import type { ScriptedClient } from '../support/scripted-server';

/*
 * What goes wrong with the plain SDK on a connection to the hub: silence, hangs, crashes, storms. Each test provokes
 * the symptom in its title and shows that it does not reach the caller.
 */

let hub: ScriptedHub | undefined;
let connection: DeviceConnection | undefined;

afterEach(async () => {
  await connection?.close({ drainMs: 0 });
  connection = undefined;
  await hub?.close();
  hub = undefined;
});

async function start(script: (client: ScriptedClient, number: number) => unknown): Promise<ScriptedHub> {
  hub = await startScriptedHub(script);
  return hub;
}

async function connect(options: ScriptedHub['options']): Promise<DeviceConnection> {
  connection = await connectDevice(options);
  return connection;
}

async function untilState(of: DeviceConnection, status: ConnectionState['status']): Promise<ConnectionState> {
  while (of.state.status !== status) await once(of, 'state');
  return of.state;
}

/** Waits until something is there. */
async function until(found: () => unknown): Promise<void> {
  while (found() === undefined) await settled();
}

/** Resolves when everything that the wire had to say has been heard. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a connection that only sends telemetry notices that the hub is gone, and connects again', async () => {
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) client.drop();
    for (;;) await client.acceptPublish();
  });
  const device = await connect(options);
  const { client } = device;
  await untilState(device, 'reconnecting');
  await untilState(device, 'connected');
  expect(device.client).toBe(client);
  await client.sendEvent(new Message('still here'));
});

test('a broken connection over WebSockets is noticed at once', async () => {
  const emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  try {
    const {
      hub: emulated,
      registrationId,
      options,
    } = await enrollDevice(emulator, 'hub-individual', 'dev-ws');
    const device = await connect({ ...options, transport: 'mqtt-ws', keepAliveSeconds: 1000 });
    emulated.devices.delete(registrationId);
    await untilState(device, 'reconnecting');
    await device.close();
  } finally {
    await emulator.close();
  }
});

test('a message that the hub never acknowledged is sent again on the next connection, once', async () => {
  const bodies: string[] = [];
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) {
      bodies.push(String((await client.expect('publish')).payload));
      client.drop();
      return;
    }
    for (;;) bodies.push(String((await client.acceptPublish()).payload));
  });
  const device = await connect(options);
  await device.client.sendEvent(new Message('precious'));
  expect(bodies).toEqual(['precious', 'precious']);
});

test('messages sent while the hub is away arrive in order when it is back', async () => {
  const bodies: string[] = [];
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) client.drop();
    for (;;) bodies.push(String((await client.acceptPublish()).payload));
  });
  const device = await connect(options);
  await untilState(device, 'reconnecting');
  await Promise.all(['a', 'b', 'c'].map((body) => device.client.sendEvent(new Message(body))));
  expect(bodies).toEqual(['a', 'b', 'c']);
});

test('more messages than may wait are refused with a clear error', async () => {
  const { options } = await start(async (client, number) => {
    if (number > 1) return;
    await client.accept();
    client.drop();
  });
  const device = await connect(options);
  await untilState(device, 'reconnecting');
  const waiting = Array.from({ length: 1000 }, () => device.client.sendEvent(new Message('x')));
  await expect(device.client.sendEvent(new Message('one too many'))).rejects.toMatchObject({
    code: 'QUEUE_FULL',
  });
  await device.close({ drainMs: 0 });
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
});

test.each([
  ['a message larger than IoT Hub takes', new Message(Buffer.alloc(256 * 1024 + 1))],
  ['a message without a usable body', new Message({ temperature: 21 } as unknown as string)],
])('%s is refused at once instead of being sent again for ever', async (_what, message) => {
  const { options } = await start(async (client) => {
    await client.accept();
    for (;;) await client.acceptPublish();
  });
  const device = await connect(options);
  await expect(device.client.sendEvent(message)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await device.client.sendEvent(new Message('the connection is still fine'));
  expect(device.state.status).toBe('connected');
});

test.each([
  ['a Buffer', Buffer.alloc(200_000, 'x')],
  ['a string', 'x'.repeat(200_000)],
])('sending %s of 200 kB does not turn it into JSON for a log that is off', async (_what, body) => {
  const { options } = await start(async (client) => {
    await client.accept();
    for (;;) await client.acceptPublish();
  });
  const device = await connect(options);
  const stringify = jest.spyOn(JSON, 'stringify');
  try {
    await device.client.sendEvent(new Message(body));
    expect(stringify).not.toHaveBeenCalled();
  } finally {
    stringify.mockRestore();
  }
});

test('close() without time for the delivery settles, and so do the unacknowledged messages', async () => {
  await expectNothingLeft(async () => {
    const { options, server } = await start(async (client) => {
      await client.accept();
      await client.expect('publish');
    });
    const device = await connect(options);
    const sent = device.client.sendEvent(new Message('never acknowledged'));
    const outcome = expect(sent).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await device.close({ drainMs: 0 });
    await outcome;
    expect(device.state).toMatchObject({ status: 'closed' });
    await server.close();
  });
});

test('close() sends DISCONNECT to the hub', async () => {
  let goodbye: Promise<unknown> | undefined;
  const { options } = await start(async (client) => {
    await client.accept();
    goodbye = client.expect('disconnect');
    await goodbye;
  });
  const device = await connect(options);
  await device.close();
  await expect(goodbye).resolves.toMatchObject({ cmd: 'disconnect' });
});

test('nothing connects again after close()', async () => {
  const { options, server } = await start((client) => client.accept());
  const device = await connect(options);
  await device.close();
  const before = server.clients.length;
  await expect(device.client.sendEvent(new Message('too late'))).rejects.toMatchObject({
    code: 'CONNECTION_CLOSED',
  });
  await expect(device.client.open()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  await expect(device.client.getTwin()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  device.client.on('message', () => undefined);
  await settled();
  expect(server.clients).toHaveLength(before);
});

test('close() may be called twice, at once and later', async () => {
  const { options } = await start((client) => client.accept());
  const device = await connect(options);
  await Promise.all([device.close(), device.close()]);
  await device.close();
  expect(device.state.status).toBe('closed');
});

test('close() while it waits to connect again ends at once', async () => {
  await expectNothingLeft(async () => {
    const { options, server } = await start(async (client, number) => {
      if (number === 1) await client.accept();
      client.drop();
    });
    const device = await connect(options);
    await untilState(device, 'reconnecting');
    await device.close();
    await server.close();
  });
});

test('the client closed by its own close() ends the connection as well', async () => {
  const { options } = await start((client) => client.accept());
  const device = await connect(options);
  await device.client.close();
  expect(device.state.status).toBe('closed');
});

/** Answers one twin read. */
async function answerTwin(client: ScriptedClient): Promise<void> {
  await client.acceptSubscription();
  const { topic } = await client.expect('publish');
  client.send({
    cmd: 'publish',
    topic: `$iothub/twin/res/200/?$rid=${/\$rid=(.*)$/.exec(topic)?.[1] ?? ''}`,
    payload: '{"desired":{"$version":1},"reported":{"$version":1}}',
    qos: 0,
    dup: false,
    retain: false,
  });
}

test('a twin read that is under way when the connection breaks is answered on the next one', async () => {
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number > 1) return answerTwin(client);
    await client.acceptSubscription();
    await client.expect('publish');
    client.drop();
  });
  const device = await connect(options);
  const twin = await device.client.getTwin();
  expect(twin.properties.desired).toEqual({ $version: 1 });
});

test('a listener for messages on a connection that is down neither fails nor crashes, and is served later', async () => {
  const topics: string[] = [];
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) client.drop();
    topics.push(await client.acceptSubscription());
    client.send({
      cmd: 'publish',
      topic: 'devices/dev-1/messages/devicebound/%24.mid=1',
      payload: 'hello',
      qos: 1,
      messageId: 7,
      dup: false,
      retain: false,
    });
  });
  const device = await connect(options);
  await untilState(device, 'reconnecting');
  const [message] = (await once(device.client, 'message')) as [Message];
  expect(String(message.data)).toBe('hello');
  expect(topics).toEqual(['devices/dev-1/messages/devicebound/#']);
});

/** A cloud-to-device message, as the hub sends it. */
const cloudToDevice = (messageId: number, payload: string) =>
  ({
    cmd: 'publish',
    topic: `devices/dev-1/messages/devicebound/%24.mid=${messageId}`,
    payload,
    qos: 1,
    messageId,
    dup: false,
    retain: false,
  }) as const;

test('messages that come directly behind the CONNACK are not acknowledged before there is a listener', async () => {
  let acknowledged: Promise<unknown[]> | undefined;
  const { options } = await start(async (client) => {
    await client.accept(true);
    client.send(cloudToDevice(1, 'one'));
    client.send(cloudToDevice(2, 'two'));
    await answerTwin(client);
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    await client.acceptSubscription();
    acknowledged = Promise.all([client.expect('puback'), client.expect('puback')]);
  });
  const device = await connect(options);
  await device.client.getTwin();
  const bodies: string[] = [];
  const both = new Promise<void>((resolve) => {
    device.client.on('message', (message: Message) => {
      if (bodies.push(String(message.data)) === 2) resolve();
    });
  });
  await both;
  expect(bodies).toEqual(['one', 'two']);
  await until(() => acknowledged);
  expect(await acknowledged).toMatchObject([{ messageId: 1 }, { messageId: 2 }]);
});

test('a message that comes directly behind the CONNACK of a new connection reaches the listener', async () => {
  const { options } = await start(async (client, number) => {
    await client.accept(true);
    if (number > 1) client.send(cloudToDevice(7, 'while you were away'));
    await client.acceptSubscription();
    if (number === 1) client.drop();
  });
  const device = await connect(options);
  const [message] = (await once(device.client, 'message')) as [Message];
  expect(String(message.data)).toBe('while you were away');
});

test('a device that its hub refuses registers with DPS again', async () => {
  const scripted = await start(async (client, number) => {
    if (number !== 2) {
      await client.accept();
      if (number === 1) client.drop();
      return;
    }
    await client.expect('connect');
    client.send({ cmd: 'connack', returnCode: 5, sessionPresent: false });
  });
  const device = await connect(scripted.options);
  await untilState(device, 'reconnecting');
  await untilState(device, 'connected');
  expect(scripted.registrations).toBe(2);
});

test.each([
  [1, 'SERVICE_UNAVAILABLE', false],
  [3, 'SERVICE_UNAVAILABLE', true],
  [5, 'UNAUTHORIZED', false],
])(
  'a first connection that the hub refuses with CONNACK %d rejects with the code of that refusal',
  async (returnCode, code, isTransient) => {
    const { options } = await start(async (client) => {
      await client.expect('connect');
      client.send({ cmd: 'connack', returnCode, sessionPresent: false });
    });
    await expect(connectDevice({ ...options, reconnect: { giveUpAfterMs: 0 } })).rejects.toMatchObject({
      name: 'ConnectionError',
      service: 'hub',
      serviceCode: returnCode,
      code,
      isTransient,
    });
  },
);

test('a hub that does not answer CONNECT ends at the deadline, and nothing is left', async () => {
  await expectNothingLeft(async () => {
    const { options, server } = await start(async (client) => client.expect('connect'));
    await expect(connectDevice({ ...options, timeoutMs: 700 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await server.close();
  });
});

test('a link that has gone silent is noticed within one and a half times the keep-alive', async () => {
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number > 1) return;
    // Answers no ping and says no word.
    client.socket.pause();
  });
  const device = await connect({ ...options, keepAliveSeconds: 1 });
  const since = performance.now();
  await untilState(device, 'reconnecting');
  expect(performance.now() - since).toBeLessThan(1_500 + 500);
});

describe('what cannot be sent at all is refused at once, connected or not', () => {
  test.each<[string, (message: Message) => void]>([
    ['a message ID of 70 kB', (message) => (message.messageId = 'x'.repeat(70_000))],
    ['a message ID that is no Unicode', (message) => (message.messageId = '\ud800')],
    ['a property that is no Unicode', (message) => message.properties.add('a', '\ud800')],
  ])('%s', async (_what, spoil) => {
    const { options } = await start(async (client, number) => {
      await client.accept();
      if (number === 1) client.drop();
      for (;;) await client.acceptPublish();
    });
    const device = await connect(options);
    await untilState(device, 'reconnecting');
    const message = new Message('x');
    spoil(message);
    await expect(device.client.sendEvent(message)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await device.client.sendEvent(new Message('the next one'));
  });
});

test('a listener that throws stops neither the connection nor close()', async () => {
  const thrown: unknown[] = [];
  const nextTick = jest.spyOn(process, 'nextTick');
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) client.drop();
  });
  const device = await connect(options);
  device.on('state', ({ status }) => {
    throw new Error(`listener of ${status}`);
  });
  // Thrown again in a tick of its own, where it would end the process as any exception of the user's does.
  nextTick.mockImplementation(((callback: (...args: unknown[]) => void, ...args: unknown[]) => {
    queueMicrotask(() => {
      try {
        callback(...args);
      } catch (error) {
        thrown.push((error as Error).message);
      }
    });
  }) as typeof process.nextTick);
  try {
    while (device.state.status !== 'connected' || thrown.length < 3) await settled();
    await device.close();
  } finally {
    nextTick.mockRestore();
  }
  expect(device.state.status).toBe('closed');
  expect(new Set(thrown)).toEqual(
    new Set(['listener of reconnecting', 'listener of connected', 'listener of closed']),
  );
});

test('a hub that throttles twin reads after a reconnect holds up nothing else', async () => {
  const { options } = await start(async (client, number) => {
    await client.accept();
    if (number === 1) {
      await answerTwin(client);
      await client.acceptSubscription();
      await client.expect('publish');
      client.drop();
      return;
    }
    // Two subscriptions, no twin, and every message acknowledged.
    await client.acceptSubscription();
    await client.acceptSubscription();
    for (;;) await client.acceptPublish();
  });
  const device = await connect(options);
  const twin = await device.client.getTwin();
  twin.on('properties.desired', () => undefined);
  await untilState(device, 'reconnecting');
  await device.client.sendEvent(new Message('telemetry goes on'));
  expect(device.state.status).toBe('connected');
});
