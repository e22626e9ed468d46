import { once } from 'node:events';
import type { IssuedCertificate } from 'azure-iot-certificates';
import { jsonOf, type RawClient } from './support/raw-client';
import { connectToHub, createHubDevice } from './support/clients';
import { useEmulator } from './support/emulator';
import { withoutMetadata } from './support/twins';

const REPORTED = '$iothub/twin/PATCH/properties/reported/';

const context = useEmulator();
let device: IssuedCertificate;
let client: RawClient;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
  client = await connectToHub(context.emulator, context.hub, 'pump-1', device);
});
afterEach(async () => {
  await client.drop();
  context.hub.devices.delete('pump-1');
});

describe('a direct method', () => {
  it('reaches the device and brings back its answer', async () => {
    await client.subscribe('$iothub/methods/POST/#', 0);
    const response = context.hub.invokeMethod('pump-1', { methodName: 'reboot', payload: { delay: 5 } });
    const request = await client.expect('publish');
    expect(request.qos).toBe(0);
    expect(jsonOf(request)).toEqual({ delay: 5 });
    const requestId = /^\$iothub\/methods\/POST\/reboot\/\?\$rid=([0-9a-f]+)$/.exec(request.topic)?.[1];
    client.publish(`$iothub/methods/res/207/?$rid=${requestId ?? ''}`, '{"ok":true}');
    expect(await response).toEqual({ status: 207, payload: { ok: true } });
  });

  it('may be called without a payload and answered without one, several at once', async () => {
    await client.subscribe('$iothub/methods/POST/#', 0);
    const calls = ['a', 'b'].map((methodName) => context.hub.invokeMethod('pump-1', { methodName }));
    const topics = [await client.expect('publish'), await client.expect('publish')].map(
      ({ topic, payload }) => {
        expect(payload.toString()).toBe('null');
        return topic;
      },
    );
    for (const topic of topics.reverse()) {
      const status = topic.includes('/a/') ? 1 : 2;
      client.publish(`$iothub/methods/res/${status}/?${topic.split('?')[1] ?? ''}`);
    }
    expect(await Promise.all(calls)).toEqual([
      { status: 1, payload: null },
      { status: 2, payload: null },
    ]);
  });

  it('fails with the error code of the service', async () => {
    const { hub } = context;
    const call = (options: object = {}, deviceId = 'pump-1'): Promise<unknown> =>
      hub.invokeMethod(deviceId, { methodName: 'reboot', ...options });
    await expect(call({}, 'nobody')).rejects.toMatchObject({ code: 404001 });
    await expect(call()).rejects.toMatchObject({ name: 'EmulatorError', code: 404103 });
    await client.subscribe('$iothub/methods/POST/#', 0);
    await expect(call({ methodName: 'a/b' })).rejects.toMatchObject({ code: 400004 });
    await expect(call({ responseTimeoutSeconds: 301 })).rejects.toMatchObject({ code: 400004 });
    await expect(call({ payload: 'x'.repeat(128 * 1024) })).rejects.toMatchObject({ code: 400004 });
    await expect(call({ responseTimeoutSeconds: 1 })).rejects.toMatchObject({ code: 504101 });

    const malformed = call();
    await client.expect('publish');
    const { topic } = await client.expect('publish');
    client.publish(`$iothub/methods/res/200/?${topic.split('?')[1] ?? ''}`, 'not JSON');
    await expect(malformed).rejects.toMatchObject({ code: 502000 });

    const abandoned = call();
    const outcome = expect(abandoned).rejects.toMatchObject({ code: 404104 });
    await client.disconnect();
    await outcome;
    await expect(call()).rejects.toMatchObject({ code: 404103 });
  });

  it('ignores an answer that nobody waits for', async () => {
    client.publish('$iothub/methods/res/200/?$rid=ff', '{}');
    await client.ping();
  });
});

