import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import type { DeviceTwin, JsonObject, JsonValue } from 'azure-iot-emulator';
import { connectToHub, createHubDevice, hubUsername } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf, type RawClient } from '../support/raw-client';
import { withoutMetadata } from '../support/twins';

const REPORTED = '$iothub/twin/PATCH/properties/reported/';

const context = useEmulator();
let device: IssuedCertificate;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});
afterEach(() => {
  context.hub.devices.delete('pump-1');
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

async function connect(): Promise<RawClient> {
  const client = await connectToHub(context.emulator, context.hub, 'pump-1', device);
  await client.subscribe('$iothub/twin/res/#', 0);
  return client;
}

describe('a twin as the service reads it', () => {
  it('has the device identity as well', async () => {
    const { hub } = context;
    expect(hub.getTwin('pump-1')).toEqual({
      deviceId: 'pump-1',
      etag: 'AAAAAAAAAAE=',
      version: 2,
      status: 'enabled',
      connectionState: 'Disconnected',
      cloudToDeviceMessageCount: 0,
      authenticationType: 'selfSigned',
      x509Thumbprint: { primaryThumbprint: device.thumbprint, secondaryThumbprint: null },
      tags: {},
      properties: {
        desired: { $metadata: expect.any(Object) as object, $version: 1 },
        reported: { $metadata: expect.any(Object) as object, $version: 1 },
      },
    });
    await hub.sendCloudToDevice('pump-1', { body: 'x' });
    hub.devices.disable('pump-1', 'stolen');
    expect(hub.getTwin('pump-1')).toMatchObject({
      status: 'disabled',
      statusReason: 'stolen',
      statusUpdateTime: expect.any(Date) as Date,
      cloudToDeviceMessageCount: 1,
    });
  });

  it('has metadata with the time and version of the last change of each property', async () => {
    const { hub } = context;
    hub.updateDesiredProperties('pump-1', { a: 1, b: { c: 1, d: 1 } });
    const { desired } = hub.updateDesiredProperties('pump-1', { b: { c: 2, d: null }, e: [1] }).properties;
    const mark = (version: number): object => ({
      $lastUpdated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/) as string,
      $lastUpdatedVersion: version,
    });
    expect(desired['$metadata']).toEqual({
      ...mark(3),
      a: mark(2),
      b: { ...mark(3), c: mark(3) },
      e: mark(3),
    });
    await using client = await connect();
    client.publish(`${REPORTED}?$rid=1`, '{"a":1}');
    await client.expect('publish');
    const $lastUpdated = expect.any(String) as string;
    expect(hub.getTwin('pump-1').properties.reported['$metadata']).toEqual({
      $lastUpdated,
      a: { $lastUpdated },
    });
  });

  it('has another etag and a higher version after each change', async () => {
    const { hub } = context;
    const twins: DeviceTwin[] = [hub.getTwin('pump-1')];
    twins.push(hub.updateTwin('pump-1', { tags: { site: 'A' } }));
    twins.push(hub.updateDesiredProperties('pump-1', { a: 1 }));
    await using client = await connect();
    client.publish(`${REPORTED}?$rid=1`, '{"a":1}');
    await client.expect('publish');
    twins.push(hub.getTwin('pump-1'));
    expect(twins.map(({ version }) => version)).toEqual([2, 3, 4, 5]);
    expect(new Set(twins.map(({ etag }) => etag)).size).toBe(4);
    expect(hub.getTwin('pump-1').etag).toBe(twins.at(-1)?.etag);
    // Nothing to change is no change.
    expect(hub.updateTwin('pump-1', { properties: {} })).toEqual(hub.getTwin('pump-1'));
    expect(hub.replaceTwin('pump-1', {})).toMatchObject({ version: 5 });
  });
});

describe('updateTwin', () => {
  it('merges tags and desired properties in one change, and tells the device about the latter', async () => {
    const { hub } = context;
    await using client = await connect();
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    hub.updateTwin('pump-1', { tags: { site: 'A', floor: 1 }, properties: { desired: { a: 1 } } });
    expect(jsonOf(await client.expect('publish'))).toEqual({ a: 1, $version: 2 });
    const twin = hub.updateTwin('pump-1', { tags: { floor: null, room: { number: 5 } } });
    expect(twin.tags).toEqual({ site: 'A', room: { number: 5 } });
    expect(twin.properties.desired).toMatchObject({ a: 1, $version: 2 });
    await client.ping();
    client.publish('$iothub/twin/GET/?$rid=1');
    expect(Object.keys(jsonOf(await client.expect('publish')))).toEqual(['desired', 'reported']);
  });

  it('is done only if the etag is the expected one', () => {
    const { hub } = context;
    const { etag } = hub.updateTwin('pump-1', { tags: { site: 'A' } });
    const change = { tags: { site: 'B' }, properties: { desired: { a: 1 } } };
    const stale = hub.getTwin('pump-1').etag;
    hub.updateTwin('pump-1', { tags: { floor: 1 } }, { ifMatch: etag });
    expect(() => hub.updateTwin('pump-1', change, { ifMatch: stale })).toThrow(code(412001));
    expect(() => hub.replaceTwin('pump-1', change, { ifMatch: stale })).toThrow(code(412001));
    expect(() => hub.updateDesiredProperties('pump-1', {}, { ifMatch: stale })).toThrow(code(412001));
    expect(hub.getTwin('pump-1')).toMatchObject({
      tags: { site: 'A', floor: 1 },
      properties: { desired: { $version: 1 } },
    });
    hub.updateTwin('pump-1', change, { ifMatch: '*' });
    hub.updateTwin('pump-1', { tags: { floor: 2 } }, { ifMatch: `"${hub.getTwin('pump-1').etag}"` });
    expect(hub.getTwin('pump-1').tags).toEqual({ site: 'B', floor: 2 });
  });

  const tooLarge = Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`p${i}`, 'x'.repeat(4000)]));
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each([
    ['null', null, 400004],
    ['null tags', { tags: null }, 400004],
    ['tags in a list', { tags: [1] }, 400004],
    ['null properties', { properties: null }, 400004],
    ['null desired properties', { properties: { desired: null } }, 400004],
    ['undefined', { tags: { a: undefined } }, 400004],
    ['a bigint', { tags: { a: 1n } }, 400004],
    ['not a number', { tags: { a: Number.NaN } }, 400004],
    ['a function', { tags: { a: () => 1 } }, 400004],
    ['a date', { tags: { a: new Date() } }, 400004],
    ['what contains itself', { tags: circular }, 400004],
    ['a large integer', { tags: { a: 4503599627370496 } }, 400004],
    ['a long name', { tags: { ['n'.repeat(1025)]: 1 } }, 400004],
    ['a long string in a list', { tags: { a: ['x'.repeat(4097)] } }, 400004],
    ['a control character', { tags: { 'a\u0085': 1 } }, 400004],
    ['more than 8 KB of tags', { tags: tooLarge }, 413001],
  ])('refuses %s with the code of the service, and changes nothing', (_title, change, expected) => {
    const { hub } = context;
    const before = hub.getTwin('pump-1');
    // Callers in JavaScript may pass anything.
    expect(() => hub.updateTwin('pump-1', change as never)).toThrow(code(expected));
    expect(() => hub.replaceTwin('pump-1', change as never)).toThrow(code(expected));
    expect(hub.getTwin('pump-1')).toEqual(before);
  });

  it('refuses the same in its short form', () => {
    const { hub } = context;
    for (const patch of [null, undefined, 1n, [], { a: undefined }]) {
      expect(() => hub.updateDesiredProperties('pump-1', patch as never)).toThrow(code(400004));
    }
    expect(hub.getTwin('pump-1').version).toBe(2);
  });

  it('changes nothing when one part of it is refused', async () => {
    const { hub } = context;
    await using client = await connect();
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    const change = { tags: { ['a b']: 1 }, properties: { desired: { a: 1 } } };
    expect(() => hub.updateTwin('pump-1', change)).toThrow(code(400004));
    expect(() => hub.updateTwin('pump-1', { ...change, tags: tooLarge })).toThrow(code(413001));
    await client.ping();
    expect(hub.getTwin('pump-1')).toMatchObject({ tags: {}, version: 2 });
  });

  it('is not affected by later changes of the object that was passed', () => {
    const { hub } = context;
    const list = [1];
    hub.updateTwin('pump-1', { tags: { list } });
    list.push(2);
    expect(hub.getTwin('pump-1').tags).toEqual({ list: [1] });
  });

  it('accepts a twin that was read before', () => {
    const { hub } = context;
    const { desired } = hub.updateDesiredProperties('pump-1', { a: 1 }).properties;
    const twin = hub.updateDesiredProperties('pump-1', desired);
    expect(withoutMetadata(twin.properties.desired)).toEqual({ a: 1, $version: 3 });
  });
});

