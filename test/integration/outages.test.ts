import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { startEmulator } from 'azure-iot-emulator';
import { enrollDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';
import { connectToHub, createHubDevice } from '../../packages/emulator/test/support/clients';
import { useEmulator } from '../../packages/emulator/test/support/emulator';

/* Networks that fail and hubs that are down, as a test makes them happen. */

const context = useEmulator();

async function until(connection: DeviceConnection, status: ConnectionState['status']): Promise<void> {
  while (connection.state.status !== status) await once(connection, 'state');
}

async function errorOfConnecting(endpoint: string): Promise<unknown> {
  const socket = connectTcp(Number(endpoint.split(':')[1]), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    return error;
  } finally {
    socket.destroy();
  }
}

describe('disconnectDevice', () => {
  it('ends the connection without DISCONNECT, and lets the device connect again', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'pump-1');
    await using client = await connectToHub(emulator, hub, 'pump-1', identity, { clean: false });
    await client.subscribe('devices/pump-1/messages/devicebound/#');
    const disconnected = once(hub, 'deviceDisconnected');
    hub.disconnectDevice('pump-1');
    hub.disconnectDevice('pump-1');
    expect(await client.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId: 'pump-1', reason: 'connection-lost' }]);
    hub.disconnectDevice('pump-1');
    await hub.sendCloudToDevice('pump-1', { body: 'kept' });

    await using again = await connectToHub(emulator, hub, 'pump-1', identity, { clean: false });
    expect(await again.expect('publish')).toMatchObject({ payload: Buffer.from('kept') });
  });

  it('fails for a device that does not exist', () => {
    expect(() => {
      context.hub.disconnectDevice('nobody');
    }).toThrow(expect.objectContaining({ code: 404001 }) as Error);
  });

  it('makes a device of connectDevice connect again', async () => {
    const { emulator, hub } = context;
    const { options } = await enrollDevice(emulator, 'hub-individual', 'pump-2');
    await using connection = await connectDevice(options);
    const lost = until(connection, 'reconnecting');
    hub.disconnectDevice('pump-2');
    await lost;
    await until(connection, 'connected');
    const arrived = once(hub, 'telemetry');
    await connection.client.sendEvent(new Message('back'));
    expect(await arrived).toMatchObject([{ deviceId: 'pump-2' }]);
  });
});

describe('a hub that is stopped', () => {
  it('disconnects all devices, refuses connections, and starts again on the same port with its state', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'pump-3');
    await using client = await connectToHub(emulator, hub, 'pump-3', identity, { clean: false });
    await client.subscribe('devices/pump-3/messages/devicebound/#');
    const { hostName } = hub;
    const disconnected = once(hub, 'deviceDisconnected');
    await Promise.all([hub.stop(), hub.stop()]);
    expect(await disconnected).toEqual([{ deviceId: 'pump-3', reason: 'hub-stopped' }]);
    expect(await client.next()).toBeUndefined();
    expect(await errorOfConnecting(hostName)).toMatchObject({ code: 'ECONNREFUSED' });
    await hub.stop();
    await hub.sendCloudToDevice('pump-3', { body: 'while it was down' });
    hub.updateDesiredProperties('pump-3', { interval: 5 });

    await Promise.all([hub.start(), hub.start()]);
    await hub.start();
    expect(hub.hostName).toBe(hostName);
    await using again = await connectToHub(emulator, hub, 'pump-3', identity, { clean: false });
    expect(await again.expect('publish')).toMatchObject({ payload: Buffer.from('while it was down') });
    expect(hub.getTwin('pump-3')).toMatchObject({ properties: { desired: { interval: 5 } } });
  });

  it('gets the messages of connectDevice that were sent meanwhile when it starts again', async () => {
    const { emulator, hub } = context;
    const { options } = await enrollDevice(emulator, 'hub-group', 'pump-4');
    await using connection = await connectDevice(options);
    await hub.stop();
    await until(connection, 'reconnecting');
    const sent = connection.client.sendEvent(new Message('patience'));
    const arrived = once(hub, 'telemetry');
    await hub.start();
    await sent;
    expect(await arrived).toMatchObject([{ deviceId: 'pump-4', body: Buffer.from('patience') }]);
  });

  it('can be stopped and started while the other of the two is still under way', async () => {
    const { hub } = context;
    await Promise.all([hub.stop(), hub.start(), hub.stop(), hub.start()]);
    expect(await errorOfConnecting(hub.hostName)).toBeUndefined();
  });

  it('leaves nothing behind when the emulator is closed, and cannot be started after that', async () => {
    await expectNothingLeft(async () => {
      const emulator = await startEmulator({ hubs: ['one', 'two', 'three'] });
      const [one, two, three] = emulator.hubs;
      if (!one || !two || !three) throw new Error('three hubs were asked for');
      await one.stop();
      await two.stop();
      const starting = two.start();
      const stopping = three.stop();
      await Promise.all([emulator.close(), emulator.close()]);
      await Promise.all([starting.catch(() => undefined), stopping]);
      for (const hub of [one, two, three]) {
        await expect(hub.start()).rejects.toThrow('closed');
        await hub.stop();
        expect(await errorOfConnecting(hub.hostName)).toMatchObject({ code: 'ECONNREFUSED' });
      }
    });
  });
});
