import { once } from 'node:events';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { connectToHub, createHubDevice, hubUsername, openHubConnection } from './support/clients';
import { useEmulator } from './support/emulator';

const context = useEmulator();
let device: IssuedCertificate;

beforeAll(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});

describe('a hub', () => {
  const cases: [title: string, returnCode: number, connect: () => object][] = [
    ['the username of the SDKs', 0, () => ({})],
    ['the username without port', 0, () => ({ username: 'localhost/pump-1/?api-version=2021-04-12' })],
    ['an empty password', 0, () => ({ password: Buffer.alloc(0) })],
    ['a ClientId that is not the device ID', 5, () => ({ clientId: 'pump-2' })],
    [
      'another hub in the username',
      5,
      () => ({ username: 'other.azure-devices.net/pump-1/?api-version=2021-04-12' }),
    ],
    ['a username without api-version', 0, () => ({ username: `${context.hub.hostName}/pump-1/` })],
    ['no username', 5, () => ({ username: undefined })],
    ['a password', 5, () => ({ password: Buffer.from('SharedAccessSignature sr=x') })],
    [
      'a device ID in other letters',
      5,
      () => ({ clientId: 'PUMP-1', username: hubUsername(context.hub, 'PUMP-1') }),
    ],
    ['a will on another topic', 5, () => ({ will: { topic: 'status', payload: Buffer.alloc(0), qos: 0 } })],
    ['MQTT 5', 1, () => ({ protocolVersion: 5 })],
    ['MQTT 3.1', 1, () => ({ protocolVersion: 3, protocolId: 'MQIsdp' })],
  ];

  it.each(cases)('answers a CONNECT with %s by CONNACK %d', async (_title, returnCode, connect) => {
    const { emulator, hub } = context;
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, connect());
    const { client, connack } = connection;
    expect(connack).toMatchObject({ returnCode, sessionPresent: false });
    if (returnCode !== 0) expect(await client.next()).toBeUndefined();
  });

  it.each(['thumbprint', 'sha256Thumbprint'] as const)(
    'accepts a certificate by its %s, primary or secondary',
    async (kind) => {
      const { emulator, hub } = context;
      const deviceId = `by-${kind}`;
      const primary = await createSelfSignedCertificate({ commonName: deviceId });
      const secondary = await createSelfSignedCertificate({ commonName: deviceId });
      const withColons = (text: string): string => text.toLowerCase().replaceAll(/..(?!$)/g, '$&:');
      hub.devices.create({
        deviceId,
        authentication: {
          primaryThumbprint: withColons(primary[kind]),
          secondaryThumbprint: secondary[kind],
        },
      });
      for (const identity of [primary, secondary]) {
        await using client = await connectToHub(emulator, hub, deviceId, identity);
        await client.ping();
      }
    },
  );

  it('answers an unknown device, a disabled device, a wrong and a missing certificate with CONNACK 5', async () => {
    const { emulator, hub } = context;
    const disabled = await createHubDevice(hub, 'pump-disabled');
    hub.devices.disable('pump-disabled');
    const attempts = [
      ['nobody', device],
      ['pump-disabled', disabled],
      ['pump-1', disabled],
      ['pump-1', undefined],
    ] as const;
    for (const [deviceId, identity] of attempts) {
      await using connection = await openHubConnection(emulator, hub, deviceId, identity);
      const { client, connack } = connection;
      expect(connack).toMatchObject({ returnCode: 5 });
      expect(await client.next()).toBeUndefined();
    }
  });

  it('answers a disabled device with the return code that the emulator was started with', async () => {
    await using emulator = await startEmulator({ unverifiedBehavior: { disabledDevice: 3 } });
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('there is a hub by default');
    const identity = await createHubDevice(hub, 'pump-1');
    hub.devices.disable('pump-1');
    await using connection = await openHubConnection(emulator, hub, 'pump-1', identity);
    expect(connection.connack).toMatchObject({ returnCode: 3 });
  });
});