describe('replaceTwin', () => {
  it('replaces all tags and desired properties, and sends all of the latter to the device', async () => {
    const { hub } = context;
    hub.updateTwin('pump-1', { tags: { site: 'A' }, properties: { desired: { a: 1, b: 1 } } });
    await using client = await connect();
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    const twin = hub.replaceTwin('pump-1', { properties: { desired: { b: 2, c: null } } });
    expect(withoutMetadata(twin.properties.desired)).toEqual({ b: 2, $version: 3 });
    expect(Object.keys(twin.properties.desired['$metadata'] ?? {})).not.toContain('a');
    expect(twin.tags).toEqual({ site: 'A' });
    const notification = await client.expect('publish');
    expect(notification.topic).toBe('$iothub/twin/PATCH/properties/desired/?$version=3');
    expect(jsonOf(notification)).toEqual({ b: 2, $version: 3 });
    expect(hub.replaceTwin('pump-1', { tags: {} })).toMatchObject({ tags: {}, version: twin.version + 1 });
    await client.ping();
  });
});

describe('the limits of a twin', () => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { property: 'value' } : { a: nested(depth - 1) };
  const listed = (depth: number): JsonObject => ({ a: depth === 0 ? 1 : [listed(depth - 1)] });

  it('are the documented limits of IoT Hub', () => {
    const { hub } = context;
    const update = (desired: JsonObject): unknown => hub.updateDesiredProperties('pump-1', desired);
    update({ deep: null, ...nested(10) });
    expect(() => update(nested(11))).toThrow(code(400004));
    update(listed(5));
    expect(() => update(listed(6))).toThrow(code(400004));
    update({ string: 'ü'.repeat(2048), integer: -4503599627370496, real: 1e300, ['n'.repeat(1024)]: true });
  });

  it('count names and values, and each number as eight bytes', () => {
    const { hub } = context;
    const sized = (count: number): JsonObject =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${String(i).padStart(7, '0')}`, i]));
    // Eight bytes for each name, eight for each number: 2048 of them are 32 KB.
    hub.replaceTwin('pump-1', { properties: { desired: sized(2048) } });
    expect(() => hub.updateDesiredProperties('pump-1', { x: 1 })).toThrow(code(413001));
    hub.replaceTwin('pump-1', { tags: sized(512) });
    expect(() => hub.updateTwin('pump-1', { tags: { x: false } })).toThrow(code(413001));
  });

  it('hold for empty values as well', () => {
    const { hub } = context;
    const update = (item: JsonValue, length: number): unknown =>
      hub.replaceTwin('pump-1', { properties: { desired: { a: Array<JsonValue>(length).fill(item) } } });
    for (const item of [null, '', [], {}]) {
      update(item, 32_000);
      expect(() => update(item, 33_000)).toThrow(code(413001));
    }
  });

  it('refuse lists that are nested without end', async () => {
    await using client = await connect();
    client.publish(`${REPORTED}?$rid=1`, `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/400/?$rid=1');
  });
});

