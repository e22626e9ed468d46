import { once } from 'node:events';
import type { IConnectPacket } from 'mqtt-packet';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { connectToHub, createHubDevice, openHubConnection } from '../support/clients';
import { useEmulator } from '../support/emulator';
import type { RawClient } from '../support/raw-client';

const VERSION = 'api-version=2021-04-12';
const EVENTS = 'devices/pump-1/messages/events/';

const context = useEmulator();
let device: IssuedCertificate;

beforeAll(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});

function connect(options: Partial<IConnectPacket> = {}): Promise<RawClient> {
  return connectToHub(context.emulator, context.hub, 'pump-1', device, options);
}

describe('the username of a CONNECT to a hub', () => {
  const accepted: [username: string, modelId: string | undefined][] = [
    [`localhost/pump-1/?${VERSION}`, undefined],
    [`LocalHost/pump-1/?${VERSION}`, undefined],
    [`localhost/pump-1/?API-Version=2021-04-12`, undefined],
    [`localhost/pump-1?${VERSION}`, undefined],
    [`localhost/pump-1/${VERSION}`, undefined],
    [`localhost/pump-1/?DeviceClientType=x%2F1&${VERSION}&unknown=1&`, undefined],
    [`localhost/pump-1/?${VERSION}&model-id=dtmi%3Acontoso%3APump%3B1`, 'dtmi:contoso:Pump;1'],
    [`localhost/pump-1/?Model-Id=dtmi:a;1&${VERSION}`, 'dtmi:a;1'],
    ['localhost/pump-1/', undefined],
    ['localhost/pump-1', undefined],
    ['localhost/pump-1/?', undefined],
    ['localhost/pump-1/?api-version=', undefined],
    ['localhost/pump-1/?DeviceClientType=x', undefined],
  ];
  it.each(accepted)('may be %s', async (username, modelId) => {
    const { hub } = context;
    await using client = await connect({ username });
    await client.publishAcknowledged(EVENTS);
    expect(hub.devices.get('pump-1')?.modelId).toBe(modelId);
    // The host name with its port is as good as without.
    await using second = await connect({ username: username.replace(/localhost/i, hub.hostName) });
    await second.ping();
  });

  it.each([
    '',
    'localhost',
    'localhost/',
    `localhost/pump-2/?${VERSION}`,
    `localhost/pump-10/?${VERSION}`,
    `localhost/PUMP-1/?${VERSION}`,
    `localhost/pump-1/camera/?${VERSION}`,
    `localhost/pump-1/other`,
    `localhost.example.org/pump-1/?${VERSION}`,
    `localhost:1/pump-1/?${VERSION}`,
    `/pump-1/?${VERSION}`,
  ])('may not be %j', async (username) => {
    const { emulator, hub } = context;
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, { username });
    expect(connection.connack).toMatchObject({ returnCode: 5 });
  });
});

describe('the password of a CONNECT to a hub', () => {
  it('is absent or empty', async () => {
    const { emulator, hub } = context;
    for (const [password, returnCode] of [
      [undefined, 0],
      [Buffer.alloc(0), 0],
      [Buffer.from('x'), 5],
    ] as const) {
      const options = password && { password };
      await using connection = await openHubConnection(emulator, hub, 'pump-1', device, options);
      expect(connection.connack).toMatchObject({ returnCode });
    }
  });
});

