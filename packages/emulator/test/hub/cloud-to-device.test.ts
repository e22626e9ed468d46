import { once } from 'node:events';
import type { IssuedCertificate } from 'azure-iot-certificates';
import {
  startEmulator,
  type Acknowledgement,
  type CloudToDeviceFeedback,
  type HubEmulator,
} from 'azure-iot-emulator';
import { connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import type { PacketOf, RawClient } from '../support/raw-client';

const DEVICEBOUND = 'devices/pump-1/messages/devicebound/#';
const DEFAULTS = { lockTimeoutSeconds: 60, maxDeliveryCount: 10, defaultTimeToLiveSeconds: 3600 };

const context = useEmulator();
let device: IssuedCertificate;

beforeEach(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});
afterEach(() => {
  Object.assign(context.hub.cloudToDevice, DEFAULTS);
  if (context.hub.devices.get('pump-1') !== undefined) context.hub.devices.delete('pump-1');
});

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

async function subscribed(): Promise<RawClient> {
  const client = await connectToHub(context.emulator, context.hub, 'pump-1', device);
  await client.subscribe(DEVICEBOUND, 1);
  return client;
}

function acknowledge(client: RawClient, { messageId = 0 }: PacketOf<'publish'>): void {
  client.send({ cmd: 'puback', messageId });
}

describe('a cloud-to-device message that is not acknowledged in time', () => {
  it('is sent again on the same connection, with DUP and the same packet identifier', async () => {
    const { hub } = context;
    hub.cloudToDevice.lockTimeoutSeconds = 0.05;
    await using client = await subscribed();
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'open' });
    const first = await client.expect('publish');
    const second = await client.expect('publish');
    expect(first).toMatchObject({ dup: false, qos: 1 });
    expect(second).toMatchObject({ dup: true, qos: 1, topic: first.topic, messageId: first.messageId });
    expect(second.payload.toString()).toBe('open');
    acknowledge(client, second);
    expect(await outcome).toBe('Success');
    expect(hub.devices.get('pump-1')).toMatchObject({ cloudToDeviceMessageCount: 0 });
  });

  it('may be acknowledged twice', async () => {
    const { hub } = context;
    hub.cloudToDevice.lockTimeoutSeconds = 0.05;
    await using client = await subscribed();
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'open', ack: 'full' });
    const first = await client.expect('publish');
    const second = await client.expect('publish');
    const before = hub.receivedFeedback('pump-1').length;
    acknowledge(client, first);
    acknowledge(client, second);
    expect(await outcome).toBe('Success');
    hub.cloudToDevice.lockTimeoutSeconds = 60;
    const next = await hub.sendCloudToDevice('pump-1', { body: 'close' });
    acknowledge(client, await client.expect('publish'));
    expect(await next.outcome).toBe('Success');
    expect(hub.receivedFeedback('pump-1')).toHaveLength(before + 1);
  });

  it('is dead-lettered after the number of deliveries that the hub allows', async () => {
    const { hub } = context;
    Object.assign(hub.cloudToDevice, { lockTimeoutSeconds: 0.03, maxDeliveryCount: 3 });
    await using client = await subscribed();
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'open' });
    const deliveries = [
      await client.expect('publish'),
      await client.expect('publish'),
      await client.expect('publish'),
    ];
    expect(deliveries.map(({ dup }) => dup)).toEqual([false, true, true]);
    expect(await outcome).toBe('DeliveryCountExceeded');
    await client.ping();
  });

  it('does not delay the messages behind it', async () => {
    const { hub } = context;
    await using client = await subscribed();
    await hub.sendCloudToDevice('pump-1', { body: '1' });
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: '2' });
    await client.expect('publish');
    acknowledge(client, await client.expect('publish'));
    expect(await outcome).toBe('Success');
    expect(hub.devices.get('pump-1')).toMatchObject({ cloudToDeviceMessageCount: 1 });
  });

  it('is sent again until it expires, if only abandoned deliveries count', async () => {
    await using emulator = await startEmulator({ unverifiedBehavior: { countedDeliveries: 'abandoned' } });
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('there is a hub by default');
    Object.assign(hub.cloudToDevice, { lockTimeoutSeconds: 0.02, maxDeliveryCount: 1 });
    const identity = await createHubDevice(hub, 'pump-1');
    await using client = await connectToHub(emulator, hub, 'pump-1', identity);
    await client.subscribe(DEVICEBOUND, 1);
    const { outcome } = await hub.sendCloudToDevice('pump-1', {
      body: 'open',
      expiry: new Date(Date.now() + 1000),
    });
    for (let delivery = 0; delivery < 5; delivery++) await client.expect('publish');
    expect(await outcome).toBe('Expired');
  });
});

