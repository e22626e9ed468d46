import { once } from 'node:events';
import { createRootCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type JsonObject } from 'azure-iot-emulator';
import { Hub } from '../../src/hub/hub';
import { connectToHub, createHubDevice, openHubConnection } from '../support/clients';
import { jsonOf } from '../support/raw-client';

const DEVICEBOUND = 'devices/pump-1/messages/devicebound/#';
const CAMERA = { deviceId: 'pump-1', moduleId: 'camera' };

let emulators: Emulator[] = [];
afterEach(async () => {
  await Promise.all(emulators.map((emulator) => emulator.close()));
  emulators = [];
});

/** A hub of an emulator of its own, with what one of its class can do besides what users see. */
async function startHub(): Promise<{ readonly emulator: Emulator; readonly hub: Hub }> {
  const emulator = await startEmulator();
  emulators.push(emulator);
  const [hub] = emulator.hubs;
  if (!(hub instanceof Hub)) throw new Error('there is a hub by default');
  return { emulator, hub };
}

/** What comes of a snapshot that is written to a file and read again. */
function written(snapshot: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(snapshot)) as JsonObject;
}

/** A hub that holds a bit of everything. */
async function startUsedHub(): Promise<{ readonly hub: Hub; readonly device: IssuedCertificate }> {
  const { emulator, hub } = await startHub();
  const root = await createRootCertificate({ commonName: 'root' });
  hub.certificates.upload({ name: 'verified', certificate: root.certificate, isVerified: true });
  hub.certificates.upload({ name: 'pending', certificate: root.certificate });
  hub.certificates.generateVerificationCode('pending');
  const device = await createHubDevice(hub, 'pump-1');
  hub.devices.create({ deviceId: 'pump-2', authentication: { type: 'certificateAuthority' } });
  hub.devices.disable('pump-2', 'stolen');
  hub.modules.create({ ...CAMERA, authentication: { secondaryThumbprint: device.thumbprint } });
  hub.updateTwin('pump-1', { tags: { site: 'Zürich' }, properties: { desired: { a: { b: 1 } } } });
  hub.updateDesiredProperties(CAMERA, { resolution: 'high' });
  hub.cloudToDevice.maxDeliveryCount = 5;

  const username = `${hub.hostName}/pump-1/?api-version=2021-04-12&model-id=dtmi:a;1`;
  const client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false, username });
  await client.subscribe(DEVICEBOUND, 1);
  await client.subscribe('$iothub/twin/res/#', 0);
  client.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"firmware":"1.2"}');
  await client.expect('publish');
  await hub.sendCloudToDevice('pump-1', {
    body: 'öffnen',
    messageId: 'm1',
    ack: 'full',
    properties: { a: 'b' },
  });
  await client.expect('publish');
  const disconnected = once(hub, 'deviceDisconnected');
  await client.drop();
  await disconnected;
  await hub.sendCloudToDevice('pump-1', { body: Buffer.from([0xff, 0]), messageId: 'm2' });
  return { hub, device };
}