describe('a topic that a device publishes on', () => {
  it.each([
    ['devices/pump-1/messages/events', {}],
    ['devices/pump-1/messages/events/', {}],
    ['devices/pump-1/messages/events/a=1/', { a: '1' }],
    ['devices/pump-1/messages/events/?a=1&b', { a: '1', b: '' }],
    ['devices/pump-1/messages/events/a=1&&=x&a=2', { a: '2', '': 'x' }],
    ['devices/pump-1/messages/events/path=a/b/c', { path: 'a/b/c' }],
    ['devices/pump-1/messages/events/%24.unknown=1', { '$.unknown': '1' }],
    ['devices/pump%2D1/messages/events/', {}],
  ])('may be %s', async (topic, properties) => {
    await using client = await connect();
    await client.publishAcknowledged(topic, 'x');
    const message = context.hub.receivedTelemetry('pump-1').at(-1);
    expect(message).toMatchObject({ deviceId: 'pump-1', systemProperties: {} });
    expect(message?.properties).toEqual(properties);
  });

  it.each([
    ['%24.mid=1&%24.to=2', { messageId: '1', to: '2' }],
    ['$.mid=1&$.exp=2026-01-01T00%3A00%3A00Z', { messageId: '1', expiryTimeUtc: '2026-01-01T00:00:00Z' }],
    ['%24%2E%6D%69%64=1', { messageId: '1' }],
    ['%24.ifid=urn%3Aa&%24.on=out', { interfaceId: 'urn:a', outputName: 'out' }],
  ])('has the system properties of %s', async (bag, systemProperties) => {
    await using client = await connect();
    await client.publishAcknowledged(EVENTS + bag, 'x');
    expect(context.hub.receivedTelemetry('pump-1').at(-1)).toMatchObject({
      properties: {},
      systemProperties,
    });
  });

  it.each([
    'devices/pump-1/messages/event/',
    'devices/pump-1/messages/eventsx',
    'devices/pump-10/messages/events/',
    'devices/PUMP-1/messages/events/',
    'devices/%zz/messages/events/',
    'devices//messages/events/',
    '/devices/pump-1/messages/events/',
    '$iothub/twin/GET/',
    '$iothub/twin/GET/?$rid=',
    '$iothub/twin/POST/?$rid=1',
    '$iothub/methods/res/ok/?$rid=1',
    '$iothub/methods/res/200',
    '$iothub/credentials/POST/issueCertificate/?$rid=1',
  ])('may not be %s', async (topic) => {
    const { hub } = context;
    await using client = await connect();
    const disconnected = once(hub, 'deviceDisconnected');
    client.publish(topic);
    expect(await client.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'protocol-violation' }]);
  });
});

describe('a request to the twin', () => {
  it.each([
    '$rid=a/b c',
    '$version=1&$rid=1',
    'x&$rid=%20&y=$rid=2',
    '$rid=0f8fad5b-d9cb-469f-a165-70867728950e',
  ])('has its request ID wherever it is in %s', async (query) => {
    await using client = await connect();
    await client.subscribe('$iothub/twin/res/#', 0);
    client.publish(`$iothub/twin/GET/?${query}`, '', { qos: 1 });
    await client.expect('puback');
    const requestId = /(?:^|&)(\$rid=[^&]*)/.exec(query)?.[1] ?? '';
    expect((await client.expect('publish')).topic).toBe(`$iothub/twin/res/200/?${requestId}`);
  });
});

