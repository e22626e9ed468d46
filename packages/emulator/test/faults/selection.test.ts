import { startEmulator, type FaultAt, type FaultHit, type FaultInit } from 'azure-iot-emulator';
import type { IssuedCertificate } from 'azure-iot-certificates';
import { connectToDps, connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import type { RawClient } from '../support/raw-client';

/* The targets of faults, and how often they are hit. */

const context = useEmulator({ hubs: ['north', 'south'] });
let device: IssuedCertificate;

beforeAll(async () => {
  device = await createHubDevice(context.hub, 'pump-1');
  for (const deviceId of ['pump-2', 'pump-3']) {
    const authentication = { primaryThumbprint: device.thumbprint };
    context.hub.devices.create({ deviceId, authentication });
  }
  context.emulator.hubs[1]?.devices.create({
    deviceId: 'pump-1',
    authentication: { primaryThumbprint: device.thumbprint },
  });
});
afterEach(() => {
  context.emulator.faults.clear();
});

const lost: FaultAt<'ping'> = { at: 'ping', action: { kind: 'ignore' } };

/** Which of so many pings are answered. Each is followed by a message, whose acknowledgement comes in any case. */
async function answeredPings(client: RawClient, deviceId: string, count: number): Promise<string> {
  let answered = '';
  // Two small packets in a row, of which the second must not wait.
  client.socket.setNoDelay(true);
  for (let index = 0; index < count; index++) {
    client.send({ cmd: 'pingreq' });
    client.publish(`devices/${deviceId}/messages/events/`, '', { qos: 1 });
    const packet = await client.next();
    answered += packet?.cmd === 'pingresp' ? 'y' : 'n';
    if (packet?.cmd === 'pingresp') await client.expect('puback');
  }
  return answered;
}

describe('a fault', () => {
  it.each([
    ['once', {}, 'nyyyyy'],
    ['three times', { times: 3 }, 'nnnyyy'],
    ['without end', { times: Infinity }, 'nnnnnn'],
    ['after two targets', { skip: 2 }, 'yynyyy'],
    ['twice after one target', { skip: 1, times: 2 }, 'ynnyyy'],
  ])('hits %s', async (_title, counts, expected) => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ ...lost, ...counts });
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect(await answeredPings(client, 'pump-1', 6)).toBe(expected);
    expect(fault.hits).toBe(expected.split('n').length - 1);
  });

  it('hits its device and no other', async () => {
    const { emulator, hub } = context;
    emulator.faults.add({ ...lost, device: 'pump-2', times: Infinity });
    await using one = await connectToHub(emulator, hub, 'pump-1', device);
    await using other = await connectToHub(emulator, hub, 'pump-2', device);
    expect(await answeredPings(one, 'pump-1', 2)).toBe('yy');
    expect(await answeredPings(other, 'pump-2', 2)).toBe('nn');
  });

  it('compares device IDs with case', async () => {
    const { emulator, hub } = context;
    emulator.faults.add({ ...lost, device: 'PUMP-1', times: Infinity });
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect(await answeredPings(client, 'pump-1', 1)).toBe('y');
  });

  it('compares registration IDs without case', async () => {
    const { emulator } = context;
    const fault = emulator.faults.add({ at: 'subscribe', device: 'PUMP-1', action: { kind: 'refuse' } });
    await using client = await connectToDps(emulator, device, 'pump-1');
    await client.ping();
    expect(fault.hits).toBe(1);
  });

  it('hits at its service and no other', async () => {
    const { emulator, hub } = context;
    const [, south] = emulator.hubs;
    if (!south) throw new Error('two hubs were asked for');
    emulator.faults.add({ ...lost, service: 'south', times: Infinity });
    emulator.faults.add({ ...lost, service: 'dps', times: Infinity });
    await using north = await connectToHub(emulator, hub, 'pump-1', device);
    await using other = await connectToHub(emulator, south, 'pump-1', device);
    expect(await answeredPings(north, 'pump-1', 2)).toBe('yy');
    expect(await answeredPings(other, 'pump-1', 2)).toBe('nn');
  });

  it('hits a module by the name of device and module, and not the device itself', async () => {
    const { emulator, hub } = context;
    hub.modules.create({
      deviceId: 'pump-1',
      moduleId: 'filter',
      authentication: { primaryThumbprint: device.thumbprint },
    });
    const fault = emulator.faults.add({ ...lost, device: 'pump-1/filter', times: Infinity });
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    await client.ping();
    await using module_ = await connectToHub(emulator, hub, 'pump-1/filter', device);
    module_.send({ cmd: 'pingreq' });
    await expect(fault.whenHit()).resolves.toEqual({ at: 'ping', service: 'north', device: 'pump-1/filter' });
  });

  it('takes effect on an existing connection until it is removed', async () => {
    const { emulator, hub } = context;
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    const fault = emulator.faults.add({ ...lost, times: Infinity });
    expect(await answeredPings(client, 'pump-1', 2)).toBe('nn');
    fault.remove();
    fault.remove();
    expect(await answeredPings(client, 'pump-1', 2)).toBe('yy');
  });

  it('leaves a target to the next fault when it skips or is used up', async () => {
    const { emulator, hub } = context;
    const second = emulator.faults.add({ ...lost, skip: 1 });
    const first = emulator.faults.add(lost);
    const third = emulator.faults.add(lost);
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect(await answeredPings(client, 'pump-1', 4)).toBe('nnny');
    expect([first.hits, second.hits, third.hits]).toEqual([1, 1, 1]);
  });

  it('does not count a packet that another fault has hit', async () => {
    const { emulator, hub } = context;
    emulator.faults.add({ ...lost, times: 2 });
    const skipping = emulator.faults.add({ ...lost, skip: 1 });
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect(await answeredPings(client, 'pump-1', 4)).toBe('nnyn');
    expect(skipping.hits).toBe(1);
  });
});

