import { once } from 'node:events';
import type { FaultInit } from 'azure-iot-x509/emulator';
import type { IssuedCertificate } from 'azure-iot-x509/certificates';
import { connectToHub, createHubDevice, hubUsername } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { RawClient } from '../support/raw-client';
import { Bytes, endOf } from './support/bytes';

/* What can befall the packets of a connection to a hub. */

const context = useEmulator();
let device: IssuedCertificate;

beforeAll(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
});
afterEach(() => {
  context.emulator.faults.clear();
});

function connect(): Promise<RawClient> {
  return connectToHub(context.emulator, context.hub, 'pump-1', device);
}

const TELEMETRY = 'devices/pump-1/messages/events/';
const DEVICEBOUND = 'devices/pump-1/messages/devicebound/#';

function bodies(): string[] {
  return context.hub.receivedTelemetry('pump-1').map(({ body }) => body.toString());
}

describe('CONNECT', () => {
  async function open(): Promise<RawClient> {
    const client = await RawClient.open(context.emulator, context.hub.hostName, device);
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'pump-1',
      username: hubUsername(context.hub, 'pump-1'),
      clean: true,
      keepalive: 60,
    });
    return client;
  }

  it.each([1, 2, 3, 4, 5] as const)(
    'is refused with return code %d, and the connection ended',
    async (returnCode) => {
      context.emulator.faults.add({ at: 'connect', action: { kind: 'refuse', returnCode } });
      await using client = await open();
      expect(await client.expect('connack')).toMatchObject({ returnCode, sessionPresent: false });
      expect(await endOf(client)).toBe('FIN');
      expect(context.hub.devices.get('pump-1')?.connectionState).toBe('Disconnected');
    },
  );

  it('is never answered, nor is what follows', async () => {
    const fault = context.emulator.faults.add({ at: 'connect', action: { kind: 'ignore' } });
    await using client = await open();
    client.send({ cmd: 'pingreq' });
    await fault.whenHit();
    expect(context.hub.devices.get('pump-1')?.connectionState).toBe('Disconnected');
    const end = endOf(client);
    fault.remove();
    expect(await end).toBe('RST');
    expect(await client.next()).toBeUndefined();
  });

  it('is never answered, though the device counts as connected', async () => {
    const connected = once(context.hub, 'deviceConnected');
    context.emulator.faults.add({ at: 'connect', action: { kind: 'ignore', when: 'after' } });
    await using client = await open();
    await connected;
    client.send({ cmd: 'pingreq' });
    // A newcomer takes the place, of which the old connection hears nothing.
    const disconnected = once(context.hub, 'deviceDisconnected');
    await using newcomer = await connect();
    expect(await disconnected).toMatchObject([{ reason: 'taken-over' }]);
    await newcomer.ping();
    expect(client.socket.destroyed).toBe(false);
    context.emulator.faults.clear();
    expect(await client.next()).toBeUndefined();
  });

  it.each<['close' | 'reset', 'FIN' | 'RST']>([
    ['close', 'FIN'],
    ['reset', 'RST'],
  ])('before anybody sees it: %s', async (kind, end) => {
    const events: string[] = [];
    const record = (): void => void events.push('connected');
    context.hub.on('deviceConnected', record);
    context.emulator.faults.add({ at: 'connect', action: { kind } });
    await using client = await open();
    expect(await endOf(client)).toBe(end);
    expect(events).toEqual([]);
    context.hub.off('deviceConnected', record);
  });

  it.each<['close' | 'reset', 'FIN' | 'RST']>([
    ['close', 'FIN'],
    ['reset', 'RST'],
  ])('after the hub has dealt with it, in place of CONNACK: %s', async (kind, end) => {
    const connected = once(context.hub, 'deviceConnected');
    const disconnected = once(context.hub, 'deviceDisconnected');
    context.emulator.faults.add({ at: 'connect', action: { kind, when: 'after' } });
    await using client = await open();
    expect(await endOf(client)).toBe(end);
    expect(await client.next()).toBeUndefined();
    await connected;
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'connection-lost' }]);
  });

  it.each(['before', 'after'] as const)('is answered late (%s), and what follows after it', async (when) => {
    const fault = context.emulator.faults.add({
      at: 'connect',
      action: { kind: 'delay', ms: 2 ** 31 - 1, when },
    });
    await using client = await open();
    client.send({ cmd: 'pingreq' });
    await fault.whenHit();
    fault.remove();
    await client.expect('connack');
    await client.expect('pingresp');
  });

  it.each([
    ['not-mqtt', 'f0ffffffffffffff', 8],
    ['truncated', '2002', 2],
  ] as const)('is answered with garbage: %s', async (what, expected, count) => {
    context.emulator.faults.add({ at: 'connect', action: { kind: 'garbage', what } });
    await using client = await open();
    const bytes = new Bytes(client);
    if (what === 'not-mqtt') expect(await bytes.take(count)).toBe(expected);
    else expect(await bytes.all()).toBe(expected);
  });
});

