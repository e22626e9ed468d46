import { once } from 'node:events';
import type { DeviceMethodRequest, DeviceMethodResponse } from 'azure-iot-device';
import {
  connectDevice,
  InvalidOptionsError,
  methodResponse,
  type DeviceConnection,
  type MethodHandler,
} from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { startScriptedHub } from '../support/scripted-hub';

/* Direct methods answered by DeviceConnection.onMethod, called by the service side of the emulator. */

let emulator: Emulator;
let enrolled: EnrolledDevice;
let connection: DeviceConnection;

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  enrolled = await enrollDevice(emulator, 'hub-individual', 'pump-1');
});

beforeEach(async () => {
  connection = await connectDevice({ ...enrolled.options, reconnect: { minDelayMs: 1, maxDelayMs: 5 } });
});

afterEach(async () => {
  await connection.close();
});

afterAll(async () => {
  await emulator.close();
});

/** Calls a method as soon as the device is subscribed to methods. */
function invoke(methodName: string, payload: unknown = null) {
  const call = { methodName, payload: payload as never, connectTimeoutSeconds: 20 };
  return enrolled.hub.invokeMethod(enrolled.registrationId, call);
}

/** The options that the call is refused for. */
function optionsRefused(call: () => unknown): readonly string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems.map(({ option }) => option);
    throw error;
  }
  return [];
}

test('the value that a handler returns is the payload of the answer, with status 200', async () => {
  const calls: unknown[] = [];
  connection.onMethod('reboot', (payload, { name, requestId }) => {
    calls.push({ payload, name, hasRequestId: requestId !== '' });
    return { rebooting: true };
  });
  await expect(invoke('reboot', { seconds: 5 })).resolves.toEqual({
    status: 200,
    payload: { rebooting: true },
  });
  expect(calls).toEqual([{ payload: { seconds: 5 }, name: 'reboot', hasRequestId: true }]);
});

test('the value that the promise of a handler resolves to is the payload of the answer', async () => {
  connection.onMethod('read', async (payload) => {
    await new Promise((resolve) => setImmediate(resolve));
    return ['value of', payload];
  });
  await expect(invoke('read', 'register 7')).resolves.toEqual({
    status: 200,
    payload: ['value of', 'register 7'],
  });
});

test('a handler that returns nothing answers null', async () => {
  connection.onMethod('ping', () => undefined);
  await expect(invoke('ping')).resolves.toEqual({ status: 200, payload: null });
});

test.each([
  [404, { reason: 'no such file' }],
  [-1, null],
  [0, 'zero is a status like any other'],
])('methodResponse(%i, …) chooses the status of the answer', async (status, payload) => {
  connection.onMethod('open', () => methodResponse(status, payload));
  await expect(invoke('open')).resolves.toEqual({ status, payload });
});

test('methodResponse() without a payload answers null', async () => {
  connection.onMethod('open', () => methodResponse(202));
  await expect(invoke('open')).resolves.toEqual({ status: 202, payload: null });
});

test.each([1.5, Number.NaN, 2 ** 31, '200'])('methodResponse(%p) is refused: it is no status', (status) => {
  expect(optionsRefused(() => methodResponse(status as number))).toEqual(['status']);
});

test.each<[what: string, handler: MethodHandler, message: string | RegExp]>([
  [
    'throws an error',
    () => {
      throw new Error('the valve is stuck', { cause: new Error('a secret') });
    },
    'the valve is stuck',
  ],
  ['rejects with an error', () => Promise.reject(new Error('the valve is stuck')), 'the valve is stuck'],
  [
    'throws something that is not an error',
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- callers may
      throw { secret: 'a secret' };
    },
    'The method failed.',
  ],
  [
    'throws an error whose message is not a text',
    () => {
      throw Object.assign(new Error(), { message: 42 });
    },
    'The method failed.',
  ],
  [
    'throws an error whose message cannot be read',
    () => {
      const getter = () => {
        throw new Error('a secret');
      };
      throw Object.defineProperty(new Error(), 'message', { get: getter });
    },
    'The method failed.',
  ],
  ['throws a DOMException', () => AbortSignal.abort().throwIfAborted(), 'This operation was aborted'],
  ['returns a value that is not JSON', () => 1n, /BigInt/],
  ['returns a function', () => () => 1, 'The answer is not JSON.'],
  ['returns more than 128 KB', () => 'x'.repeat(128 * 1024), 'The answer is larger than 128 KB.'],
])('a handler that %s answers 500 with the message alone', async (_what, handler, message) => {
  connection.onMethod('open', handler);
  const { status, payload } = await invoke('open');
  expect(status).toBe(500);
  expect(payload).toEqual({
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as unknown),
  });
  // The connection goes on.
  await expect(invoke('open')).resolves.toMatchObject({ status: 500 });
});