describe('the stored state of a hub', () => {
  it('is the same after it was restored', async () => {
    const { hub } = await startUsedHub();
    const { hub: other } = await startHub();
    await createHubDevice(other, 'replaced');
    const snapshot = hub.snapshot();
    other.restore(written(snapshot));
    expect(other.snapshot()).toEqual(snapshot);
    expect(JSON.stringify(other.snapshot())).toBe(JSON.stringify(snapshot));
    expect(other.devices.list()).toEqual(hub.devices.list());
    expect(other.modules.list('pump-1')).toEqual(hub.modules.list('pump-1'));
    expect(other.getTwin('pump-1')).toEqual(hub.getTwin('pump-1'));
    expect(other.getTwin(CAMERA)).toEqual(hub.getTwin(CAMERA));
    expect(other.certificates.list()).toEqual(hub.certificates.list());
    expect(other.cloudToDevice.maxDeliveryCount).toBe(5);
  });

  it('lets devices continue with their sessions', async () => {
    const { hub: before, device } = await startUsedHub();
    const { emulator, hub } = await startHub();
    hub.restore(written(before.snapshot()));
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, { clean: false });
    const { client, connack } = connection;
    expect(connack.sessionPresent).toBe(true);
    const first = await client.expect('publish');
    const second = await client.expect('publish');
    expect(first.payload.toString()).toBe('öffnen');
    expect(first).toMatchObject({ dup: true, qos: 1 });
    expect(first.topic).toMatch(/%24\.mid=m1&.*&a=b&iothub-ack=full$/);
    expect(second.payload).toEqual(Buffer.from([0xff, 0]));
    expect(second).toMatchObject({ dup: false });
    client.send({ cmd: 'puback', messageId: first.messageId ?? 0 });
    client.publish('$iothub/twin/GET/?$rid=1');
    expect(jsonOf(await client.expect('publish'))).toEqual({
      desired: { a: { b: 1 }, $version: 2 },
      reported: { firmware: '1.2', $version: 2 },
    });
    expect(hub.receivedFeedback('pump-1')).toMatchObject([
      {
        originalMessageId: 'm1',
        statusCode: 'Success',
        deviceGenerationId: before.devices.get('pump-1')?.generationId,
      },
    ]);
    await using refused = await openHubConnection(emulator, hub, 'pump-2', device);
    expect(refused.connack).toMatchObject({ returnCode: 5 });
    await using module = await connectToHub(emulator, hub, 'pump-1/camera', device);
    await module.ping();
  });

  it('is complete when the emulator is closed', async () => {
    const { hub } = await startUsedHub();
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    const before = hub.snapshot();
    await Promise.all(emulators.map((emulator) => emulator.close()));
    expect(await outcome).toBe('Purged');
    expect(hub.snapshot()).toEqual(before);
  });

  it('loses messages that have expired meanwhile', async () => {
    const { hub } = await startUsedHub();
    const { hub: other } = await startHub();
    const expired = once(other, 'cloudToDeviceFeedback');
    hub.purgeCloudToDevice('pump-1');
    await hub.sendCloudToDevice('pump-1', { body: 'x', messageId: 'late', ack: 'negative' });
    const text = JSON.stringify(hub.snapshot());
    other.restore(
      JSON.parse(text.replace(/"expiry":"[^"]*"/, '"expiry":"2020-01-01T00:00:00Z"')) as JsonObject,
    );
    expect(await expired).toMatchObject([{ originalMessageId: 'late', statusCode: 'Expired' }]);
    expect(other.devices.get('pump-1')).toMatchObject({ cloudToDeviceMessageCount: 0 });
  });
});

describe('the listener for changes of a hub', () => {
  it('is called for every stored change, and not for a restoration', async () => {
    const { emulator, hub } = await startHub();
    let changes = 0;
    hub.onChange(() => changes++);
    const device = await createHubDevice(hub, 'pump-1');
    const root = await createRootCertificate({ commonName: 'root' });
    const acts: (() => unknown)[] = [
      () => hub.devices.disable('pump-1'),
      () => hub.devices.enable('pump-1'),
      () => hub.devices.update('pump-1', { authentication: { primaryThumbprint: device.thumbprint } }),
      () => hub.modules.create(CAMERA),
      () => hub.modules.update('pump-1', 'camera', { authentication: { type: 'certificateAuthority' } }),
      () => hub.modules.delete('pump-1', 'camera'),
      () => hub.updateTwin('pump-1', { tags: { a: 1 } }),
      () => hub.replaceTwin('pump-1', { tags: {} }),
      () => hub.certificates.upload({ name: 'a', certificate: root.certificate }),
      () => hub.certificates.generateVerificationCode('a'),
      () => hub.certificates.delete('a'),
      () => (hub.cloudToDevice.lockTimeoutSeconds = 1),
      () => hub.sendCloudToDevice('pump-1', { body: 'x' }),
      () => hub.purgeCloudToDevice('pump-1'),
    ];
    for (const act of acts) {
      const before = changes;
      await act();
      expect({ act: act.toString(), isHeard: changes > before }).toMatchObject({ isHeard: true });
    }

    const steps: ((client: Awaited<ReturnType<typeof connectToHub>>) => Promise<unknown>)[] = [
      (client) => client.subscribe(DEVICEBOUND, 1),
      async (client) => {
        client.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"a":1}');
        await client.ping();
      },
      (client) => client.disconnect(),
    ];
    let before = changes;
    const client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    for (const step of steps) {
      expect(changes).toBeGreaterThan(before);
      before = changes;
      await step(client);
    }
    expect(changes).toBeGreaterThan(before);

    before = changes;
    hub.restore(written(hub.snapshot()));
    expect(changes).toBe(before);
  });
});