describe('SUBSCRIBE', () => {
  it('is refused, filter by filter, and nothing is subscribed', async () => {
    context.emulator.faults.add({ at: 'subscribe', action: { kind: 'refuse' } });
    await using client = await connect();
    client.send({
      cmd: 'subscribe',
      messageId: 9,
      subscriptions: [
        { topic: '$iothub/twin/res/#', qos: 0 },
        { topic: '$iothub/methods/POST/#', qos: 0 },
      ],
    });
    expect(await client.expect('suback')).toMatchObject({ messageId: 9, granted: [0x80, 0x80] });
    await expect(context.hub.invokeMethod('pump-1', { methodName: 'reset' })).rejects.toMatchObject({
      code: 404103,
    });
  });

  it.each(['before', 'after'] as const)('is never acknowledged (%s the hub has seen it)', async (when) => {
    context.emulator.faults.add({ at: 'subscribe', action: { kind: 'ignore', when } });
    await using client = await connect();
    const messageId = 9;
    client.send({
      cmd: 'subscribe',
      messageId,
      subscriptions: [{ topic: '$iothub/methods/POST/#', qos: 0 }],
    });
    await client.ping();
    const call = context.hub.invokeMethod('pump-1', { methodName: 'reset' });
    if (when === 'before') await expect(call).rejects.toMatchObject({ code: 404103 });
    else {
      expect((await client.expect('publish')).topic).toContain('$iothub/methods/POST/reset/');
      client.publish('$iothub/methods/res/200/?$rid=1');
      await expect(call).resolves.toMatchObject({ status: 200 });
    }
  });
});

describe('UNSUBSCRIBE', () => {
  it('is never acknowledged', async () => {
    context.emulator.faults.add({ at: 'unsubscribe', action: { kind: 'ignore' } });
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [DEVICEBOUND] });
    await client.ping();
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [DEVICEBOUND] });
    expect(await client.expect('unsuback')).toMatchObject({ messageId: 3 });
  });
});

