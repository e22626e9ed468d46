import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Message } from 'azure-iot-device';
import { connectDevice } from 'azure-iot-x509';
import { startEmulator, type Emulator, type FaultInit } from 'azure-iot-emulator';
import { enrollDevice } from '../../support/enrolled-device';
import { expectNothingLeft } from '../../support/leaks';
import { connectToHub, createHubDevice } from '../../../packages/emulator/test/support/clients';

/* What faults hold ends with the emulator, with the hub, and with the faults. */

const FOREVER_MS = 2 ** 31 - 1;

function portOf(endpoint: string): number {
  return Number(endpoint.split(':')[1]);
}

function closeOf(socket: Socket): Promise<unknown> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', resolve));
}

/** Everything that faults can hold, held. Answers with the sockets of the clients. */
async function holdEverything(emulator: Emulator): Promise<Promise<unknown>[]> {
  const [hub] = emulator.hubs;
  if (!hub) throw new Error('there is a hub by default');
  const identity = await createHubDevice(hub, 'pump-0');
  const ends: Promise<unknown>[] = [];

  const beforeMqtt: FaultInit[] = [
    { at: 'tcp', action: { kind: 'stall' } },
    { at: 'tcp', action: { kind: 'delay', ms: FOREVER_MS } },
    { at: 'tcp', action: { kind: 'throttle', bytesPerSecond: 1 } },
    { at: 'tls', action: { kind: 'stall' } },
    { at: 'tls', action: { kind: 'delay', ms: FOREVER_MS } },
    { at: 'tls', action: { kind: 'close' } },
  ];
  for (const init of beforeMqtt) {
    const fault = emulator.faults.add(init);
    // The last of them hits the first byte, which this client does not send.
    const tcp = connectTcp(portOf(hub.hostName), '127.0.0.1');
    const socket = init.action.kind === 'close' ? tcp : connectTls({ socket: tcp, ca: emulator.ca });
    ends.push(closeOf(socket), closeOf(tcp));
    tcp.on('connect', () => undefined);
    await fault.whenHit();
  }

  const inMqtt: FaultInit[] = [
    { at: 'ping', action: { kind: 'delay', ms: FOREVER_MS } },
    { at: 'ping', action: { kind: 'delay', ms: FOREVER_MS, when: 'after' } },
    { at: 'ping', action: { kind: 'throttle', bytesPerSecond: 1 } },
    { at: 'ping', action: { kind: 'swallow' } },
    { at: 'ping', action: { kind: 'swallow', direction: 'from-device' } },
    { at: 'ping', action: { kind: 'swallow', direction: 'to-device' } },
    { at: 'ping', action: { kind: 'ignore' } },
  ];
  for (const [index, init] of inMqtt.entries()) {
    const deviceId = `pump-${index + 1}`;
    hub.devices.create({ deviceId, authentication: { primaryThumbprint: identity.thumbprint } });
    const client = await connectToHub(emulator, hub, deviceId, identity);
    ends.push(client.closed);
    const fault = emulator.faults.add({ ...init, device: deviceId } as FaultInit);
    client.send({ cmd: 'pingreq' });
    await fault.whenHit();
  }
  return ends;
}

it('All actions of faults end when the emulator is closed', async () => {
  await expectNothingLeft(async () => {
    const emulator = await startEmulator();
    const ends = await holdEverything(emulator);
    const waiting = expect(
      emulator.faults.add({ at: 'http', action: { kind: 'close' } }).whenHit(),
    ).rejects.toThrow('removed');
    await emulator.close();
    await Promise.all(ends);
    await waiting;
  });
});

it('Connections that faults hold end when the hub is stopped, and it can be started again', async () => {
  await expectNothingLeft(async () => {
    const emulator = await startEmulator();
    const [hub] = emulator.hubs;
    const ends = await holdEverything(emulator);
    await hub?.stop();
    await Promise.all(ends);
    await hub?.start();
    await emulator.close();
  });
});

it('Connections that faults hold go on when the faults are cleared', async () => {
  await expectNothingLeft(async () => {
    const emulator = await startEmulator();
    const [hub] = emulator.hubs;
    if (!hub) throw new Error('there is a hub by default');
    expect(await holdEverything(emulator)).not.toEqual([]);
    emulator.faults.clear();
    const identity = await createHubDevice(hub, 'late');
    await using client = await connectToHub(emulator, hub, 'late', identity);
    await client.ping();
    // Those that were delayed or throttled are served, those that were stalled or swallowed are gone.
    for (const deviceId of ['pump-4', 'pump-5', 'pump-6']) {
      while (hub.devices.get(deviceId)?.connectionState === 'Connected')
        await once(hub, 'deviceDisconnected');
    }
    for (const deviceId of ['pump-1', 'pump-2', 'pump-3', 'pump-7']) {
      expect(hub.devices.get(deviceId)?.connectionState).toBe('Connected');
    }
    await emulator.close();
  });
});

it('A fault that is added, hit and removed many times leaves nothing on the connection', async () => {
  await using emulator = await startEmulator();
  const [hub] = emulator.hubs;
  if (!hub) throw new Error('there is a hub by default');
  const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const identity = await createHubDevice(hub, 'pump-0');
  await using client = await connectToHub(emulator, hub, 'pump-0', identity);
  const faults: FaultInit[] = [
    { at: 'ping', times: Infinity, action: { kind: 'delay', ms: 1 } },
    { at: 'ping', times: Infinity, action: { kind: 'delay', ms: 1, when: 'after' } },
    { at: 'ping', times: Infinity, action: { kind: 'throttle', bytesPerSecond: 1_000_000 } },
    { at: 'ping', times: Infinity, action: { kind: 'ignore', when: 'after' } },
  ];
  for (const init of faults) {
    const fault = emulator.faults.add(init);
    for (let count = 0; count < 50; count++) client.send({ cmd: 'pingreq' });
    await fault.whenHit(50);
    fault.remove();
  }
  const arrived = once(hub, 'telemetry');
  client.publish('devices/pump-0/messages/events/', 'still there');
  await arrived;
  // Listeners that pile up would have been warned of.
  expect(warnings).not.toHaveBeenCalled();
  warnings.mockRestore();
});

it('connectDevice over WebSockets recovers from a reset, a throttle and a dead link', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0 });
  const { options, hub } = await enrollDevice(emulator, 'hub-individual', 'web');
  const faults = emulator.faults;
  faults.add({ at: 'telemetry', action: { kind: 'reset', when: 'after' } });
  faults.add({ at: 'telemetry', action: { kind: 'close' } });
  faults.add({ at: 'telemetry', action: { kind: 'throttle', bytesPerSecond: 5000 } });
  const swallowed = faults.add({ at: 'telemetry', action: { kind: 'swallow' } });
  await using connection = await connectDevice({
    ...options,
    transport: 'mqtt-ws',
    keepAliveSeconds: 1,
    reconnect: { minDelayMs: 1, maxDelayMs: 5 },
  });
  const bodies = ['one', 'two', 'three', 'four', 'five'];
  for (const body of bodies) await connection.client.sendEvent(new Message(body));
  expect(swallowed.hits).toBe(1);
  expect([...new Set(hub.receivedTelemetry('web').map(({ body }) => body.toString()))]).toEqual(bodies);
});
