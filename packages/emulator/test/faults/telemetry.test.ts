import { once } from 'node:events';
import type { FaultInit } from 'azure-iot-emulator';
import { Bytes, endOf } from './support/bytes';
import { DEVICEBOUND, TELEMETRY, useHubDevice } from './support/hub-device';

/* Faults at messages and their acknowledgements. */

const context = useHubDevice();

describe('telemetry that a fault hits', () => {
  const lost: [FaultInit['action'] & { kind: 'close' | 'reset' }, string, 'FIN' | 'RST'][] = [
    [{ kind: 'close' }, 'lost', 'FIN'],
    [{ kind: 'reset' }, 'lost', 'RST'],
    [{ kind: 'close', when: 'after' }, 'stored', 'FIN'],
    [{ kind: 'reset', when: 'after' }, 'stored', 'RST'],
  ];

  it.each(lost)(
    'ends the connection with %j: the message is %s, and no PUBACK comes',
    async (action, outcome, end) => {
      context.emulator.faults.add({ at: 'telemetry', action });
      await using client = await context.connect();
      const body = JSON.stringify(action);
      client.publish(TELEMETRY, body, { qos: 1 });
      expect(await endOf(client)).toBe(end);
      expect(await client.next()).toBeUndefined();
      expect(context.bodies().includes(body)).toBe(outcome === 'stored');
    },
  );

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('is never acknowledged with %s, and whether it is stored is %s', async (when, isStored) => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'ignore', when } });
    await using client = await context.connect();
    client.publish(TELEMETRY, `ignored ${when}`, { qos: 1 });
    await client.ping();
    expect(context.bodies().includes(`ignored ${when}`)).toBe(isStored);
    await client.publishAcknowledged(TELEMETRY, 'the next one');
  });

  it('at QoS 0 gets lost before it is stored, or ends the connection after it is stored', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'ignore' } });
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'reset', when: 'after' } });
    await using client = await context.connect();
    client.publish(TELEMETRY, 'QoS 0, lost');
    client.publish(TELEMETRY, 'QoS 0, stored');
    client.publish(TELEMETRY, 'QoS 0, too late');
    expect(await endOf(client)).toBe('RST');
    expect(context.bodies().filter((body) => body.startsWith('QoS 0'))).toEqual(['QoS 0, stored']);
  });

  it('is stored late, and the messages that follow after it', async () => {
    const fault = context.emulator.faults.add({
      at: 'telemetry',
      action: { kind: 'delay', ms: 2 ** 31 - 1 },
    });
    await using client = await context.connect();
    client.publish(TELEMETRY, 'late 1', { qos: 1 });
    await fault.whenHit();
    client.publish(TELEMETRY, 'late 2', { qos: 1 });
    client.send({ cmd: 'pingreq' });
    fault.remove();
    await client.expect('puback');
    await client.expect('puback');
    await client.expect('pingresp');
    expect(context.bodies().filter((body) => body.startsWith('late'))).toEqual(['late 1', 'late 2']);
  });

  it('is delayed for the time that was asked for', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'delay', ms: 300 } });
    await using client = await context.connect();
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
    await using client = await context.connect();
    client.publish(TELEMETRY, 'at once', { qos: 1 });
    await stored;
    client.send({ cmd: 'pingreq' });
    fault.remove();
    await client.expect('puback');
    await client.expect('pingresp');
  });

  it('is answered with garbage', async () => {
    context.emulator.faults.add({ at: 'telemetry', action: { kind: 'garbage', what: 'truncated' } });
    await using client = await context.connect();
    const bytes = new Bytes(client);
    client.publish(TELEMETRY, '', { qos: 1 });
    expect(await bytes.all()).toBe('4002');
  });
});

describe('PUBACKs that a fault hits', () => {
  it('of the hub get lost', async () => {
    context.emulator.faults.add({ at: 'puback', action: { kind: 'ignore' } });
    await using client = await context.connect();
    client.publish(TELEMETRY, 'unacknowledged', { qos: 1 });
    await client.ping();
    expect(context.bodies()).toContain('unacknowledged');
  });

  it('of the device get lost, and the message comes again', async () => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ at: 'device-puback', action: { kind: 'ignore' } });
    const client = await context.connect({ clean: false });
    await client.subscribe(DEVICEBOUND);
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'again' });
    client.send({ cmd: 'puback', messageId: (await client.expect('publish')).messageId ?? 0 });
    await fault.whenHit();
    await client.drop();
    await using again = await context.connect({ clean: false });
    const message = await again.expect('publish');
    expect(message).toMatchObject({ dup: true, payload: Buffer.from('again') });
    again.send({ cmd: 'puback', messageId: message.messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
  });

  it('of the device are followed by the end of the connection', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'device-puback', action: { kind: 'reset', when: 'after' } });
    const { outcome } = await hub.sendCloudToDevice('pump-1', { body: 'acknowledged' });
    client.send({ cmd: 'puback', messageId: (await client.expect('publish')).messageId ?? 0 });
    await expect(outcome).resolves.toBe('Success');
    expect(await endOf(client)).toBe('RST');
  });
});