describe('telemetry', () => {
  const lost: [FaultInit['action'] & { kind: 'close' | 'reset' }, string, 'FIN' | 'RST'][] = [
    [{ kind: 'close' }, 'lost', 'FIN'],
    [{ kind: 'reset' }, 'lost', 'RST'],
    [{ kind: 'close', when: 'after' }, 'stored', 'FIN'],
    [{ kind: 'reset', when: 'after' }, 'stored', 'RST'],
  ];

  it.each(lost)('%j: the message is %s, and no PUBACK comes', async (action, outcome, end) => {
    context.emulator.faults.add({ at: 'telemetry', action });
    await using client = await connect();
    const body = JSON.stringify(action);
    client.publish(TELEMETRY, body, { qos: 1 });
    expect(await endOf(client)).toBe(end);
    expect(await client.next()).toBeUndefined();
    expect(bodies().includes(body)).toBe(outcome === 'stored');
  });

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('is never acknowledged: with %s, whether it is stored is %s', async (when, isStored) => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'ignore', when } });
    await using client = await connect();
    client.publish(TELEMETRY, `ignored ${when}`, { qos: 1 });
    await client.ping();
    expect(bodies().includes(`ignored ${when}`)).toBe(isStored);
    await client.publishAcknowledged(TELEMETRY, 'the next one');
  });

  it('at QoS 0 gets lost on the way, or with the connection after it has arrived', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'ignore' } });
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'reset', when: 'after' } });
    await using client = await connect();
    client.publish(TELEMETRY, 'QoS 0, lost');
    client.publish(TELEMETRY, 'QoS 0, stored');
    client.publish(TELEMETRY, 'QoS 0, too late');
    expect(await endOf(client)).toBe('RST');
    expect(bodies().filter((body) => body.startsWith('QoS 0'))).toEqual(['QoS 0, stored']);
  });

  it('comes late, and what follows after it', async () => {
    const fault = context.emulator.faults.add({
      at: 'telemetry',
      action: { kind: 'delay', ms: 2 ** 31 - 1 },
    });
    await using client = await connect();
    client.publish(TELEMETRY, 'late 1', { qos: 1 });
    await fault.whenHit();
    client.publish(TELEMETRY, 'late 2', { qos: 1 });
    client.send({ cmd: 'pingreq' });
    fault.remove();
    await client.expect('puback');
    await client.expect('puback');
    await client.expect('pingresp');
    expect(bodies().filter((body) => body.startsWith('late'))).toEqual(['late 1', 'late 2']);
  });

  it('is delayed for the time that was asked for', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'delay', ms: 300 } });
    await using client = await connect();
    const start = performance.now();
    await client.publishAcknowledged(TELEMETRY, 'late');
    // Timers may fire a millisecond early.
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  });

  it('is stored at once though it is acknowledged late', async () => {
    const stored = once(context.hub, 'telemetry');
    const fault = context.emulator.faults.add({
      at: 'telemetry',
      action: { kind: 'delay', ms: 2 ** 31 - 1, when: 'after' },
    });
    await using client = await connect();
    client.publish(TELEMETRY, 'at once', { qos: 1 });
    await stored;
    client.send({ cmd: 'pingreq' });
    fault.remove();
    await client.expect('puback');
    await client.expect('pingresp');
  });

  it('is answered with garbage', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'garbage', what: 'truncated' } });
    await using client = await connect();
    const bytes = new Bytes(client);
    client.publish(TELEMETRY, '', { qos: 1 });
    expect(await bytes.all()).toBe('4002');
  });
});

describe('a throttled connection', () => {
  it('carries so much and no more in each direction, in pieces, until the fault is removed', async () => {
    const fault = context.emulator.faults.add({
      at: 'telemetry',
      action: { kind: 'throttle', bytesPerSecond: 2000 },
    });
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    await client.publishAcknowledged(TELEMETRY, 'from now on');
    let chunks = 0;
    client.socket.on('data', () => (chunks += 1));
    let start = performance.now();
    await context.hub.sendCloudToDevice('pump-1', { body: 'x'.repeat(800) });
    expect((await client.expect('publish')).payload).toHaveLength(800);
    expect(performance.now() - start).toBeGreaterThan(350);
    expect(chunks).toBeGreaterThan(4);

    start = performance.now();
    await client.publishAcknowledged(TELEMETRY, 'x'.repeat(800));
    expect(performance.now() - start).toBeGreaterThan(350);

    client.publish(TELEMETRY, 'x'.repeat(200_000), { qos: 1 });
    fault.remove();
    await client.expect('puback');
  });

  it('does not read what comes faster than it can be answered, and loses nothing', async () => {
    context.emulator.faults.add({
      at: 'twin-get',
      action: { kind: 'throttle', bytesPerSecond: 1_000_000, when: 'after' },
    });
    context.hub.updateDesiredProperties('pump-1', { text: 'x'.repeat(4000) });
    await using client = await connect();
    await client.subscribe('$iothub/twin/res/#');
    for (let index = 0; index < 100; index++) client.publish(`$iothub/twin/GET/?$rid=${index}`);
    for (let index = 0; index < 100; index++) {
      expect((await client.expect('publish')).topic).toBe(`$iothub/twin/res/200/?$rid=${index}`);
    }
  });
});