describe('the feedback about cloud-to-device messages', () => {
  /** The records of a message that succeeds, and of one that expires. */
  async function recordsFor(ack: Acknowledgement | undefined): Promise<readonly CloudToDeviceFeedback[]> {
    const { hub } = context;
    const options = ack && { ack };
    await using client = await subscribed();
    const first = await hub.sendCloudToDevice('pump-1', { body: 'x', messageId: 'delivered', ...options });
    acknowledge(client, await client.expect('publish'));
    await first.outcome;
    await client.disconnect();
    const expiry = new Date(Date.now() + 20);
    const second = await hub.sendCloudToDevice('pump-1', {
      body: 'x',
      messageId: 'late',
      expiry,
      ...options,
    });
    await second.outcome;
    const { generationId } = hub.devices.get('pump-1') ?? {};
    return hub.receivedFeedback('pump-1').filter((record) => record.deviceGenerationId === generationId);
  }

  it.each([
    [undefined, []],
    ['none', []],
    ['positive', ['delivered']],
    ['negative', ['late']],
    ['full', ['delivered', 'late']],
  ] as const)('with ack %s is sent for %j', async (ack, expected) => {
    const records = await recordsFor(ack);
    expect(records.map(({ originalMessageId }) => originalMessageId)).toEqual(expected);
  });

  it('has the outcome of each message, and is an event too', async () => {
    const { hub } = context;
    await using client = await subscribed();
    const event = once(hub, 'cloudToDeviceFeedback');
    await hub.sendCloudToDevice('pump-1', { body: 'x', messageId: 'm1', ack: 'full' });
    const delivered = await client.expect('publish');
    expect(delivered.topic).toMatch(/[&/]iothub-ack=full$/);
    acknowledge(client, delivered);
    const [record] = (await event) as [CloudToDeviceFeedback];
    expect(record).toEqual({
      originalMessageId: 'm1',
      deviceId: 'pump-1',
      deviceGenerationId: hub.devices.get('pump-1')?.generationId,
      statusCode: 'Success',
      description: 'Success',
      enqueuedTimeUtc: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    });
    expect(hub.receivedFeedback().at(-1)).toBe(record);
    expect(hub.receivedFeedback('pump-2')).toEqual([]);
  });

  it('may be asked for by the property itself', async () => {
    const { hub } = context;
    const event = once(hub, 'cloudToDeviceFeedback');
    await hub.sendCloudToDevice('pump-1', { body: 'x', properties: { 'iothub-ack': 'negative' } });
    expect(hub.purgeCloudToDevice('pump-1')).toBe(1);
    expect(await event).toMatchObject([{ statusCode: 'Purged' }]);
    const wrong = { body: 'x', properties: { 'iothub-ack': 'loud' } };
    await expect(hub.sendCloudToDevice('pump-1', wrong)).rejects.toThrow(code(400004));
  });

  it('is deleted with the device', async () => {
    const { hub } = context;
    const before = hub.receivedFeedback().length;
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x', ack: 'full' });
    hub.devices.delete('pump-1');
    expect(await outcome).toBe('Purged');
    expect(hub.receivedFeedback()).toHaveLength(before);
  });
});

