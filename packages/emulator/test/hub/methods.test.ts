import type { IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type MethodCall, type MethodResponse } from 'azure-iot-emulator';
import { connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf, type PacketOf, type RawClient } from '../support/raw-client';

const METHODS = '$iothub/methods/POST/#';

const context = useEmulator();
let device: IssuedCertificate;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});
afterEach(() => {
  if (context.hub.devices.get('pump-1') !== undefined) context.hub.devices.delete('pump-1');
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

function invoke(call: Partial<MethodCall> = {}): Promise<MethodResponse> {
  return context.hub.invokeMethod('pump-1', { methodName: 'reboot', ...call });
}

function answer(client: RawClient, { topic }: PacketOf<'publish'>, status = 200, body = ''): void {
  client.publish(`$iothub/methods/res/${status}/?${topic.split('?')[1] ?? ''}`, body);
}

describe('a call of a direct method with a connect timeout', () => {
  it('reaches the device when it has connected and subscribed', async () => {
    const { emulator, hub } = context;
    const call = invoke({ connectTimeoutSeconds: 300 });
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.ping();
    await client.subscribe(METHODS, 0);
    answer(client, await client.expect('publish'), 201, '"late"');
    expect(await call).toEqual({ status: 201, payload: 'late' });
  });

  it('reaches a device that resumes its session', async () => {
    const { emulator, hub } = context;
    const first = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await first.subscribe(METHODS, 0);
    await first.disconnect();
    const calls = [invoke({ connectTimeoutSeconds: 300 }), invoke({ connectTimeoutSeconds: 300 })];
    await using client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    answer(client, await client.expect('publish'), 1);
    answer(client, await client.expect('publish'), 2);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([1, 2]);
  });

  it('fails when the device does not connect in time, or is deleted', async () => {
    const { hub } = context;
    await expect(invoke({ connectTimeoutSeconds: 0.02 })).rejects.toThrow(code(404103));
    const call = invoke({ connectTimeoutSeconds: 300 });
    const outcome = expect(call).rejects.toThrow(code(404103));
    hub.devices.delete('pump-1');
    await outcome;
  });

  it('fails when the emulator is closed', async () => {
    const emulator = await startEmulator();
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('there is a hub by default');
    hub.devices.create({ deviceId: 'pump-1' });
    const call = hub.invokeMethod('pump-1', { methodName: 'reboot', connectTimeoutSeconds: 300 });
    const outcome = expect(call).rejects.toThrow(code(404103));
    await emulator.close();
    await outcome;
  });
});

describe('several calls of direct methods at once', () => {
  it('are told apart, whatever the order of the answers', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(METHODS, 0);
    const calls = Array.from({ length: 20 }, (_, index) => invoke({ payload: index }));
    const requests: PacketOf<'publish'>[] = [];
    while (requests.length < calls.length) requests.push(await client.expect('publish'));
    for (const request of requests.reverse()) answer(client, request, 200, request.payload.toString());
    const payloads = (await Promise.all(calls)).map(({ payload }) => payload);
    expect(payloads).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('all fail when the device goes away', async () => {
    const { emulator, hub } = context;
    const client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(METHODS, 0);
    const calls = [invoke(), invoke()];
    const outcomes = Promise.all(calls.map((call) => expect(call).rejects.toThrow(code(404104))));
    await client.expect('publish');
    await client.expect('publish');
    await client.drop();
    await outcomes;
  });
});

/** An object that JSON cannot hold. */
function endless(): object {
  const value: Record<string, unknown> = {};
  value['value'] = value;
  return value;
}

describe('a call of a direct method', () => {
  it.each([
    ['nothing', undefined],
    ['the name alone', 'reboot'],
    ['the name under another name', { name: 'reboot' }],
  ])('says that methodName is missing when it is given %s', async (_title, call) => {
    // The device is away: what is wrong is said at once, and not when it does not come.
    await expect(context.hub.invokeMethod('pump-1', call as never)).rejects.toMatchObject({
      name: 'EmulatorError',
      code: 400004,
      message: "methodName is missing: { methodName: 'reboot' }",
    });
  });

  it.each([
    ['a bigint', { payload: 1n as never }],
    ['a function', { payload: (() => 1) as never }],
    ['an empty name', { methodName: '' }],
    ['no name', { methodName: undefined as never }],
    ['a name that is no text', { methodName: 7 as never }],
    ['a payload that contains itself', { payload: endless() as never }],
    ['a time that is no number', { responseTimeoutSeconds: '5' as never }],
    ['a name with a wild card', { methodName: 'a+' }],
    ['too short a time for the answer', { responseTimeoutSeconds: 0 }],
    ['too long a time to connect', { connectTimeoutSeconds: 301 }],
    ['a negative time to connect', { connectTimeoutSeconds: -1 }],
    ['no number of seconds', { connectTimeoutSeconds: Number.NaN }],
    ['too large a payload', { payload: 'x'.repeat(128 * 1024) }],
  ])('is refused with %s', async (_title, call) => {
    await expect(invoke(call)).rejects.toThrow(code(400004));
  });

  it('can carry 128 KB in both directions', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(METHODS, 0);
    const payload = 'x'.repeat(128 * 1024 - 2);
    const call = invoke({ payload });
    const request = await client.expect('publish');
    expect(JSON.parse(request.payload.toString())).toBe(payload);
    answer(client, request, 200, JSON.stringify(payload));
    expect(await call).toEqual({ status: 200, payload });
    const next = invoke();
    const outcome = expect(next).rejects.toThrow(code(502000));
    answer(client, await client.expect('publish'), 200, JSON.stringify(`${payload}x`));
    await outcome;
  });

  it('accepts an answer whose request ID is not the first parameter', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(METHODS, 0);
    const call = invoke({ payload: { delay: 5 } });
    const request = await client.expect('publish');
    expect(jsonOf(request)).toEqual({ delay: 5 });
    client.publish(`$iothub/methods/res/-1/?version=1&${request.topic.split('?')[1] ?? ''}&x`, '{}', {
      qos: 1,
    });
    await client.expect('puback');
    expect(await call).toEqual({ status: -1, payload: {} });
  });

  it('ignores an answer of another device', async () => {
    const { emulator, hub } = context;
    const other = await createHubDevice(hub, 'pump-2');
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await using stranger = await connectToHub(emulator, hub, 'pump-2', other);
    await client.subscribe(METHODS, 0);
    const call = invoke();
    const request = await client.expect('publish');
    answer(stranger, request, 500);
    await stranger.ping();
    answer(client, request, 200);
    expect(await call).toMatchObject({ status: 200 });
    hub.devices.delete('pump-2');
  });
});