describe('a connection that is swallowed', () => {
  it('is dead in both directions, and neither side is told', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    const fault = emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow' } });
    client.publish(TELEMETRY, 'swallowed 1', { qos: 1 });
    await fault.whenHit();
    client.publish(TELEMETRY, 'swallowed 2', { qos: 1 });
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'kept' });
    expect(hub.devices.get('pump-1')?.connectionState).toBe('Connected');
    expect(client.socket.destroyed).toBe(false);

    // The device gives up and comes back; the hub had not noticed that it was gone.
    client.socket.destroy();
    await using again = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await again.subscribe(DEVICEBOUND);
    const message = await again.expect('publish');
    expect(message).toMatchObject({ payload: Buffer.from('kept') });
    again.send({ cmd: 'puback', messageId: message.messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
    expect(bodies().some((body) => body.startsWith('swallowed'))).toBe(false);
  });

  it('is noticed by the hub when the keep-alive expires, of which the device hears nothing', async () => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ at: 'ping', action: { kind: 'swallow' } });
    await using client = await connectToHub(emulator, hub, 'pump-1', device, { keepalive: 1 });
    const disconnected = once(hub, 'deviceDisconnected');
    client.send({ cmd: 'pingreq' });
    await fault.whenHit();
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'keep-alive-expired' }]);
    expect(client.socket.destroyed).toBe(false);
    fault.remove();
    expect(await endOf(client)).toBe('RST');
  });

  it('from the device: what the hub sends still arrives', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', direction: 'from-device' } });
    client.publish(TELEMETRY, 'swallowed 3', { qos: 1 });
    client.send({ cmd: 'pingreq' });
    await hub.sendCloudToDevice('pump-1', { body: 'heard' });
    expect((await client.expect('publish')).payload.toString()).toBe('heard');
    expect(bodies()).not.toContain('swallowed 3');
  });

  it('to the device: what it sends still arrives', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', direction: 'to-device' } });
    client.publish(TELEMETRY, 'heard 1', { qos: 1 });
    const second = once(
      hub.on('telemetry', () => undefined),
      'telemetry',
    );
    await second;
    client.publish(TELEMETRY, 'heard 2', { qos: 1 });
    await once(hub, 'telemetry');
    expect(bodies().filter((body) => body.startsWith('heard'))).toEqual(['heard 1', 'heard 2']);
    const end = endOf(client);
    emulator.faults.clear();
    expect(await end).toBe('RST');
    expect(await client.next()).toBeUndefined();
  });

  it('may be swallowed after the answer would have gone', async () => {
    const { emulator } = context;
    await using client = await connect();
    const fault = emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', when: 'after' } });
    const stored = once(context.hub, 'telemetry');
    client.publish(TELEMETRY, 'stored, unacknowledged', { qos: 1 });
    await stored;
    expect(bodies()).toContain('stored, unacknowledged');
    fault.remove();
    expect(await client.next()).toBeUndefined();
  });
});

