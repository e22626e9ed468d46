import { once } from 'node:events';
import type { Twin } from 'azure-iot-device';
import { connectDevice, DeviceError, type DeviceConnection } from 'azure-iot-x509';
import { startScriptedHub, type ScriptedHub } from '../support/scripted-hub';
import type { ScriptedClient } from '../support/scripted-server';

/* Twin operations: their order, their errors, and what happens to them when the connection breaks. */

let hub: ScriptedHub | undefined;
let connection: DeviceConnection | undefined;

afterEach(async () => {
  jest.useRealTimers();
  await connection?.close();
  connection = undefined;
  await hub?.close();
  hub = undefined;
});

interface TwinRequest {
  readonly what: 'read' | 'update';
  readonly body: string;
  answer(status: number, body?: string): void;
}

/** The next twin operation; other messages are acknowledged. */
async function twinRequest(client: ScriptedClient): Promise<TwinRequest> {
  for (;;) {
    const { topic, payload } = await client.acceptPublish();
    const [, method, rid] = /^\$iothub\/twin\/(GET|PATCH)\/.*\$rid=(.*)$/.exec(topic) ?? [];
    if (rid === undefined) continue;
    return {
      what: method === 'GET' ? 'read' : 'update',
      body: String(payload),
      answer: (status, body = '') => {
        client.send({
          cmd: 'publish',
          topic: `$iothub/twin/res/${status}/?$rid=${rid}`,
          payload: body,
          qos: 0,
          dup: false,
          retain: false,
        });
      },
    };
  }
}

const EMPTY_TWIN = '{"desired":{"$version":1},"reported":{"$version":1}}';

async function connectTo(
  script: (client: ScriptedClient, number: number) => unknown,
): Promise<DeviceConnection> {
  hub = await startScriptedHub(async (client, number) => {
    await client.accept();
    await client.acceptSubscription();
    await script(client, number);
  });
  connection = await connectDevice({ ...hub.options, reconnect: { minDelayMs: 1, maxDelayMs: 2 } });
  return connection;
}

type Update = (patch: unknown, done?: (error?: Error) => void) => void;
const updateOf = (twin: Twin) => (twin.properties.reported as { update: Update }).update;
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('reported properties keep their order when the connection breaks in the middle', async () => {
  const stored: string[] = [];
  const device = await connectTo(async (client, number) => {
    for (;;) {
      const request = await twinRequest(client);
      stored.push(request.body);
      if (number === 1) {
        client.drop();
        return;
      }
      request.answer(204);
    }
  });
  const first = device.reportProperties({ a: 1 });
  while (stored.length === 0) await turn();
  const second = device.reportProperties({ a: 2 });
  const third = device.reportProperties({ a: 3 });
  await Promise.all([first, second, third]);
  expect(stored).toEqual(['{"a":1}', '{"a":1}', '{"a":2}', '{"a":3}']);
});

test('one update is under way at a time, and a read waits for the updates called before it', async () => {
  const requests: TwinRequest[] = [];
  const device = await connectTo(async (client) => {
    for (;;) requests.push(await twinRequest(client));
  });
  const done: string[] = [];
  void device.reportProperties({ a: 1 }).then(() => done.push('a'));
  void device.reportProperties({ b: 2 }).then(() => done.push('b'));
  const read = device.client.getTwin();
  const answers = [204, 204, 200];
  for (const [index, status] of answers.entries()) {
    while (requests.length <= index) await turn();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(requests).toHaveLength(index + 1);
    requests[index]?.answer(status, status === 200 ? EMPTY_TWIN : '');
  }
  await read;
  expect(requests.map(({ what }) => what)).toEqual(['update', 'update', 'read']);
  expect(done).toEqual(['a', 'b']);
});

test('an object that is changed after the call is reported as it was', async () => {
  const bodies: string[] = [];
  const device = await connectTo(async (client) => {
    for (;;) {
      const request = await twinRequest(client);
      bodies.push(request.body);
      request.answer(204);
    }
  });
  const patch = { a: 1 };
  const first = device.reportProperties({ first: true });
  const second = device.reportProperties(patch);
  patch.a = 2;
  await Promise.all([first, second]);
  expect(bodies).toEqual(['{"first":true}', '{"a":1}']);
});

test('an update does not time out because the ones before it take long, and fails alone when it is not answered', async () => {
  const requests: TwinRequest[] = [];
  const device = await connectTo(async (client) => {
    for (;;) requests.push(await twinRequest(client));
  });
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  const first = device.reportProperties({ a: 1 });
  const second = device.reportProperties({ a: 2 });
  const third = device.reportProperties({ a: 3 });
  const outcome = expect(second).rejects.toMatchObject({ code: 'TIMEOUT' });
  while (requests.length < 1) await turn();
  jest.advanceTimersByTime(20_000);
  requests[0]?.answer(204);
  await first;
  while (requests.length < 2) await turn();
  jest.advanceTimersByTime(29_000);
  await turn();
  expect(requests).toHaveLength(2);
  // Never answered.
  jest.advanceTimersByTime(1_000);
  await outcome;
  while (requests.length < 3) await turn();
  requests[2]?.answer(204);
  await third;
});