describe('reported properties', () => {
  it('are changed only if they have the version that the device expects', async () => {
    const { hub } = context;
    await using client = await connect();
    client.publish(`${REPORTED}?$rid=1&$version=1`, '{"a":1}');
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/204/?$rid=1&$version=2');
    client.publish(`${REPORTED}?$version=1&$rid=2`, '{"a":2}');
    const refused = await client.expect('publish');
    expect(refused.topic).toBe('$iothub/twin/res/412/?$rid=2');
    expect(jsonOf(refused)).toMatchObject({ errorCode: 412001 });
    client.publish(`${REPORTED}?$rid=3&$version=two`, '{"a":2}');
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/400/?$rid=3');
    expect(hub.getTwin('pump-1').properties.reported).toMatchObject({ a: 1, $version: 2 });
  });

  it('are stored even if the device is not subscribed to the answer', async () => {
    const { hub, emulator } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    client.publish(`${REPORTED}?$rid=1`, '{"__proto__":{"a":1}}');
    await client.ping();
    const { reported } = hub.getTwin('pump-1').properties;
    expect(Object.entries(withoutMetadata(reported))).toEqual([
      ['__proto__', { a: 1 }],
      ['$version', 2],
    ]);
  });
});

describe('a client that names no api-version', () => {
  it('has no twin', async () => {
    const { emulator, hub } = context;
    const identity = await createSelfSignedCertificate({ commonName: 'pump-1' });
    hub.devices.update('pump-1', { authentication: { primaryThumbprint: identity.thumbprint } });
    const username = hubUsername(hub, 'pump-1').split('?')[0] ?? '';
    await using client = await connectToHub(emulator, hub, 'pump-1', identity, { username });
    await client.subscribe('$iothub/twin/res/#', 0);
    for (const topic of ['$iothub/twin/GET/?$rid=1', `${REPORTED}?$rid=1`]) {
      client.publish(topic, '{"a":1}');
      const answer = await client.expect('publish');
      expect(answer.topic).toBe('$iothub/twin/res/400/?$rid=1');
      expect(jsonOf(answer)).toMatchObject({ errorCode: 400001 });
    }
    expect(hub.getTwin('pump-1').version).toBe(2);
    await client.publishAcknowledged('devices/pump-1/messages/events/');
  });
});
