import { endOf } from './support/bytes';
import { DEVICEBOUND, useHubDevice } from './support/hub-device';

/* Faults at packets that the hub sends of its own accord. */

const context = useHubDevice();

describe('a packet of the hub that a fault hits', () => {
  it('gets lost', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
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
    await using client = await context.connect();
    await client.subscribe('$iothub/twin/PATCH/properties/desired/#');
    emulator.faults.add({ at: 'desired-properties', action: { kind: 'garbage', what: 'not-json' } });
    hub.updateDesiredProperties('pump-1', { interval: 3 });
    const { topic, payload } = await client.expect('publish');
    expect(topic).toMatch(/^\$iothub\/twin\/PATCH\/properties\/desired\/\?\$version=\d+$/);
    expect(() => JSON.parse(payload.toString()) as unknown).toThrow();
  });

  it('comes twice, the second time marked as a duplicate', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
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
    await using client = await context.connect();
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

  it.each(['before', 'after'] as const)('ends the connection %s it is sent', async (when) => {
    const { emulator, hub } = context;
    await using client = await context.connect();
    await client.subscribe(DEVICEBOUND);
    emulator.faults.add({ at: 'cloud-to-device', action: { kind: 'close', when } });
    await hub.sendCloudToDevice('pump-1', { body: when });
    expect(await endOf(client)).toBe('FIN');
    const packet = await client.next();
    expect(packet?.cmd).toBe(when === 'before' ? undefined : 'publish');
  });
});

describe('the answer to a direct method that a fault hits', () => {
  it('gets lost, and the call fails', async () => {
    const { emulator, hub } = context;
    await using client = await context.connect();
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