describe('a device twin', () => {
  it('is read by the device', async () => {
    context.hub.updateDesiredProperties('pump-1', { interval: 5 });
    await client.subscribe('$iothub/twin/res/#', 0);
    client.publish('$iothub/twin/GET/?$rid=abc-1', ' ');
    const answer = await client.expect('publish');
    expect(answer).toMatchObject({ topic: '$iothub/twin/res/200/?$rid=abc-1', qos: 0 });
    expect(jsonOf(answer)).toEqual({ desired: { interval: 5, $version: 2 }, reported: { $version: 1 } });
  });

  it('merges reported properties, deletes those that are null, and answers 204 with the version', async () => {
    const { hub } = context;
    await client.subscribe('$iothub/twin/res/#', 0);
    const updated = once(hub, 'reportedPropertiesUpdated');
    client.publish(`${REPORTED}?$rid=1`, '{"a":1,"b":{"c":2,"d":3},"list":[1]}');
    const answer = await client.expect('publish');
    expect(answer.topic).toBe('$iothub/twin/res/204/?$rid=1&$version=2');
    expect(answer.payload.toString()).toBe('');
    expect(await updated).toEqual([
      {
        deviceId: 'pump-1',
        patch: { a: 1, b: { c: 2, d: 3 }, list: [1] },
        reported: { a: 1, b: { c: 2, d: 3 }, list: [1], $version: 2 },
      },
    ]);
    client.publish(
      `${REPORTED}?$rid=2&$version=2`,
      '{"a":null,"b":{"c":null,"e":{"f":null,"g":1}},"list":{"x":1}}',
    );
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/204/?$rid=2&$version=3');
    expect(withoutMetadata(hub.getTwin('pump-1').properties.reported)).toEqual({
      b: { d: 3, e: { g: 1 } },
      list: { x: 1 },
      $version: 3,
    });
  });

  const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
  it.each([
    ['that are not JSON', 'not JSON', 400, 400006],
    ['in a list', '[]', 400, 400004],
    ['with a dot in a name', '{"a.b":1}', 400, 400004],
    ['with $ in a name', '{"$a":1}', 400, 400004],
    ['with a string of more than 4 KB', JSON.stringify({ a: 'x'.repeat(4097) }), 400, 400004],
    ['nested too deeply', JSON.stringify(nested(12)), 400, 400004],
    [
      'of more than 32 KB',
      JSON.stringify(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, 'x'.repeat(4000)]))),
      413,
      413001,
    ],
  ])(
    'answers reported properties %s with an error status and a JSON error',
    async (_what, body, status, errorCode) => {
      await client.subscribe('$iothub/twin/res/#', 0);
      client.publish(`${REPORTED}?$rid=1`, body);
      const answer = await client.expect('publish');
      expect(answer.topic).toBe(`$iothub/twin/res/${status}/?$rid=1`);
      expect(jsonOf(answer)).toMatchObject({ errorCode, message: expect.any(String) as unknown });
      expect(withoutMetadata(context.hub.getTwin('pump-1').properties.reported)).toEqual({ $version: 1 });
    },
  );

  it('sends desired properties to the device while it is subscribed', async () => {
    const { hub } = context;
    hub.updateDesiredProperties('pump-1', { missed: 1 });
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    const twin = hub.updateDesiredProperties('pump-1', { interval: 5, nested: { gone: null, kept: 1 } });
    expect(withoutMetadata(twin.properties.desired)).toEqual({
      missed: 1,
      interval: 5,
      nested: { kept: 1 },
      $version: 3,
    });
    const notification = await client.expect('publish');
    expect(notification.topic).toBe('$iothub/twin/PATCH/properties/desired/?$version=3');
    expect(jsonOf(notification)).toEqual({ interval: 5, nested: { gone: null, kept: 1 }, $version: 3 });
    await client.disconnect();
    hub.updateDesiredProperties('pump-1', { interval: null });
    expect(withoutMetadata(hub.getTwin('pump-1').properties.desired)).toEqual({
      missed: 1,
      nested: { kept: 1 },
      $version: 4,
    });
  });

  it('refuses desired properties that a twin cannot hold', () => {
    const { hub } = context;
    const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;
    expect(() => hub.updateDesiredProperties('nobody', {})).toThrow(code(404001));
    expect(() => hub.updateDesiredProperties('pump-1', { 'a b': 1 })).toThrow(code(400004));
    expect(withoutMetadata(hub.getTwin('pump-1').properties.desired)).toEqual({ $version: 1 });
  });
});