describe('a connection to a hub', () => {
  it('is visible in the device identity and in the events', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'pump-events');
    expect(hub.devices.get('pump-events')).toMatchObject({
      connectionState: 'Disconnected',
      status: 'enabled',
    });
    const connected = once(hub, 'deviceConnected');
    const username = `${hubUsername(hub, 'pump-events')}&model-id=dtmi%3Acontoso%3APump%3B1`;
    await using client = await connectToHub(emulator, hub, 'pump-events', identity, { username });
    expect(await connected).toEqual([{ deviceId: 'pump-events' }]);
    expect(hub.devices.get('pump-events')).toMatchObject({
      connectionState: 'Connected',
      modelId: 'dtmi:contoso:Pump;1',
      lastActivityTime: expect.any(Date) as unknown,
    });
    const disconnected = once(hub, 'deviceDisconnected');
    await client.disconnect();
    expect(await disconnected).toEqual([{ deviceId: 'pump-events', reason: 'client-disconnected' }]);
    expect(hub.devices.get('pump-events')?.connectionState).toBe('Disconnected');
  });

  it('is dropped when the same device connects again', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'pump-twice');
    await using first = await connectToHub(emulator, hub, 'pump-twice', identity);
    const disconnected = once(hub, 'deviceDisconnected');
    await using second = await connectToHub(emulator, hub, 'pump-twice', identity);
    expect(await first.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId: 'pump-twice', reason: 'taken-over' }]);
    await second.ping();
    expect(hub.devices.get('pump-twice')?.connectionState).toBe('Connected');
  });

  it.each([
    ['disabled', 'device-disabled', (id: string) => context.hub.devices.disable(id)],
    ['deleted', 'device-deleted', (id: string) => context.hub.devices.delete(id)],
  ] as const)('is dropped when the device is %s', async (title, reason, act) => {
    const { emulator, hub } = context;
    const deviceId = `pump-${title}-later`;
    const identity = await createHubDevice(hub, deviceId);
    await using client = await connectToHub(emulator, hub, deviceId, identity);
    const disconnected = once(hub, 'deviceDisconnected');
    act(deviceId);
    expect(await client.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId, reason }]);
  });

  it('is dropped after one and a half times its keep-alive, unless there is a sign of life', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'pump-silent');
    await using client = await connectToHub(emulator, hub, 'pump-silent', identity, { keepalive: 1 });
    const start = performance.now();
    await client.ping();
    const [event] = (await once(hub, 'deviceDisconnected')) as [unknown];
    expect(event).toEqual({ deviceId: 'pump-silent', reason: 'keep-alive-expired' });
    expect(performance.now() - start).toBeGreaterThan(1400);
    expect(await client.next()).toBeUndefined();
  });

  const violations: [title: string, act: (client: Awaited<ReturnType<typeof connectToHub>>) => void][] = [
    ['QoS 2', (client) => client.publish('devices/pump-1/messages/events/', '', { qos: 2 })],
    ['an unknown topic', (client) => client.publish('pump-1/temperature')],
    ["another device's topic", (client) => client.publish('devices/pump-2/messages/events/')],
    [
      'a message of more than 256 KB',
      (client) => client.publish('devices/pump-1/messages/events/', Buffer.alloc(256 * 1024 + 1)),
    ],
    [
      'a property bag that is not URL-encoded',
      (client) => client.publish('devices/pump-1/messages/events/a=%zz'),
    ],
    ['PINGRESP', (client) => client.send({ cmd: 'pingresp' })],
    ['PUBREL', (client) => client.send({ cmd: 'pubrel', messageId: 1 })],
  ];

  it.each(violations)('is dropped upon %s', async (_title, act) => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    const disconnected = once(hub, 'deviceDisconnected');
    act(client);
    expect(await client.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'protocol-violation' }]);
  });

  it.each([
    '#',
    'devices/+/messages/events/#',
    'devices/pump-2/messages/devicebound/#',
    '$iothub/methods/POST/+/',
  ])('is dropped upon the topic filter %s', async (topic) => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic, qos: 0 }] });
    expect(await client.next()).toBeUndefined();
  });

  it('is granted QoS 1 when it asks for QoS 2', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect((await client.subscribe('$iothub/methods/POST/#', 2)).granted).toEqual([1]);
    expect((await client.subscribe('$iothub/twin/res/#', 0)).granted).toEqual([0]);
  });
});

describe('device identities of a hub', () => {
  const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

  it('are refused when IoT Hub refuses them', () => {
    const { devices } = context.hub;
    expect(() => devices.create({ deviceId: 'pump-1' })).toThrow(code(409001));
    expect(() => devices.create({ deviceId: 'a pump' })).toThrow(code(400004));
    expect(() => devices.update('pump-1', { authentication: { primaryThumbprint: 'AB' } })).toThrow(
      code(400004),
    );
    expect(() => devices.enable('nobody')).toThrow(code(404001));
    expect(() => devices.disable('nobody')).toThrow(code(404001));
    expect(() => {
      devices.delete('nobody');
    }).toThrow(code(404001));
    expect(devices.get('nobody')).toBeUndefined();
  });
});