describe('whenHit', () => {
  const hit: FaultHit = { at: 'ping', service: 'north', device: 'pump-1' };

  it('resolves with the hit, whether it is called before or after it', async () => {
    const { emulator, hub } = context;
    const fault = emulator.faults.add({ ...lost, times: 3 });
    const [first, second] = [fault.whenHit(), fault.whenHit(2)];
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    client.send({ cmd: 'pingreq' });
    await expect(first).resolves.toEqual(hit);
    await expect(fault.whenHit()).resolves.toEqual(hit);
    expect(fault.hits).toBe(1);
    client.send({ cmd: 'pingreq' });
    await expect(second).resolves.toEqual(hit);
  });

  it('rejects when the fault cannot hit that often', async () => {
    const { emulator } = context;
    const fault = emulator.faults.add(lost);
    await expect(fault.whenHit(2)).rejects.toThrow('never hits 2 times');
    const waiting = fault.whenHit();
    const rejected = expect(waiting).rejects.toThrow('was removed before it had hit 1 times');
    emulator.faults.clear();
    await rejected;
    await expect(fault.whenHit()).rejects.toThrow('was removed');
  });

  it('rejects when the emulator is closed', async () => {
    const emulator = await startEmulator();
    const fault = emulator.faults.add(lost);
    const rejected = expect(fault.whenHit()).rejects.toThrow('was removed');
    await emulator.close();
    await rejected;
    expect(() => emulator.faults.add(lost)).toThrow('closed');
  });
});

describe('the list of faults', () => {
  it('has all faults that were added and not removed, used up or not', async () => {
    const { emulator, hub } = context;
    const used = emulator.faults.add(lost);
    const removed = emulator.faults.add({ at: 'tcp', action: { kind: 'reset' } });
    removed.remove();
    await using client = await connectToHub(emulator, hub, 'pump-1', device);
    expect(await answeredPings(client, 'pump-1', 1)).toBe('n');
    expect(emulator.faults.list()).toEqual([used]);
    expect(used.init).toEqual(lost);
    emulator.faults.clear();
    emulator.faults.clear();
    expect(emulator.faults.list()).toEqual([]);
  });

  it('is not changed by later changes of the object that was added', () => {
    const { emulator } = context;
    const init: FaultInit = { at: 'ping', times: 2, action: { kind: 'ignore' } };
    const fault = emulator.faults.add(init);
    init.times = 7;
    expect(fault.init).toEqual({ ...init, times: 2 });
  });
});
