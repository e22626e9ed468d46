import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator, type HubEmulator } from 'azure-iot-emulator';
import { connectToDps, connectToHub, createHubDevice, openHubConnection, register } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { useWarnings } from '../support/warnings';

/* Faults whose actions are performed by the services. */

const context = useEmulator({ hubs: ['north', 'south'] });
const given = useWarnings();

afterEach(() => {
  context.emulator.faults.clear();
});

const TELEMETRY = (deviceId: string): string => `devices/${deviceId}/messages/events/`;

async function isListening(endpoint: string): Promise<boolean> {
  const socket = connectTcp(Number(endpoint.split(':')[1]), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A device with an individual enrollment that is assigned to a hub. */
async function assigned(registrationId: string, iotHubs: string[]): Promise<IssuedCertificate> {
  const { emulator } = context;
  const identity = await createSelfSignedCertificate({ commonName: registrationId });
  emulator.dps.individualEnrollments.create({
    registrationId,
    primaryCertificate: identity.certificate,
    iotHubs,
  });
  await register(emulator, identity, registrationId);
  return identity;
}

async function returnCodeAt(
  hub: HubEmulator,
  deviceId: string,
  identity: IssuedCertificate,
): Promise<number> {
  await using connection = await openHubConnection(context.emulator, hub, deviceId, identity);
  return connection.connack.returnCode ?? -1;
}

describe('a device that a fault acts on', () => {
  it.each([
    ['before', 'lost'],
    ['after', 'stored'],
  ] as const)('is dropped by its hub %s its message is %s, and may come back', async (when, outcome) => {
    const { emulator, hub } = context;
    const deviceId = `dropped-${when}`;
    const identity = await createHubDevice(hub, deviceId);
    emulator.faults.add({ at: 'telemetry', device: deviceId, action: { kind: 'disconnect', when } });
    await using client = await connectToHub(emulator, hub, deviceId, identity);
    const disconnected = once(hub, 'deviceDisconnected');
    client.publish(TELEMETRY(deviceId), '', { qos: 1 });
    expect((await client.next())?.cmd).toBe(outcome === 'stored' ? 'puback' : undefined);
    await client.closed;
    expect(await disconnected).toEqual([{ deviceId, reason: 'connection-lost' }]);
    expect(hub.receivedTelemetry(deviceId)).toHaveLength(outcome === 'stored' ? 1 : 0);
    expect(await returnCodeAt(hub, deviceId, identity)).toBe(0);
  });

  it('is disabled: its connection ends, and it is refused from then on', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'disabled');
    emulator.faults.add({ at: 'ping', device: 'disabled', action: { kind: 'disable' } });
    await using client = await connectToHub(emulator, hub, 'disabled', identity);
    client.send({ cmd: 'pingreq' });
    await client.closed;
    expect(hub.devices.get('disabled')?.status).toBe('disabled');
    expect(await returnCodeAt(hub, 'disabled', identity)).toBe(5);
  });

  it('is deleted while it registers at DPS', async () => {
    const { emulator, hub } = context;
    const identity = await assigned('deleted', ['north']);
    emulator.faults.add({ at: 'register', device: 'DELETED', action: { kind: 'delete' } });
    await using client = await connectToHub(emulator, hub, 'deleted', identity);
    const disconnected = once(hub, 'deviceDisconnected');
    await register(emulator, identity, 'deleted');
    expect(await disconnected).toEqual([{ deviceId: 'deleted', reason: 'device-deleted' }]);
    await client.closed;
    // The registration itself has made it anew.
    expect(hub.devices.get('deleted')).toBeDefined();
  });

  it('is moved: its hub refuses it, and DPS assigns the other one, with its twin', async () => {
    const { emulator } = context;
    const [north, south] = emulator.hubs;
    if (!north || !south) throw new Error('two hubs were asked for');
    const identity = await assigned('moved', ['north']);
    north.updateDesiredProperties('moved', { interval: 5 });
    emulator.faults.add({
      at: 'telemetry',
      device: 'moved',
      action: { kind: 'move', to: 'south', when: 'after' },
    });
    await using client = await connectToHub(emulator, north, 'moved', identity);
    await client.publishAcknowledged(TELEMETRY('moved'));
    await client.closed;
    expect(await returnCodeAt(north, 'moved', identity)).toBe(5);
    const { state } = await register(emulator, identity, 'moved');
    expect(state).toMatchObject({ assignedHub: south.hostName, substatus: 'deviceDataMigrated' });
    expect(north.devices.get('moved')).toBeUndefined();
    expect(south.getTwin('moved').properties.desired).toMatchObject({ interval: 5 });
    expect(await returnCodeAt(south, 'moved', identity)).toBe(0);
  });

  it('is moved before it is assigned to a hub', async () => {
    const { emulator } = context;
    const [, south] = emulator.hubs;
    const identity = await createSelfSignedCertificate({ commonName: 'early' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'early',
      primaryCertificate: identity.certificate,
      iotHubs: ['north'],
    });
    emulator.faults.add({ at: 'subscribe', service: 'dps', action: { kind: 'move', to: 'south' } });
    const { state } = await register(emulator, identity, 'early');
    expect(state).toMatchObject({ assignedHub: south?.hostName });
  });

  it('of an enrollment group is moved, and the others follow when they register again', async () => {
    const { emulator } = context;
    const [north, south] = emulator.hubs;
    if (!north || !south) throw new Error('two hubs were asked for');
    const issuer = await createRootCertificate({ commonName: 'fleet' });
    emulator.dps.certificates.upload({ name: 'fleet', certificate: issuer.certificate, isVerified: true });
    emulator.dps.enrollmentGroups.create({
      enrollmentGroupId: 'fleet',
      certificateName: 'fleet',
      iotHubs: ['north'],
    });
    const [one, other] = await Promise.all(
      ['member-1', 'member-2'].map((commonName) => createDeviceCertificate({ commonName, issuer })),
    );
    if (!one || !other) throw new Error('two were made');
    await register(emulator, one, 'member-1');
    await register(emulator, other, 'member-2');
    emulator.faults.add({
      at: 'connect',
      device: 'member-1',
      service: 'north',
      action: { kind: 'move', to: 'south' },
    });
    expect(await returnCodeAt(north, 'member-1', one)).toBe(5);
    expect(await returnCodeAt(north, 'member-2', other)).toBe(0);
    expect((await register(emulator, one, 'member-1')).state['assignedHub']).toBe(south.hostName);
    expect((await register(emulator, other, 'member-2')).state['assignedHub']).toBe(south.hostName);
  });
});