describe('the queue of cloud-to-device messages', () => {
  it('is emptied by a purge, delivered messages included', async () => {
    const { hub } = context;
    await using client = await subscribed();
    const delivered = await hub.sendCloudToDevice('pump-1', { body: '1' });
    const packet = await client.expect('publish');
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [DEVICEBOUND] });
    await client.expect('unsuback');
    const waiting = await hub.sendCloudToDevice('pump-1', { body: '2' });
    expect(hub.purgeCloudToDevice('pump-1')).toBe(2);
    expect(await Promise.all([delivered.outcome, waiting.outcome])).toEqual(['Purged', 'Purged']);
    acknowledge(client, packet);
    await client.subscribe(DEVICEBOUND, 1);
    await client.ping();
    expect(hub.purgeCloudToDevice('pump-1')).toBe(0);
    expect(() => hub.purgeCloudToDevice('nobody')).toThrow(code(404001));
  });

  it('accepts a message again once there is room', async () => {
    const { hub } = context;
    for (let count = 0; count < 50; count++) await hub.sendCloudToDevice('pump-1', { body: 'x' });
    await expect(hub.sendCloudToDevice('pump-1', { body: 'x' })).rejects.toThrow(code(403004));
    await using client = await connectToHub(context.emulator, hub, 'pump-1', device, { clean: false });
    await client.subscribe(DEVICEBOUND, 1);
    acknowledge(client, await client.expect('publish'));
    for (let count = 1; count < 50; count++) await client.expect('publish');
    await client.ping();
    await hub.sendCloudToDevice('pump-1', { body: 'y' });
    expect((await client.expect('publish')).payload.toString()).toBe('y');
  });

  it('outlives a clean session if the emulator was started so', async () => {
    await using emulator = await startEmulator({ unverifiedBehavior: { cleanSessionQueue: 'kept' } });
    const [hub] = emulator.hubs;
    if (hub === undefined) throw new Error('there is a hub by default');
    const identity = await createHubDevice(hub, 'pump-1');
    await hub.sendCloudToDevice('pump-1', { body: 'open' });
    await using client = await connectToHub(emulator, hub, 'pump-1', identity, { clean: true });
    await client.ping();
    await client.subscribe(DEVICEBOUND, 1);
    expect((await client.expect('publish')).payload.toString()).toBe('open');
  });

  it('drops messages after the time to live of the hub', async () => {
    const { hub } = context;
    hub.cloudToDevice.defaultTimeToLiveSeconds = 0.02;
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'x' });
    expect(await outcome).toBe('Expired');
  });

  it('does not exist for modules', async () => {
    const { hub } = context;
    hub.modules.create({ deviceId: 'pump-1', moduleId: 'camera' });
    await expect(hub.sendCloudToDevice('pump-1/camera', { body: 'x' })).rejects.toThrow(code(404001));
  });
});

describe('the property bag of a message to a device', () => {
  it('has names without value, with an empty and with another value', async () => {
    const { hub } = context;
    await using client = await subscribed();
    await hub.sendCloudToDevice('pump-1', {
      body: '',
      messageId: 'm',
      properties: { prop1: null, prop2: '', prop3: 'a string' },
    });
    const { topic, payload } = await client.expect('publish');
    expect(topic.split('&').slice(-3)).toEqual(['prop1', 'prop2=', 'prop3=a%20string']);
    expect(payload.length).toBe(0);
  });

  it('is refused when it has no form in UTF-8', async () => {
    const sent = context.hub.sendCloudToDevice('pump-1', { body: 'x', properties: { a: '\ud800' } });
    await expect(sent).rejects.toThrow(code(400004));
  });
});

describe('the settings of cloud-to-device messages', () => {
  it('have the defaults of Azure and refuse values out of range', () => {
    const { cloudToDevice }: HubEmulator = context.hub;
    expect(JSON.parse(JSON.stringify(cloudToDevice))).toEqual(DEFAULTS);
    const wrong: Partial<typeof DEFAULTS>[] = [
      { lockTimeoutSeconds: 0 },
      { lockTimeoutSeconds: Number.NaN },
      { lockTimeoutSeconds: 1e9 },
      { maxDeliveryCount: 0 },
      { maxDeliveryCount: 101 },
      { maxDeliveryCount: 1.5 },
      { defaultTimeToLiveSeconds: 0 },
      { defaultTimeToLiveSeconds: 2 * 86_400 + 1 },
    ];
    for (const settings of wrong) {
      expect(() => Object.assign(cloudToDevice, settings)).toThrow(code(400004));
    }
    expect(JSON.parse(JSON.stringify(cloudToDevice))).toEqual(DEFAULTS);
  });
});