test('a method without a handler is answered with 404 once there is a handler', async () => {
  connection.onMethod('reboot', () => 'done');
  await expect(invoke('explode')).resolves.toEqual({
    status: 404,
    payload: { message: 'The device has no method explode.' },
  });
});

test('a handler without a name answers every method that has no handler of its own', async () => {
  connection.onMethod((payload, { name }) => ({ name, payload }));
  connection.onMethod('reboot', () => 'its own');
  await expect(invoke('anything', 1)).resolves.toEqual({
    status: 200,
    payload: { name: 'anything', payload: 1 },
  });
  await expect(invoke('reboot')).resolves.toEqual({ status: 200, payload: 'its own' });
});

test('a later handler of the same name replaces the earlier one', async () => {
  connection.onMethod('reboot', () => 'first');
  connection.onMethod('reboot', () => 'second');
  await expect(invoke('reboot')).resolves.toMatchObject({ payload: 'second' });
});

test('methods that client.onDeviceMethod listens to are left to the client', async () => {
  connection.client.onDeviceMethod(
    'classic',
    (_request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      void response.send(201, 'from the client');
    },
  );
  await expect(invoke('classic')).resolves.toEqual({ status: 201, payload: 'from the client' });
  connection.onMethod(() => 'from the handler');
  await expect(invoke('classic')).resolves.toEqual({ status: 201, payload: 'from the client' });
  await expect(invoke('other')).resolves.toEqual({ status: 200, payload: 'from the handler' });
  connection.onMethod('classic', () => 'from its handler');
  await expect(invoke('classic')).resolves.toEqual({ status: 200, payload: 'from its handler' });
});

/** Listens through the official client, as programs that were written for it do. */
function listen(name: string, listener: (response: DeviceMethodResponse) => unknown): void {
  connection.client.onDeviceMethod(name, (_request: DeviceMethodRequest, response) => listener(response));
}

test('a method that nobody answers gets status 404 when only client.onDeviceMethod is in use', async () => {
  listen('reboot', (response) => response.send(200, 'done'));
  await expect(invoke('explode')).resolves.toEqual({
    status: 404,
    payload: { message: 'The device has no method explode.' },
  });
  await expect(invoke('reboot')).resolves.toEqual({ status: 200, payload: 'done' });
});

describe('a listener of client.onDeviceMethod', () => {
  let emitWarning: jest.SpyInstance;

  beforeEach(() => {
    emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => {
    emitWarning.mockRestore();
  });

  const failures: [string, (response: DeviceMethodResponse) => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('the valve is stuck');
      },
    ],
    ['returns a promise that rejects', () => Promise.reject(new Error('the valve is stuck'))],
    [
      'rejects later',
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('the valve is stuck');
      },
    ],
  ];

  test.each(failures)('that %s is answered 500 with the message, and warned of', async (_what, listener) => {
    listen('open', listener);
    await expect(invoke('open')).resolves.toEqual({
      status: 500,
      payload: { message: 'the valve is stuck' },
    });
    expect(emitWarning).toHaveBeenCalledWith(expect.stringMatching(/open.*the valve is stuck/), {
      type: 'DirectMethodWarning',
    });
    expect(connection.state.status).toBe('connected');
  });

  test('that throws after it has answered is warned of, and the answer stays', async () => {
    listen('open', (response) => {
      void response.send(200, 'open');
      throw new Error('too late');
    });
    await expect(invoke('open')).resolves.toEqual({ status: 200, payload: 'open' });
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });

  test('that answers twice gets an error, and the first answer stays', async () => {
    listen('open', async (response) => {
      await response.send(200, 'first');
      await response.send(200, 'second');
    });
    await expect(invoke('open')).resolves.toEqual({ status: 200, payload: 'first' });
  });

  test.each<[string, number, unknown, RegExp]>([
    ['a payload that is not JSON', 200, 1n, /BigInt/],
    ['more than 128 KB', 200, 'x'.repeat(128 * 1024), /128 KB/],
    ['status 0', 0, null, /0/],
    ['a status that is not an integer', 1.5, null, /status/],
  ])(
    'that answers with %s gets an error with a code, and the service status 500',
    async (_what, status, payload, text) => {
      const failed = new Promise((resolve) => {
        listen('open', (response) => response.send(status, payload).catch(resolve));
      });
      await expect(invoke('open')).resolves.toMatchObject({
        status: 500,
        payload: { message: expect.stringMatching(text) as unknown },
      });
      expect(await failed).toMatchObject({ code: 'INVALID_OPTIONS' });
    },
  );

  test('that does not wait for its answer does not end the process when the connection is gone', async () => {
    const sent = new Promise<DeviceMethodResponse>((resolve) => listen('slow', resolve));
    const call = invoke('slow');
    const response = await sent;
    const lost = once(connection, 'state');
    enrolled.hub.disconnectDevice(enrolled.registrationId);
    await expect(call).rejects.toMatchObject({ code: 404104 });
    await lost;
    const late = response.send(200, 'late');
    await new Promise((resolve) => setImmediate(resolve));
    await expect(late).rejects.toMatchObject({ code: 'CONNECTION_LOST', service: 'hub' });
  });
});

