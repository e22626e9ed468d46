import { once } from 'node:events';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import type { TelemetryMessage } from 'azure-iot-emulator';
import { connectToHub, createHubDevice, openHubConnection } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf } from '../support/raw-client';

const CAMERA = { deviceId: 'pump-1', moduleId: 'camera' };
const CLIENT_ID = 'pump-1/camera';
const EVENTS = 'devices/pump-1/modules/camera/messages/events/';

const context = useEmulator();
let device: IssuedCertificate;
let camera: IssuedCertificate;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
  camera = await createSelfSignedCertificate({ commonName: 'camera' });
  context.hub.modules.create({ ...CAMERA, authentication: { primaryThumbprint: camera.thumbprint } });
});
afterEach(() => {
  context.hub.devices.delete('pump-1');
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

describe('a module', () => {
  it('connects beside its device, and messages and events have its module ID', async () => {
    const { emulator, hub } = context;
    await using deviceClient = await connectToHub(emulator, hub, 'pump-1', device);
    const connected = once(hub, 'deviceConnected');
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    expect(await connected).toEqual([CAMERA]);

    await client.publishAcknowledged(`${EVENTS}%24.on=pictures&quality=high`, 'click');
    await deviceClient.publishAcknowledged('devices/pump-1/messages/events/', 'pumping');
    expect(hub.receivedTelemetry(CAMERA)).toMatchObject([
      { ...CAMERA, properties: { quality: 'high' }, systemProperties: { outputName: 'pictures' } },
    ]);
    expect(hub.receivedTelemetry('pump-1').map(({ body }) => body.toString())).toEqual(['pumping']);
    expect(hub.receivedTelemetry('pump-1')[0]).not.toHaveProperty('moduleId');
    expect(hub.modules.get('pump-1', 'camera')).toMatchObject({ connectionState: 'Connected' });

    const disconnected = once(hub, 'deviceDisconnected');
    await client.disconnect();
    expect(await disconnected).toEqual([{ ...CAMERA, reason: 'client-disconnected' }]);
    expect(hub.devices.get('pump-1')).toMatchObject({ connectionState: 'Connected' });
  });

  it('has a twin of its own', async () => {
    const { emulator, hub } = context;
    hub.updateDesiredProperties(CAMERA, { resolution: 'low' });
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    await client.subscribe('$iothub/twin/res/#', 0);
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    client.publish('$iothub/twin/GET/?$rid=1');
    expect(jsonOf(await client.expect('publish'))).toEqual({
      desired: { resolution: 'low', $version: 2 },
      reported: { $version: 1 },
    });
    const reported = once(hub, 'reportedPropertiesUpdated');
    client.publish('$iothub/twin/PATCH/properties/reported/?$rid=2', '{"lens":"clean"}');
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/204/?$rid=2&$version=2');
    expect(await reported).toEqual([
      { ...CAMERA, patch: { lens: 'clean' }, reported: { lens: 'clean', $version: 2 } },
    ]);
    hub.updateTwin(CAMERA, { properties: { desired: { resolution: 'high' } } });
    expect(jsonOf(await client.expect('publish'))).toEqual({ resolution: 'high', $version: 3 });
    expect(hub.getTwin(CAMERA)).toMatchObject({
      ...CAMERA,
      status: 'enabled',
      properties: { desired: { resolution: 'high' }, reported: { lens: 'clean' } },
    });
    expect(hub.getTwin('pump-1').properties.desired).not.toHaveProperty('resolution');
  });

  it('answers its own direct methods', async () => {
    const { emulator, hub } = context;
    await expect(hub.invokeMethod(CAMERA, { methodName: 'shoot' })).rejects.toThrow(code(404103));
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    await client.subscribe('$iothub/methods/POST/#', 0);
    const call = hub.invokeMethod(CAMERA, { methodName: 'shoot' });
    const { topic } = await client.expect('publish');
    client.publish(`$iothub/methods/res/200/?${topic.split('?')[1] ?? ''}`, '1');
    expect(await call).toEqual({ status: 200, payload: 1 });
    await expect(hub.invokeMethod('pump-1', { methodName: 'shoot' })).rejects.toThrow(code(404103));
  });

  it('sends a will to the topic of its telemetry', async () => {
    const { emulator, hub } = context;
    const will = { topic: EVENTS, payload: Buffer.from('gone'), qos: 0, retain: true } as const;
    const client = await connectToHub(emulator, hub, CLIENT_ID, camera, { will });
    const received = once(hub, 'telemetry');
    await client.drop();
    const [message] = (await received) as [TelemetryMessage];
    expect(message).toMatchObject({
      ...CAMERA,
      properties: { 'iothub-MessageType': 'Will', 'mqtt-retain': 'true' },
    });
  });

  it.each(['devices/pump-1/modules/camera/inputs/#', 'devices/pump-1/modules/camera/#'])(
    'may subscribe to %s',
    async (filter) => {
      const { emulator, hub } = context;
      await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
      expect((await client.subscribe(filter, 1)).granted).toEqual([1]);
    },
  );

  it.each([
    'devices/pump-1/messages/devicebound/#',
    'devices/pump-1/modules/other/inputs/#',
    'devices/other/modules/camera/inputs/#',
  ])('may not subscribe to %s', async (topic) => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic, qos: 0 }] });
    expect(await client.next()).toBeUndefined();
  });

  it.each(['devices/pump-1/messages/events/', 'devices/pump-1/modules/other/messages/events/'])(
    'may not publish on %s, nor its device on its own topic',
    async (topic) => {
      const { emulator, hub } = context;
      await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
      client.publish(topic);
      expect(await client.next()).toBeUndefined();
      await using deviceClient = await connectToHub(emulator, hub, 'pump-1', device);
      deviceClient.publish(EVENTS);
      expect(await deviceClient.next()).toBeUndefined();
    },
  );

  it('is accepted by its own certificate only, and its device by its own', async () => {
    const { emulator, hub } = context;
    const attempts = [
      [CLIENT_ID, device],
      ['pump-1', camera],
      ['pump-1/nothing', camera],
      ['pump-1/camera/x', camera],
      ['nobody/camera', camera],
      [CLIENT_ID, undefined],
    ] as const;
    for (const [clientId, identity] of attempts) {
      await using connection = await openHubConnection(emulator, hub, clientId, identity);
      expect(connection.connack).toMatchObject({ returnCode: 5 });
    }
  });

  it('is dropped and refused while its device is disabled', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    const disconnected = once(hub, 'deviceDisconnected');
    hub.devices.disable('pump-1');
    expect(await disconnected).toEqual([{ ...CAMERA, reason: 'device-disabled' }]);
    expect(await client.next()).toBeUndefined();
    await using refused = await openHubConnection(emulator, hub, CLIENT_ID, camera);
    expect(refused.connack).toMatchObject({ returnCode: 5 });
    hub.devices.enable('pump-1');
    await using back = await connectToHub(emulator, hub, CLIENT_ID, camera);
    await back.ping();
  });

  it('is deleted with its device, or alone', async () => {
    const { emulator, hub } = context;
    const pump = await createHubDevice(hub, 'pump-2');
    const lamp = { deviceId: 'pump-2', moduleId: 'lamp' };
    const authentication = { primaryThumbprint: camera.thumbprint };
    hub.modules.create({ ...lamp, authentication });
    await using deviceClient = await connectToHub(emulator, hub, 'pump-2', pump);
    await using first = await connectToHub(emulator, hub, 'pump-2/lamp', camera);
    hub.modules.delete('pump-2', 'lamp');
    expect(await first.next()).toBeUndefined();
    await deviceClient.ping();
    expect(() => hub.getTwin(lamp)).toThrow(code(404010));

    const { generationId } = hub.modules.create({ ...lamp, authentication });
    await using second = await connectToHub(emulator, hub, 'pump-2/lamp', camera);
    hub.devices.delete('pump-2');
    expect(await second.next()).toBeUndefined();
    expect(() => hub.getTwin(lamp)).toThrow(code(404001));
    await createHubDevice(hub, 'pump-2');
    expect(hub.modules.get('pump-2', 'lamp')).toBeUndefined();
    expect(hub.modules.create({ ...lamp }).generationId).not.toBe(generationId);
    hub.devices.delete('pump-2');
  });

  it('can be disconnected by its own name', async () => {
    const { emulator, hub } = context;
    await using deviceClient = await connectToHub(emulator, hub, 'pump-1', device);
    await using client = await connectToHub(emulator, hub, CLIENT_ID, camera);
    hub.disconnectDevice(CAMERA);
    expect(await client.next()).toBeUndefined();
    await deviceClient.ping();
  });
});

