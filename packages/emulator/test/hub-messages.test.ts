import { once } from 'node:events';
import type { IssuedCertificate } from 'azure-iot-certificates';
import type { TelemetryMessage } from 'azure-iot-emulator';
import { connectToHub, createHubDevice, openHubConnection } from './support/clients';
import { useEmulator } from './support/emulator';

const EVENTS = 'devices/pump-1/messages/events/';
const DEVICEBOUND = 'devices/pump-1/messages/devicebound/#';

const context = useEmulator();
let device: IssuedCertificate;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});
afterEach(() => {
  context.hub.devices.delete('pump-1');
});

describe('telemetry', () => {
  it('arrives with its body, and is acknowledged at QoS 1', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    const received = once(hub, 'telemetry');
    await client.publishAcknowledged(EVENTS, '{"temperature":21.5}');
    const [message] = (await received) as [TelemetryMessage];
    expect(message).toMatchObject({ deviceId: 'pump-1', properties: {}, systemProperties: {} });
    expect(message.body.toString()).toBe('{"temperature":21.5}');
    expect(message.enqueuedTime).toBeInstanceOf(Date);
    expect(hub.receivedTelemetry('pump-1').at(-1)).toBe(message);
    expect(hub.receivedTelemetry('pump-2')).toEqual([]);
  });

  it.each([
    [
      'a=1&b=Z%C3%BCrich%26Co&empty=&none&%24.mid=m1&%24.ct=application%2Fjson&%24.ce=utf-8',
      { a: '1', b: 'Zürich&Co', empty: '', none: '' },
      { messageId: 'm1', contentType: 'application/json', contentEncoding: 'utf-8' },
    ],
    [
      '$.cid=c1&$.uid=u1&$.ctime=2026-01-01T00:00:00Z&$.sub=thermostat/',
      {},
      {
        correlationId: 'c1',
        userId: 'u1',
        creationTimeUtc: '2026-01-01T00:00:00Z',
        componentName: 'thermostat',
      },
    ],
    ['__proto__=x', Object.fromEntries([['__proto__', 'x']]), {}],
  ])('has the properties of the bag %s', async (bag, properties, systemProperties) => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.publishAcknowledged(EVENTS + bag, 'x');
    expect(hub.receivedTelemetry('pump-1').at(-1)).toMatchObject({ properties, systemProperties });
  });

  it('has a property if the device wanted it retained', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    client.publish(EVENTS, 'x', { retain: true });
    await client.ping();
    expect(hub.receivedTelemetry('pump-1').at(-1)?.properties).toEqual({ 'mqtt-retain': 'true' });
  });

  it('can have 256 KB', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.publishAcknowledged(EVENTS, Buffer.alloc(256 * 1024, 7));
    expect(hub.receivedTelemetry('pump-1').at(-1)?.body.length).toBe(256 * 1024);
  });

  it('keeps its order, and the hub remembers the last thousand', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    for (let index = 0; index < 1100; index++) client.publish(EVENTS, String(index));
    await client.ping();
    const bodies = hub.receivedTelemetry().map(({ body }) => Number(body.toString()));
    expect(bodies).toEqual(Array.from({ length: 1000 }, (_, index) => index + 100));
  });

  it('is remembered up to 4 MiB', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    for (let index = 0; index < 40; index++) client.publish(EVENTS, Buffer.alloc(200 * 1024, index));
    await client.ping();
    const bodies = hub.receivedTelemetry().map(({ body }) => body[0]);
    expect(bodies).toEqual(Array.from({ length: 20 }, (_, index) => index + 20));
    // Small ones afterwards take the place of the large ones.
    for (let index = 0; index < 1000; index++) client.publish(EVENTS, 'x');
    await client.ping();
    expect(hub.receivedTelemetry().map(({ body }) => body.toString())).toEqual(
      Array.from({ length: 1000 }, () => 'x'),
    );
  });
});

describe('a will of a device', () => {
  const will = { topic: `${EVENTS}kind=last`, payload: Buffer.from('gone'), qos: 1, retain: false } as const;

  it('is sent when the connection ends without DISCONNECT', async () => {
    const { emulator, hub } = context;
    const client = await connectToHub(emulator, hub, 'pump-1', device, { will });
    const received = once(hub, 'telemetry');
    await client.drop();
    const [message] = (await received) as [TelemetryMessage];
    expect(message.body.toString()).toBe('gone');
    expect(message.properties).toEqual({ kind: 'last', 'iothub-MessageType': 'Will' });
  });

  it('is not sent after DISCONNECT', async () => {
    const { emulator, hub } = context;
    const before = hub.receivedTelemetry().at(-1);
    const client = await connectToHub(emulator, hub, 'pump-1', device, { will });
    const disconnected = once(hub, 'deviceDisconnected');
    await client.disconnect();
    await disconnected;
    expect(hub.receivedTelemetry().at(-1)).toBe(before);
  });
});