describe('a stored hub that was edited by hand', () => {
  const wrong: [title: string, pattern: RegExp, replacement: string, message: RegExp][] = [
    ['a device ID', /"deviceId":"pump-2"/, '"deviceId":"pump 2"', /^devices\[1\]\.deviceId is refused/],
    [
      'a repeated device ID',
      /"deviceId":"pump-2"/,
      '"deviceId":"pump-1"',
      /^devices\[1\] has the ID of another/,
    ],
    ['a status', /"status":"disabled"/, '"status":"asleep"', /^devices\[1\]\.status must be one of/],
    [
      'a thumbprint',
      /"primaryThumbprint":"\w+"/,
      '"primaryThumbprint":"AB"',
      /^devices\[0\]\.authentication is refused/,
    ],
    [
      'a time',
      /"createdTime":"[^"]+"/,
      '"createdTime":"yesterday"',
      /^devices\[0\]\.createdTime must be a time/,
    ],
    ['a tag', /"site":/, '"the site":', /^devices\[0\]\.twin\.tags is refused: .*forbidden character/],
    ['a version', /"version":2/, '"version":-1', /version must be a whole number/],
    ['a filter', /"filter":"devices/, '"filter":"all', /is refused: connection\.subscriptions\[0\]/],
    ['an acknowledgement', /"ack":"full"/, '"ack":"loud"', /cloudToDeviceMessages\[0\]\.ack must be one of/],
    ['a body', /"base64":"[^"]+"/, '"base64":"?"', /cloudToDeviceMessages\[1\]\.base64 must be Base64/],
    ['no body', /"base64":"[^"]+"/, '"other":1', /cloudToDeviceMessages\[1\]\.base64 is missing/],
    ['a module ID', /"moduleId":"camera"/, '"moduleId":"a/b"', /modules\[0\]\.moduleId is refused/],
    [
      'a certificate',
      /"certificate":"[^"]+"/,
      '"certificate":"x"',
      /^certificates\[0\]\.certificate is refused/,
    ],
    ['a repeated name', /"name":"pending"/, '"name":"verified"', /^certificates\[1\] has the ID of another/],
    [
      'a setting',
      /"maxDeliveryCount":5/,
      '"maxDeliveryCount":0',
      /^cloudToDevice\.maxDeliveryCount must be a whole number from 1 to 100/,
    ],
    ['no settings', /"cloudToDevice":/, '"else":', /^cloudToDevice is missing/],
  ];
  let snapshot: string;
  let hub: Hub;

  beforeAll(async () => {
    const used = await startUsedHub();
    snapshot = JSON.stringify(used.hub.snapshot());
  });
  beforeEach(async () => {
    ({ hub } = await startHub());
  });

  it.each(wrong)('is refused with the place of the mistake: %s', (_title, pattern, replacement, message) => {
    const edited = snapshot.replace(pattern, replacement);
    expect(edited).not.toBe(snapshot);
    expect(() => {
      hub.restore(JSON.parse(edited) as JsonObject);
    }).toThrow(
      expect.objectContaining({
        name: 'StoredValueError',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});
