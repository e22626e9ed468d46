import { once } from 'node:events';
import { endOf } from './support/bytes';
import { DEVICEBOUND, TELEMETRY, useHubDevice } from './support/hub-device';

/* Connections that are slow, and connections that are dead. */

const context = useHubDevice();

describe('a connection that a fault throttles', () => {
  it('carries at most the bytes per second of the fault in each direction, until the fault is removed', async () => {
    const fault = context.emulator.faults.add({
      at: 'telemetry',
      action: { kind: 'throttle', bytesPerSecond: 2000 },
    });
    await using client = await context.connect();
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
    await using client = await context.connect();
    await client.subscribe('$iothub/twin/res/#');
    for (let index = 0; index < 100; index++) client.publish(`$iothub/twin/GET/?$rid=${index}`);
    for (let index = 0; index < 100; index++) {
      expect((await client.expect('publish')).topic).toBe(`$iothub/twin/res/200/?$rid=${index}`);
    }
  });
});

describe('a connection whose bytes a fault swallows', () => {
  it('is dead in both directions, and neither side is told', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
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
    await using again = await context.connect({ clean: false });
    await again.subscribe(DEVICEBOUND);
    const message = await again.expect('publish');
    expect(message).toMatchObject({ payload: Buffer.from('kept') });
    again.send({ cmd: 'puback', messageId: message.messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
    expect(context.bodies().some((body) => body.startsWith('swallowed'))).toBe(false);
  });

  it('is noticed by the hub when the keep-alive expires, of which the device hears nothing', async () => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ at: 'ping', action: { kind: 'swallow' } });
    await using client = await context.connect({ keepalive: 1 });
    const disconnected = once(hub, 'deviceDisconnected');
    client.send({ cmd: 'pingreq' });
    await fault.whenHit();
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'keep-alive-expired' }]);
    expect(client.socket.destroyed).toBe(false);
    fault.remove();
    expect(await endOf(client)).toBe('RST');
  });

  it('carries packets of the hub if only those of the device are swallowed', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', direction: 'from-device' } });
    client.publish(TELEMETRY, 'swallowed 3', { qos: 1 });
    client.send({ cmd: 'pingreq' });
    await hub.sendCloudToDevice('pump-1', { body: 'heard' });
    expect((await client.expect('publish')).payload.toString()).toBe('heard');
    expect(context.bodies()).not.toContain('swallowed 3');
  });

  it('carries packets of the device if only those of the hub are swallowed', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
    emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', direction: 'to-device' } });
    for (const body of ['heard 1', 'heard 2']) {
      const arrived = once(hub, 'telemetry');
      client.publish(TELEMETRY, body, { qos: 1 });
      await arrived;
    }
    expect(context.bodies().filter((body) => body.startsWith('heard'))).toEqual(['heard 1', 'heard 2']);
    const end = endOf(client);
    emulator.faults.clear();
    expect(await end).toBe('RST');
    expect(await client.next()).toBeUndefined();
  });

  it('can be swallowed after the answer is sent', async () => {
    const { emulator } = context;
    await using client = await context.connect();
    const fault = emulator.faults.add({ at: 'telemetry', action: { kind: 'swallow', when: 'after' } });
    const stored = once(context.hub, 'telemetry');
    client.publish(TELEMETRY, 'stored, unacknowledged', { qos: 1 });
    await stored;
    expect(context.bodies()).toContain('stored, unacknowledged');
    fault.remove();
    expect(await client.next()).toBeUndefined();
  });
});