test('operations that wait for a connection all fail after 30 seconds without one', async () => {
  hub = await startScriptedHub(async (client, number) => {
    if (number > 1) return;
    await client.accept();
    client.drop();
  });
  connection = await connectDevice({ ...hub.options, reconnect: { minDelayMs: 1, maxDelayMs: 2 } });
  const device = connection;
  while (device.state.status !== 'reconnecting') await once(device, 'state');
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  const calls = [
    device.reportProperties({ a: 1 }),
    device.reportProperties({ a: 2 }),
    device.client.getTwin(),
  ];
  const outcomes = Promise.allSettled(calls);
  await turn();
  jest.advanceTimersByTime(30_000);
  expect(await outcomes).toMatchObject(calls.map(() => ({ reason: { code: 'TIMEOUT' } })));
});

const REFUSALS: [what: string, status: number, body: string, expected: object, text: RegExp][] = [
  [
    'a malformed value',
    400,
    '{"errorCode":400004,"trackingId":"4e3a~5","message":"Property \'a.b\' has a forbidden character","timestampUtc":"…"}',
    { serviceCode: 400004, trackingId: '4e3a~5', isTransient: false },
    /400004.*forbidden character/,
  ],
  [
    'throttling',
    429,
    '{"errorCode":429001,"message":"Throttled"}',
    { serviceCode: 429001, isTransient: true },
    /Throttled/,
  ],
  [
    'an unknown code of throttling',
    429,
    '{"errorCode":429099}',
    { serviceCode: 429099, isTransient: true },
    /429099/,
  ],
  ['an error of the hub', 500, '', { serviceCode: 500000, isTransient: true }, /500000/],
  ['a bad gateway that answers in HTML', 502, '<html>', { serviceCode: 502000, isTransient: true }, /502000/],
  [
    'a twin that is too large',
    413,
    '{"errorCode":"413001","message":"Too large"}',
    { serviceCode: 413001, isTransient: false },
    /Too large/,
  ],
  ['a body that is not an object', 400, '[1]', { serviceCode: 400000, isTransient: false }, /400000/],
];

test.each(REFUSALS)(
  'twin operations that the hub refuses for %s reject with its code, its text and a remedy',
  async (_what, status, body, expected, text) => {
    let count = 0;
    const device = await connectTo(async (client) => {
      for (;;) {
        const request = await twinRequest(client);
        count += 1;
        if (count === 1) request.answer(200, EMPTY_TWIN);
        else request.answer(status, body);
      }
    });
    const twin = await device.client.getTwin();
    const errors = [
      await new Promise((resolve) => updateOf(twin)({ a: 1 }, resolve)),
      await device.reportProperties({ a: 1 }).catch((error: unknown) => error),
      await device.client.getTwin().catch((error: unknown) => error),
      await twin.get().catch((error: unknown) => error),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(DeviceError);
      expect(error).toMatchObject({ code: 'TWIN_REFUSED', service: 'hub', ...expected });
      expect((error as DeviceError).message).toMatch(text);
      expect((error as DeviceError).remedy).not.toBe('');
    }
    expect(device.state).toMatchObject({ status: 'connected' });
    expect(device.state).not.toHaveProperty('warning');
  },
);

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

test.each<[string, unknown]>([
  ['a BigInt', { big: 1n }],
  ['a cycle', cyclic],
  [
    'a getter that throws',
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    }),
  ],
  ['undefined', undefined],
  ['null', null],
  ['an array', [1]],
  ['a text', 'a'],
  ['a function', () => undefined],
  ['more than a hub takes', { text: 'x'.repeat(256 * 1024) }],
])('reported properties with %s are refused at once, and nothing is sent', async (_what, patch) => {
  let requests = 0;
  const device = await connectTo(async (client) => {
    for (;;) {
      const request = await twinRequest(client);
      requests += 1;
      request.answer(request.what === 'read' ? 200 : 204, request.what === 'read' ? EMPTY_TWIN : '');
    }
  });
  const twin = await device.client.getTwin();
  const error = await new Promise((resolve) => updateOf(twin)(patch, resolve));
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', problems: [{ option: 'patch' }] });
  await expect(device.reportProperties(patch as Record<string, unknown>)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
  });
  await device.reportProperties({ fine: true });
  expect(requests).toBe(2);
});

describe('update() without a callback', () => {
  let emitWarning: jest.SpyInstance;

  beforeEach(() => {
    emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => {
    emitWarning.mockRestore();
  });

  test.each<[string, number, unknown, RegExp | undefined]>([
    ['succeeds', 204, { a: 1 }, undefined],
    ['is refused by the hub', 400, { a: 1 }, /400000/],
    ['has a patch that is not JSON', 204, { big: 1n }, /BigInt/],
  ])(
    'does not end the process when it %s; a failure is a warning of the process',
    async (_what, status, patch, text) => {
      const updates: string[] = [];
      const device = await connectTo(async (client) => {
        for (;;) {
          const request = await twinRequest(client);
          if (request.what === 'read') request.answer(200, EMPTY_TWIN);
          else {
            updates.push(request.body);
            request.answer(updates.length === 1 && patch !== undefined ? status : 204);
          }
        }
      });
      updateOf(await device.client.getTwin())(patch);
      // Later ones are not affected.
      updateOf(await device.client.getTwin())({ later: true });
      while (!updates.includes('{"later":true}')) await turn();
      // It waits for the updates.
      await device.client.getTwin();
      if (text)
        expect(emitWarning).toHaveBeenCalledWith(expect.stringMatching(text), { type: 'DeviceTwinWarning' });
      else expect(emitWarning).not.toHaveBeenCalled();
    },
  );
});