describe('a cloud-to-device message', () => {
  it('is delivered with its properties and succeeds with the acknowledgement', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(DEVICEBOUND, 1);
    const expiry = new Date(Date.now() + 60_000);
    const { messageId, outcome } = await hub.sendCloudToDevice('pump-1', {
      body: 'open',
      properties: { 'a b': 'Zürich&Co' },
      messageId: 'm/1',
      correlationId: 'c1',
      expiry,
    });
    expect(messageId).toBe('m/1');
    const delivered = await client.expect('publish');
    expect(delivered).toMatchObject({ qos: 1, dup: false, retain: false });
    expect(delivered.payload.toString()).toBe('open');
    const expires = encodeURIComponent(expiry.toISOString());
    expect(delivered.topic).toBe(
      'devices/pump-1/messages/devicebound/%24.mid=m%2F1&%24.cid=c1' +
        `&%24.to=%2Fdevices%2Fpump-1%2Fmessages%2FdeviceBound&%24.exp=${expires}&a%20b=Z%C3%BCrich%26Co`,
    );
    expect(hub.devices.get('pump-1')?.cloudToDeviceMessageCount).toBe(1);
    client.send({ cmd: 'puback', messageId: delivered.messageId ?? 0 });
    expect(await outcome).toBe('Success');
    expect(hub.devices.get('pump-1')?.cloudToDeviceMessageCount).toBe(0);
  });

  it('is delivered once and with the device ID to a topic filter with a wildcard in its place', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe('devices/+/messages/devicebound/#', 0);
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    expect(await outcome).toBe('Success');
    const delivered = await client.expect('publish');
    expect(delivered).toMatchObject({ qos: 0 });
    expect(delivered.topic).toMatch(/^devices\/pump-1\/messages\/devicebound\//);
    await client.ping();
  });

  it('waits for a device with a persistent session, and is delivered without a new subscription', async () => {
    const { emulator, hub } = context;
    const first = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await first.subscribe(DEVICEBOUND, 1);
    await first.disconnect();
    await hub.sendCloudToDevice('pump-1', { body: '1' });
    await hub.sendCloudToDevice('pump-1', { body: '2' });
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, { clean: false });
    const { client, connack } = connection;
    expect(connack.sessionPresent).toBe(true);
    expect((await client.expect('publish')).payload.toString()).toBe('1');
    expect((await client.expect('publish')).payload.toString()).toBe('2');
  });

  it('is sent again, marked as such, when the connection ended before the acknowledgement', async () => {
    const { emulator, hub } = context;
    const first = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await first.subscribe(DEVICEBOUND, 1);
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    expect(await first.expect('publish')).toMatchObject({ dup: false });
    await first.drop();
    await using client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    const delivered = await client.expect('publish');
    expect(delivered).toMatchObject({ dup: true });
    client.send({ cmd: 'puback', messageId: delivered.messageId ?? 0 });
    expect(await outcome).toBe('Success');
  });

  it('is dead-lettered after ten deliveries', async () => {
    const { emulator, hub } = context;
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    for (let delivery = 0; delivery < 10; delivery++) {
      const client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
      if (delivery === 0) await client.subscribe(DEVICEBOUND, 1);
      await client.expect('publish');
      await client.drop();
      // The drop is seen by the hub when its end of the connection closes.
      if (hub.devices.get('pump-1')?.connectionState === 'Connected') await once(hub, 'deviceDisconnected');
    }
    await using client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await client.ping();
    expect(await outcome).toBe('DeliveryCountExceeded');
  });

  it('is lost for a device that connects with a clean session', async () => {
    const { emulator, hub } = context;
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    await using connection = await openHubConnection(emulator, hub, 'pump-1', device, { clean: true });
    expect(connection.connack.sessionPresent).toBe(false);
    expect(await outcome).toBe('Purged');
  });

  it('is not delivered once the device has unsubscribed', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.subscribe(DEVICEBOUND, 1);
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [DEVICEBOUND] });
    expect(await client.expect('unsuback')).toMatchObject({ messageId: 3 });
    await hub.sendCloudToDevice('pump-1', { body: 'x' });
    await client.ping();
    await client.subscribe(DEVICEBOUND, 1);
    expect((await client.expect('publish')).payload.toString()).toBe('x');
  });

  it('expires at its expiry time', async () => {
    const { outcome } = await context.hub.sendCloudToDevice('pump-1', {
      body: 'x',
      expiry: new Date(Date.now() + 20),
    });
    expect(await outcome).toBe('Expired');
  });

  it('is refused when the queue is full, too large, expired already or for nobody', async () => {
    const { hub } = context;
    const send = (body: string, expiry?: Date): Promise<unknown> =>
      hub.sendCloudToDevice('pump-1', { body, ...(expiry && { expiry }) });
    await expect(send('x'.repeat(64 * 1024 + 1))).rejects.toMatchObject({ code: 413001 });
    await expect(send('x', new Date(Date.now() - 1))).rejects.toMatchObject({ code: 400004 });
    await expect(send('x', new Date(Date.now() + 3 * 86_400_000))).rejects.toMatchObject({ code: 400004 });
    await expect(hub.sendCloudToDevice('nobody', { body: 'x' })).rejects.toMatchObject({ code: 404001 });
    for (let count = 0; count < 50; count++) await send('x');
    await expect(send('x')).rejects.toMatchObject({ name: 'EmulatorError', code: 403004 });
  });
});
