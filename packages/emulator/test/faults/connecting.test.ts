import { once } from 'node:events';
import { hubUsername } from '../support/clients';
import { RawClient } from '../support/raw-client';
import { Bytes, endOf } from './support/bytes';
import { DEVICEBOUND, useHubDevice } from './support/hub-device';

/* Faults at CONNECT and at subscriptions. */

const context = useHubDevice();

describe('a CONNECT that a fault hits', () => {
  async function open(): Promise<RawClient> {
    const client = await RawClient.open(context.emulator, context.hub.hostName, context.identity);
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

  it('is never answered, nor are the packets that follow', async () => {
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
    await using newcomer = await context.connect();
    expect(await disconnected).toMatchObject([{ reason: 'taken-over' }]);
    await newcomer.ping();
    expect(client.socket.destroyed).toBe(false);
    context.emulator.faults.clear();
    expect(await client.next()).toBeUndefined();
  });

  it.each<['close' | 'reset', 'FIN' | 'RST']>([
    ['close', 'FIN'],
    ['reset', 'RST'],
  ])('ends the connection before the hub sees it: %s', async (kind, end) => {
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
  ])('ends the connection after the hub has dealt with it, in place of CONNACK: %s', async (kind, end) => {
    const connected = once(context.hub, 'deviceConnected');
    const disconnected = once(context.hub, 'deviceDisconnected');
    context.emulator.faults.add({ at: 'connect', action: { kind, when: 'after' } });
    await using client = await open();
    expect(await endOf(client)).toBe(end);
    expect(await client.next()).toBeUndefined();
    await connected;
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'connection-lost' }]);
  });

  it.each(['before', 'after'] as const)(
    'is answered late (%s), and the packets that follow after it',
    async (when) => {
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
    },
  );

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

describe('a SUBSCRIBE that a fault hits', () => {
  it('is refused, filter by filter, and nothing is subscribed', async () => {
    context.emulator.faults.add({ at: 'subscribe', action: { kind: 'refuse' } });
    await using client = await context.connect();
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
    await using client = await context.connect();
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

describe('an UNSUBSCRIBE that a fault hits', () => {
  it('is never acknowledged', async () => {
    context.emulator.faults.add({ at: 'unsubscribe', action: { kind: 'ignore' } });
    await using client = await context.connect();
    await client.subscribe(DEVICEBOUND);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [DEVICEBOUND] });
    await client.ping();
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [DEVICEBOUND] });
    expect(await client.expect('unsuback')).toMatchObject({ messageId: 3 });
  });
});
