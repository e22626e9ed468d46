import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectOptions, type DeviceConnection } from 'azure-iot-x509';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedHub, type ScriptedHub } from '../support/scripted-hub';
import type { ScriptedClient } from '../support/scripted-server';

/* What becomes of telemetry on hubs that are slow, silent, or end the connection. */

const QUICK = { minDelayMs: 1, maxDelayMs: 5 };

let hub: ScriptedHub | undefined;
let connection: DeviceConnection | undefined;

afterEach(async () => {
  jest.useRealTimers();
  await connection?.close({ drainMs: 0 });
  connection = undefined;
  await hub?.close();
  hub = undefined;
});

async function connect(
  script: (client: ScriptedClient, number: number) => unknown,
  options: Partial<ConnectOptions> = {},
): Promise<DeviceConnection> {
  hub = await startScriptedHub(script);
  connection = await connectDevice({ ...hub.options, reconnect: QUICK, ...options } as ConnectOptions);
  return connection;
}

/** Fakes the clock and the timers of minutes; the network goes on in real time. */
function fakeMinutes(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
}

async function untilDisconnected(device: DeviceConnection): Promise<void> {
  while (device.state.status === 'connected') await once(device, 'state');
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Lets faked milliseconds pass at each turn of the event loop until the promise is settled. */
async function inFakedTime<T>(promise: Promise<T>, milliseconds = 10): Promise<T> {
  const progress = { isSettled: false };
  const outcome = promise.finally(() => (progress.isSettled = true));
  outcome.catch(() => undefined);
  while (!progress.isSettled) {
    jest.advanceTimersByTime(milliseconds);
    await settled();
  }
  return await outcome;
}

describe('a slow uplink', () => {
  test('a message of 200 kB that takes 100 seconds is sent once, although pings wait behind it', async () => {
    let bodies = 0;
    const device = await connect(async (client) => {
      await client.accept();
      client.socket.pause();
      for (;;) {
        await client.acceptPublish();
        bodies += 1;
      }
    });
    fakeMinutes();
    const sent = device.sendEvent(new Message(Buffer.alloc(200_000)));
    await settled();
    jest.advanceTimersByTime(100_000);
    await settled();
    expect(device.state.status).toBe('connected');
    hub?.server.clients.at(-1)?.socket.resume();
    await sent;
    expect(bodies).toBe(1);
  });

  test('a hub that is silent for longer than the slowest uplink would be is given up', async () => {
    const device = await connect(async (client, number) => {
      await client.accept();
      if (number === 1) client.socket.pause();
      for (;;) await client.acceptPublish();
    });
    fakeMinutes();
    const sent = device.sendEvent(new Message(Buffer.alloc(200_000)));
    await inFakedTime(untilDisconnected(device), 1_000);
    expect(device.state).toMatchObject({ error: { code: 'TIMEOUT', isTransient: true } });
    await inFakedTime(sent);
  });
});

test('messages of 200 kB up to offlineQueue.maxBytes wait for the connection, and each arrives once', async () => {
  let isAway = true;
  let publishes = 0;
  const device = await connect(
    async (client, number) => {
      if (number > 1 && isAway) {
        client.drop();
        return;
      }
      await client.accept();
      if (number === 1) client.drop();
      for (;;) {
        await client.acceptPublish();
        publishes += 1;
      }
    },
    { offlineQueue: { maxBytes: 10_000_000 } },
  );
  await untilDisconnected(device);
  const body = Buffer.alloc(200_000);
  const sent = Array.from({ length: 50 }, () => device.sendEvent(new Message(body)));
  expect(device.queue).toMatchObject({ messages: 50, bytes: 10_000_000 });
  await expect(device.sendEvent(new Message('x'))).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  isAway = false;
  await Promise.all(sent);
  expect(publishes).toBe(50);
  expect(device.queue).toEqual({ messages: 0, bytes: 0 });
});

describe('a hub that does not like a message', () => {
  test('a message that the hub answers by ending the connection is rejected, and the others arrive once', async () => {
    const arrived: string[] = [];
    const device = await connect(async (client) => {
      await client.accept();
      for (;;) {
        const packet = await client.expect('publish');
        if (String(packet.payload) === 'bad') {
          client.end();
          return;
        }
        arrived.push(String(packet.payload));
        client.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
      }
    });
    const bodies = ['a', 'b', 'bad', 'c', 'd'];
    fakeMinutes();
    const outcomes = await inFakedTime(
      Promise.allSettled(bodies.map((body) => device.sendEvent(new Message(body)))),
    );
    jest.useRealTimers();
    expect(outcomes.map(({ status }) => status)).toEqual(
      bodies.map((body) => (body === 'bad' ? 'rejected' : 'fulfilled')),
    );
    expect(outcomes[2]).toMatchObject({
      reason: { name: 'ConnectionError', code: 'MESSAGE_REFUSED', service: 'hub', isTransient: false },
    });
    expect(arrived).toEqual(['a', 'b', 'c', 'd']);
    await device.sendEvent(new Message('afterwards'));
  });
});

describe('close()', () => {
  test('what was sent on a healthy connection is delivered before it is closed', async () => {
    const bodies: string[] = [];
    const device = await connect(async (client) => {
      await client.accept();
      for (;;) bodies.push(String((await client.acceptPublish()).payload));
    });
    const numbers = Array.from({ length: 500 }, (_, number) => `${number}`);
    const sent = numbers.map((body) => device.client.sendEvent(new Message(body)));
    await device.close();
    await Promise.all(sent);
    expect(bodies).toEqual(numbers);
  });

  test.each<[string, (device: DeviceConnection) => PromiseLike<unknown>]>([
    ['client.close()', (device) => device.client.close()],
    ['await using', (device) => device[Symbol.asyncDispose]()],
  ])('%s delivers what was sent, too', async (_what, close) => {
    const device = await connect(async (client) => {
      await client.accept();
      for (;;) await client.acceptPublish();
    });
    const sent = device.sendEvent(new Message('last words'));
    await close(device);
    await sent;
    expect(device.state.status).toBe('closed');
  });

  test('messages are refused from the moment of close(), while the earlier ones are still being delivered', async () => {
    const device = await connect(async (client) => {
      await client.accept();
      for (;;) await client.acceptPublish();
    });
    const sent = device.sendEvent(new Message('early'));
    const closing = device.close();
    await expect(device.sendEvent(new Message('late'))).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await sent;
    await closing;
  });

  test('a connection that is down connects again to deliver, and is closed then', async () => {
    await expectNothingLeft(async () => {
      const device = await connect(async (client, number) => {
        await client.accept();
        if (number === 1) {
          await client.expect('publish');
          client.drop();
          return;
        }
        for (;;) await client.acceptPublish();
      });
      const sent = device.sendEvent(new Message('x'));
      await untilDisconnected(device);
      await device.close();
      await sent;
      expect(device.state).toMatchObject({ status: 'closed' });
      await hub?.close();
    });
  });

  test('what cannot be delivered within drainMs is rejected, and nothing is left', async () => {
    await expectNothingLeft(async () => {
      const device = await connect((client) => client.accept());
      const sent = device.sendEvent(new Message('never acknowledged'));
      const outcome = expect(sent).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await device.close({ drainMs: 20 });
      await outcome;
      await hub?.close();
    });
  });

  test('a second close() with drainMs: 0 ends the delivery of the first', async () => {
    const device = await connect((client) => client.accept());
    const sent = device.sendEvent(new Message('never acknowledged'));
    const outcome = expect(sent).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    const since = performance.now();
    const first = device.close();
    await Promise.all([device.close({ drainMs: 0 }), first, outcome]);
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  test('nothing is waited for when nothing is queued', async () => {
    const device = await connect((client) => client.accept());
    const since = performance.now();
    await device.close();
    expect(performance.now() - since).toBeLessThan(5_000);
  });
});

test.each([
  ['nothing', undefined],
  ['a text', 'hello'],
  ['an object without a body', { properties: {} }],
])('sendEvent() of %s rejects with INVALID_OPTIONS', async (_what, message) => {
  const device = await connect((client) => client.accept());
  await expect(device.sendEvent(message as unknown as Message)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
  });
});

test('a Buffer that is reused after each call arrives as it was', async () => {
  const bodies: string[] = [];
  const device = await connect(async (client) => {
    await client.accept();
    for (;;) bodies.push((await client.acceptPublish()).payload.toString('latin1', 0, 3));
  });
  const body = Buffer.alloc(100_000);
  const sent = Array.from({ length: 50 }, (_, number) => {
    body.fill(`${number}`.padStart(3, '0'));
    return device.sendEvent(new Message(body));
  });
  await Promise.all(sent);
  expect(bodies).toEqual(Array.from({ length: 50 }, (_, number) => `${number}`.padStart(3, '0')));
});