describe('what the hub sends by itself', () => {
  it('gets lost', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe('$iothub/methods/POST/#');
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#');
    emulator.faults.add({ at: 'method-request', action: { kind: 'ignore' } });
    emulator.faults.add({ at: 'desired-properties', action: { kind: 'ignore' } });
    const call = hub.invokeMethod('pump-1', { methodName: 'reset', responseTimeoutSeconds: 1 });
    hub.updateDesiredProperties('pump-1', { interval: 1 });
    await expect(call).rejects.toMatchObject({ code: 504101 });
    await client.ping();
    hub.updateDesiredProperties('pump-1', { interval: 2 });
    expect((await client.expect('publish')).payload.toString()).toContain('"interval":2');
  });

  it('is not JSON', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#');
    emulator.faults.add({ at: 'desired-properties', action: { kind: 'garbage', what: 'not-json' } });
    hub.updateDesiredProperties('pump-1', { interval: 3 });
    const { topic, payload } = await client.expect('publish');
    expect(topic).toMatch(/^\$iothub\/twin\/PATCH\/properties\/desired\/\?\$version=\d+$/);
    expect(() => JSON.parse(payload.toString()) as unknown).toThrow();
  });

  it('comes twice, the second time marked as a duplicate', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'cloud-to-device', action: { kind: 'duplicate' } });
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'twice' });
    const first = await client.expect('publish');
    const second = await client.expect('publish');
    expect([first.dup, second.dup]).toEqual([false, true]);
    expect(second).toMatchObject({ messageId: first.messageId, payload: first.payload });
    for (const { messageId } of [first, second]) client.send({ cmd: 'puback', messageId: messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
    await client.ping();
  });

  it('is delayed, and what follows waits for it', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    const fault = emulator.faults.add({
      at: 'cloud-to-device',
      action: { kind: 'delay', ms: 2 ** 31 - 1 },
    });
    await hub.sendCloudToDevice('pump-1', { body: 'first' });
    await hub.sendCloudToDevice('pump-1', { body: 'second' });
    client.send({ cmd: 'pingreq' });
    expect(fault.hits).toBe(1);
    fault.remove();
    const received = [await client.next(), await client.next(), await client.next()];
    expect(
      received.map((packet) => (packet?.cmd === 'publish' ? packet.payload.toString() : packet?.cmd)),
    ).toEqual(['first', 'second', 'pingresp']);
  });

  it.each(['before', 'after'] as const)('ends the connection, %s it is sent', async (when) => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'cloud-to-device', action: { kind: 'close', when } });
    await hub.sendCloudToDevice('pump-1', { body: when });
    expect(await endOf(client)).toBe('FIN');
    const packet = await client.next();
    expect(packet?.cmd).toBe(when === 'before' ? undefined : 'publish');
  });
});

describe('acknowledgements', () => {
  it('of the hub get lost', async () => {
    context.emulator.faults.add({ at: 'puback', action: { kind: 'ignore' } });
    await using client = await connect();
    client.publish(TELEMETRY, 'unacknowledged', { qos: 1 });
    await client.ping();
    expect(bodies()).toContain('unacknowledged');
  });

  it('of the device get lost, and the message comes again', async () => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ at: 'device-puback', action: { kind: 'ignore' } });
    const client = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    await client.subscribe(DEVICEBOUND);
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'again' });
    client.send({ cmd: 'puback', messageId: (await client.expect('publish')).messageId ?? 0 });
    await fault.whenHit();
    await client.drop();
    await using again = await connectToHub(emulator, hub, 'pump-1', device, { clean: false });
    const message = await again.expect('publish');
    expect(message).toMatchObject({ dup: true, payload: Buffer.from('again') });
    again.send({ cmd: 'puback', messageId: message.messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
  });

  it('of the device are followed by the end of the connection', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'device-puback', action: { kind: 'reset', when: 'after' } });
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'acknowledged' });
    client.send({ cmd: 'puback', messageId: (await client.expect('publish')).messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
    expect(await endOf(client)).toBe('RST');
  });
});

describe('a direct method', () => {
  it('is answered and the answer gets lost', async () => {
    const { emulator, hub } = context;
    await using client = await connect();
    await client.subscribe('$iothub/methods/POST/#');
    const fault = emulator.faults.add({ at: 'method-response', action: { kind: 'ignore' } });
    const call = hub.invokeMethod('pump-1', { methodName: 'reset', responseTimeoutSeconds: 1 });
    const rejected = expect(call).rejects.toMatchObject({ code: 504101 });
    const { topic } = await client.expect('publish');
    client.publish(`$iothub/methods/res/200/?$rid=${topic.split('$rid=')[1] ?? ''}`);
    await fault.whenHit();
    await rejected;
  });
});