describe('a method that is under way when the credentials are renewed', () => {
  async function renewed() {
    const { certificate, privateKey } = await createSelfSignedCertificate({
      commonName: enrolled.registrationId,
      subject: { organization: 'Contoso' },
    });
    emulator.dps.individualEnrollments.update(enrolled.registrationId, {
      secondaryCertificate: certificate,
    });
    return { cert: certificate, key: privateKey };
  }

  const kinds: [string, (started: () => void, until: Promise<unknown>) => void][] = [
    [
      'onMethod',
      (started, until) => {
        connection.onMethod('slow', async () => {
          started();
          return await until;
        });
      },
    ],
    [
      'client.onDeviceMethod',
      (started, until) => {
        listen('slow', async (response) => {
          started();
          await response.send(200, await until);
        });
      },
    ],
  ];

  test.each(kinds)('is answered (%s)', async (_what, add) => {
    let answer: (value: unknown) => void = () => undefined;
    const until = new Promise((resolve) => (answer = resolve));
    const started = new Promise<void>((resolve) => add(resolve, until));
    const call = invoke('slow');
    await started;
    const renewing = connection.updateCredentials(await renewed());
    for (let turns = 0; turns < 100; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    answer('the answer');
    await expect(call).resolves.toEqual({ status: 200, payload: 'the answer' });
    await renewing;
    await expect(invoke('explode')).resolves.toMatchObject({ status: 404 });
  });
});

test('handlers answer on the next connection as well', async () => {
  connection.onMethod('reboot', () => 'done');
  await invoke('reboot');
  const lost = once(connection, 'state');
  enrolled.hub.disconnectDevice(enrolled.registrationId);
  await lost;
  await expect(invoke('reboot')).resolves.toEqual({ status: 200, payload: 'done' });
});

test('an answer to a call of an earlier connection is discarded, and harms no later call', async () => {
  const answers: ((answer: string) => void)[] = [];
  connection.onMethod('slow', () => new Promise((resolve) => answers.push(resolve)));
  const first = invoke('slow');
  while (answers.length < 1) await new Promise((resolve) => setImmediate(resolve));
  enrolled.hub.disconnectDevice(enrolled.registrationId);
  await expect(first).rejects.toMatchObject({ code: 404104 });
  const second = invoke('slow');
  while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  answers[0]?.('of the first');
  answers[1]?.('of the second');
  await expect(second).resolves.toEqual({ status: 200, payload: 'of the second' });
});

test('calls under way at the same time are answered each by its own answer', async () => {
  connection.onMethod('echo', async (payload) => {
    for (let turns = Number(payload); turns > 0; turns -= 1)
      await new Promise((resolve) => setImmediate(resolve));
    return payload;
  });
  const answers = await Promise.all([9, 0, 5].map((turns) => invoke('echo', turns)));
  expect(answers.map(({ payload }) => payload)).toEqual([9, 0, 5]);
});

test('more methods than anybody could name in advance are answered', async () => {
  connection.onMethod((_payload, { name }) => name);
  const names = Array.from({ length: 1_200 }, (_, index) => `method-${index}`);
  const answers = await Promise.all(names.map((name) => invoke(name)));
  expect(answers.map(({ payload }) => payload)).toEqual(names);
});

test.each<[what: string, args: unknown[], option: string]>([
  ['an empty name', ['', () => undefined], 'name'],
  ['a name that is not a text', [7, () => undefined], 'name'],
  ['no handler', ['reboot'], 'handler'],
  ['a handler that is not a function', ['reboot', 'restart'], 'handler'],
])('onMethod with %s is refused', (_what, args, option) => {
  const onMethod = connection.onMethod.bind(connection) as (...args: unknown[]) => void;
  expect(optionsRefused(() => onMethod(...args))).toEqual([option]);
});

test('a payload that is not JSON is answered with 400, and no handler is called', async () => {
  let answered: (answer: unknown) => void;
  const answer = new Promise((resolve) => {
    answered = resolve;
  });
  await using scripted = await startScriptedHub(async (client) => {
    await client.accept();
    await client.acceptSubscription();
    client.send({
      cmd: 'publish',
      topic: '$iothub/methods/POST/reboot/?$rid=a1',
      payload: '{"half":',
      qos: 0,
      dup: false,
      retain: false,
    });
    const { topic, payload } = await client.expect('publish');
    answered({ topic, payload: String(payload) });
  });
  await using device = await connectDevice(scripted.options);
  const handler = jest.fn();
  device.onMethod('reboot', handler);
  await expect(answer).resolves.toEqual({
    topic: '$iothub/methods/res/400/?$rid=a1',
    payload: '{"message":"The payload is not JSON."}',
  });
  expect(handler).not.toHaveBeenCalled();
});