describe('module identities', () => {
  it('are created, listed, changed and deleted', () => {
    const { modules } = context.hub;
    const created = modules.create({ deviceId: 'pump-1', moduleId: 'lamp' });
    expect(created).toMatchObject({
      deviceId: 'pump-1',
      moduleId: 'lamp',
      authentication: { type: 'selfSigned' },
      connectionState: 'Disconnected',
    });
    expect(modules.list('pump-1').map(({ moduleId }) => moduleId)).toEqual(['camera', 'lamp']);
    const authentication = { type: 'certificateAuthority' } as const;
    const updated = modules.update('pump-1', 'lamp', { authentication }, { ifMatch: created.etag });
    expect(updated).toMatchObject({ authentication, generationId: created.generationId });
    expect(updated.etag).not.toBe(created.etag);
    expect(() => {
      modules.delete('pump-1', 'lamp', { ifMatch: created.etag });
    }).toThrow(code(412001));
    modules.delete('pump-1', 'lamp', { ifMatch: updated.etag });
    expect(modules.get('pump-1', 'lamp')).toBeUndefined();
  });

  it('are refused when IoT Hub refuses them', () => {
    const { hub } = context;
    const { modules } = hub;
    expect(() => modules.create({ deviceId: 'nobody', moduleId: 'x' })).toThrow(code(404001));
    expect(() => modules.create(CAMERA)).toThrow(code(409001));
    expect(() => modules.create({ deviceId: 'pump-1', moduleId: 'a/b' })).toThrow(code(400004));
    expect(() => modules.list('nobody')).toThrow(code(404001));
    expect(() => modules.update('pump-1', 'nothing', {})).toThrow(code(404010));
    expect(() => hub.getTwin({ deviceId: 'pump-1', moduleId: 'nothing' })).toThrow(code(404010));
    for (let count = 1; count < 50; count++) modules.create({ deviceId: 'pump-1', moduleId: `m${count}` });
    expect(() => modules.create({ deviceId: 'pump-1', moduleId: 'one-too-many' })).toThrow(code(413002));
  });
});