describe('an action of a fault that cannot be done', () => {
  it('emits a warning, and the packet is dealt with', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'unenrolled');
    emulator.faults.add({ at: 'ping', device: 'unenrolled', action: { kind: 'move', to: 'south' } });
    await using client = await connectToHub(emulator, hub, 'unenrolled', identity);
    const warning = given.next();
    await client.ping();
    expect(await warning).toEqual({
      code: 'AZURE_IOT_X509_EMULATOR_FAULT',
      message: 'The fault at ping could not move: unenrolled has no enrollment.',
    });
  });
});

describe('a service that a fault stops', () => {
  it('restarts on the same port, and refuses connections meanwhile', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'witness');
    const fault = emulator.faults.add({
      at: 'telemetry',
      service: 'north',
      action: { kind: 'restart', downMs: 2 ** 31 - 1, when: 'after' },
    });
    await using client = await connectToHub(emulator, hub, 'witness', identity);
    const disconnected = once(hub, 'deviceDisconnected');
    await client.publishAcknowledged(TELEMETRY('witness'));
    expect(await disconnected).toEqual([{ deviceId: 'witness', reason: 'hub-stopped' }]);
    await client.closed;
    // The device is dropped when the hub does not listen any more.
    expect(await isListening(hub.hostName)).toBe(false);
    expect(await isListening(emulator.globalEndpoint)).toBe(true);
    fault.remove();
    await hub.start();
    expect(await returnCodeAt(hub, 'witness', identity)).toBe(0);
  });

  it('starts again by itself', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'patient');
    const fault = emulator.faults.add({
      at: 'tcp',
      service: 'north',
      action: { kind: 'restart', downMs: 50 },
    });
    const socket = connectTcp(Number(hub.hostName.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    await fault.whenHit();
    await new Promise((resolve) => socket.once('close', resolve));
    while (!(await isListening(hub.hostName)));
    expect(await returnCodeAt(hub, 'patient', identity)).toBe(0);
  });

  it('may be DPS, restarted by an event at a hub', async () => {
    const { emulator, hub } = context;
    const identity = await createHubDevice(hub, 'remote');
    const fault = emulator.faults.add({
      at: 'ping',
      device: 'remote',
      action: { kind: 'restart', service: 'dps', downMs: 2 ** 31 - 1 },
    });
    await using provisioning = await connectToDps(emulator, identity, 'remote');
    await using client = await connectToHub(emulator, hub, 'remote', identity);
    await client.ping();
    await provisioning.closed;
    expect(await isListening(emulator.globalEndpoint)).toBe(false);
    fault.remove();
    while (!(await isListening(emulator.globalEndpoint)));
  });

  it('does not start again when the emulator is closed meanwhile', async () => {
    const emulator = await startEmulator();
    const [hub] = emulator.hubs;
    if (!hub) throw new Error('there is a hub by default');
    const identity = await createHubDevice(hub, 'last');
    emulator.faults.add({ at: 'ping', action: { kind: 'restart', downMs: 2 ** 31 - 1 } });
    await using client = await connectToHub(emulator, hub, 'last', identity);
    client.send({ cmd: 'pingreq' });
    await client.closed;
    await emulator.close();
    expect(await isListening(hub.hostName)).toBe(false);
    expect(given.warnings).toEqual([]);
  });

  it('on a shared port is told apart by the name that devices give', async () => {
    await using emulator = await startEmulator({
      hubs: ['north', 'south'],
      sharedPorts: [0],
      hostName: 'localhost',
    });
    const [north, south] = emulator.hubs;
    if (!north || !south) throw new Error('two hubs were asked for');
    const identity = await createHubDevice(north, 'shared');
    south.devices.create({ deviceId: 'shared', authentication: { primaryThumbprint: identity.thumbprint } });
    const fault = emulator.faults.add({
      at: 'connect',
      service: 'south',
      times: Infinity,
      action: { kind: 'refuse', returnCode: 3 },
    });
    const connectTo = async (hub: HubEmulator): Promise<number> => {
      const port = hub.hostName.split(':')[1] ?? '';
      const address = Object.create(hub, { hostName: { value: `localhost:${port}` } }) as HubEmulator;
      await using connection = await openHubConnection(emulator, address, 'shared', identity, {
        username: `${hub.hostName}/shared/?api-version=2021-04-12`,
      });
      return connection.connack.returnCode ?? -1;
    };
    expect(await connectTo(north)).toBe(0);
    expect(await connectTo(south)).toBe(3);
    expect(await fault.whenHit()).toEqual({ at: 'connect', service: 'south', device: 'shared' });
  });
});