describe('a subscription at a hub', () => {
  it('can be one of five, in one packet or several, and of any QoS', async () => {
    await using client = await connect();
    client.send({
      cmd: 'subscribe',
      messageId: 9,
      subscriptions: [
        { topic: 'devices/pump-1/messages/devicebound/#', qos: 2 },
        { topic: 'devices/+/messages/devicebound/#', qos: 1 },
        { topic: '$iothub/methods/POST/#', qos: 0 },
      ],
    });
    expect(await client.expect('suback')).toMatchObject({ messageId: 9, granted: [1, 1, 0] });
    await client.subscribe('$iothub/twin/res/#', 0);
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#', 0);
    // Once more is not one more.
    expect((await client.subscribe('$iothub/twin/res/#', 1)).granted).toEqual([1]);
  });

  it('cannot be the sixth', async () => {
    await using client = await connect();
    const filters = [
      'devices/pump-1/messages/devicebound/#',
      'devices/pump%2D1/messages/devicebound/#',
      'devices/+/messages/devicebound/#',
      '$iothub/methods/POST/#',
      '$iothub/twin/res/#',
    ];
    for (const filter of filters) await client.subscribe(filter, 0);
    const topic = '$iothub/twin/PATCH/properties/desired/#';
    client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic, qos: 0 }] });
    expect(await client.next()).toBeUndefined();
  });

  it('of a persistent session stays, with its QoS, until a clean session', async () => {
    const { emulator, hub } = context;
    const first = await connect({ clean: false });
    await first.subscribe('$iothub/methods/POST/#', 0);
    await first.subscribe('devices/pump-1/messages/devicebound/#', 0);
    await first.drop();
    const second = await openHubConnection(emulator, hub, 'pump-1', device, { clean: false });
    expect(second.connack.sessionPresent).toBe(true);
    await hub.sendCloudToDevice('pump-1', { body: 'x' });
    expect(await second.client.expect('publish')).toMatchObject({ qos: 0 });
    await second.client.disconnect();
    await (await connect({ clean: true })).disconnect();
    await using third = await openHubConnection(emulator, hub, 'pump-1', device, { clean: false });
    expect(third.connack.sessionPresent).toBe(false);
    await expect(hub.invokeMethod('pump-1', { methodName: 'x' })).rejects.toMatchObject({ code: 404103 });
    await third.client.ping();
  });

  it('by an encoded device ID brings messages to the encoded topic', async () => {
    const { emulator, hub } = context;
    const deviceId = 'pump:1+2#3';
    const identity = await createSelfSignedCertificate({ commonName: 'any' });
    hub.devices.create({ deviceId, authentication: { primaryThumbprint: identity.thumbprint } });
    await using client = await connectToHub(emulator, hub, deviceId, identity);
    const encoded = `devices/${encodeURIComponent(deviceId)}/messages`;
    await client.publishAcknowledged(`${encoded}/events/`, 'x');
    expect(hub.receivedTelemetry(deviceId)).toHaveLength(1);
    for (const filter of [`${encoded}/devicebound/#`, 'devices/+/messages/devicebound/#']) {
      await client.subscribe(filter, 0);
      await hub.sendCloudToDevice(deviceId, { body: 'x', messageId: 'm' });
      expect((await client.expect('publish')).topic).toMatch(new RegExp(`^${encoded}/devicebound/%24.mid=m`));
      client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [filter] });
      await client.expect('unsuback');
    }
    hub.devices.delete(deviceId);
  });
});

describe('a will at a hub', () => {
  it.each([
    ['devices/pump-1/messages/events/', {}],
    ['devices/pump-1/messages/events/a=1&%24.ct=text%2Fplain', { a: '1' }],
  ])('may have the topic %s, and is sent as a message with a property', async (topic, properties) => {
    const { hub } = context;
    const client = await connect({ will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false } });
    const received = once(hub, 'telemetry');
    await client.drop();
    const [message] = (await received) as [{ properties: object }];
    expect(message.properties).toEqual({ ...properties, 'iothub-MessageType': 'Will' });
  });

  it.each(['status', 'devices/pump-2/messages/events/', 'devices/pump-1/messages/devicebound/'])(
    'may not have the topic %s',
    async (topic) => {
      const { emulator, hub } = context;
      const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: false } as const;
      await using connection = await openHubConnection(emulator, hub, 'pump-1', device, { will });
      expect(connection.connack).toMatchObject({ returnCode: 5 });
    },
  );

  it('may not be of QoS 2, nor have a property bag that is not URL-encoded', async () => {
    const { emulator, hub } = context;
    const payload = Buffer.from('gone');
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, {
      will: { topic: EVENTS, payload, qos: 2, retain: false },
    });
    expect(connection.connack).toMatchObject({ returnCode: 5 });
    const malformed = connect({ will: { topic: `${EVENTS}a=%zz`, payload, qos: 0, retain: false } });
    await expect(malformed).rejects.toThrow();
  });

  it('is sent when another connection takes over, or the hub disconnects the device', async () => {
    const { hub } = context;
    const will = { topic: EVENTS, payload: Buffer.from('gone'), qos: 0, retain: false } as const;
    await using first = await connect({ will });
    const taken = once(hub, 'telemetry');
    await using second = await connect({ will });
    await taken;
    expect(await first.next()).toBeUndefined();
    const dropped = once(hub, 'telemetry');
    hub.disconnectDevice('pump-1');
    await dropped;
    expect(await second.next()).toBeUndefined();
  });
});
