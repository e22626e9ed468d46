import { once } from 'node:events';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectionState, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import {
  startEmulator,
  type EnrollmentAllocationInit,
  type HubEmulator,
  type InitialTwin,
} from 'azure-iot-emulator';
import { makeGroupDevice } from '../support/group-device';
import { connectToHub, openHubConnection, register } from '../../packages/emulator/test/support/clients';
import { useEmulator } from '../../packages/emulator/test/support/emulator';

/* Devices that move between hubs: the enrollment's hubs change, and the next registration acts on it. */

const context = useEmulator({ hubs: ['north', 'south', 'east'] });
let count = 0;

function hubNamed(name: string): HubEmulator {
  const hub = context.emulator.hubs.find((one) => one.name === name);
  if (hub === undefined) throw new Error(`no hub ${name}`);
  return hub;
}

interface Enrolled {
  readonly id: string;
  readonly device: IssuedCertificate;
  readonly update: (update: EnrollmentAllocationInit & { initialTwin?: InitialTwin }) => void;
  readonly register: () => Promise<Record<string, unknown>>;
}

async function enrollIndividual(
  init: EnrollmentAllocationInit & { initialTwin?: InitialTwin },
): Promise<Enrolled> {
  const { emulator } = context;
  const id = `mover-${(count += 1)}`;
  const device = await createSelfSignedCertificate({ commonName: id });
  const { individualEnrollments } = emulator.dps;
  individualEnrollments.create({ registrationId: id, primaryCertificate: device.certificate, ...init });
  return {
    id,
    device,
    update: (update) => individualEnrollments.update(id, update),
    register: async () => (await register(emulator, device, id)).state,
  };
}

async function enrollGroup(
  init: EnrollmentAllocationInit & { initialTwin?: InitialTwin },
): Promise<Enrolled> {
  const { emulator } = context;
  const id = `mover-${(count += 1)}`;
  const device = await makeGroupDevice(id);
  const { certificates, enrollmentGroups } = emulator.dps;
  const enrollmentGroupId = `${id}-group`;
  certificates.upload({ name: id, certificate: device.root.certificate, isVerified: true });
  enrollmentGroups.create({ enrollmentGroupId, certificateName: id, ...init });
  return {
    id,
    device,
    update: (update) => enrollmentGroups.update(enrollmentGroupId, update),
    register: async () => (await register(emulator, device, id)).state,
  };
}

const initialTwin = { tags: { floor: 1 }, properties: { desired: { interval: 10 } } };

describe.each([
  ['an individual enrollment', enrollIndividual],
  ['an enrollment group', enrollGroup],
])('%s', (_title, enroll) => {
  it('assigns to the hubs that it names, by name or by host name', async () => {
    const south = hubNamed('south');
    expect(await (await enroll({ iotHubs: ['south'] })).register()).toMatchObject({
      assignedHub: south.hostName,
      substatus: 'initialAssignment',
    });
    expect(await (await enroll({ iotHubs: [south.hostName.toUpperCase()] })).register()).toMatchObject({
      assignedHub: south.hostName,
    });
  });

  it('moves a device with its data, and removes it from the hub before', async () => {
    const [north, south] = [hubNamed('north'), hubNamed('south')];
    const { emulator } = context;
    const { id, device, register, update } = await enroll({ iotHubs: ['north'], initialTwin });
    await register();
    north.updateDesiredProperties(id, { interval: 20, mode: 'eco' });
    await using client = await connectToHub(emulator, north, id, device);
    await client.subscribe('$iothub/twin/res/#');
    client.publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"firmware":"1.2"}');
    await client.expect('publish');
    const { outcome } = await north.sendCloudToDevice(id, { body: 'too late' });

    update({ iotHubs: ['south'] });
    expect(north.devices.get(id)).toBeDefined();
    expect(emulator.dps.registrations.get(id)).toMatchObject({ assignedHub: north.hostName });

    const disconnected = once(north, 'deviceDisconnected');
    const moved = { assignedHub: south.hostName, deviceId: id, substatus: 'deviceDataMigrated' };
    expect(await register()).toMatchObject(moved);
    expect(emulator.dps.registrations.get(id)).toMatchObject(moved);
    expect(await disconnected).toEqual([{ deviceId: id, reason: 'device-deleted' }]);
    expect(await client.next()).toBeUndefined();
    expect(await outcome).toBe('Purged');
    expect(north.devices.get(id)).toBeUndefined();
    expect(south.getTwin(id)).toMatchObject({
      deviceId: id,
      tags: { floor: 1 },
      properties: {
        desired: { interval: 20, mode: 'eco', $version: 2 },
        reported: { firmware: '1.2', $version: 2 },
      },
    });

    await using refused = await openHubConnection(emulator, north, id, device);
    expect(refused.connack).toMatchObject({ returnCode: 5 });
    await using accepted = await connectToHub(emulator, south, id, device);
    await accepted.ping();
    // Once it is there, the device is at home.
    expect(await register()).toMatchObject({ ...moved, substatus: 'initialAssignment' });
  });

  it('resets a device that moves without its data to the initial twin of the moment', async () => {
    const [north, south] = [hubNamed('north'), hubNamed('south')];
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: false };
    const { id, register, update } = await enroll({ iotHubs: ['north'], initialTwin, reprovisionPolicy });
    await register();
    north.updateDesiredProperties(id, { interval: 20 });
    update({ iotHubs: ['south'], initialTwin: { properties: { desired: { interval: 30 } } } });
    expect(await register()).toMatchObject({ assignedHub: south.hostName, substatus: 'deviceDataReset' });
    expect(north.devices.get(id)).toBeUndefined();
    expect(south.getTwin(id)).toMatchObject({
      tags: {},
      properties: { desired: { interval: 30 }, reported: { $version: 1 } },
    });
  });

  it('resets a device that is assigned to the same hub again, too', async () => {
    const north = hubNamed('north');
    const reprovisionPolicy = { migrateDeviceData: false };
    const { id, device, register, update } = await enroll({
      iotHubs: ['north'],
      initialTwin,
      reprovisionPolicy,
    });
    expect(await register()).toMatchObject({ substatus: 'initialAssignment' });
    north.updateDesiredProperties(id, { interval: 20, mode: 'eco' });
    await using client = await connectToHub(context.emulator, north, id, device);
    expect(await register()).toMatchObject({ assignedHub: north.hostName, substatus: 'deviceDataReset' });
    expect(await client.next()).toBeUndefined();
    expect(north.getTwin(id)).toMatchObject({
      tags: { floor: 1 },
      properties: { desired: { interval: 10 } },
    });
    expect(north.getTwin(id).properties.desired).not.toHaveProperty('mode');
    // Never means never, whatever else the policy says.
    update({ reprovisionPolicy: { updateHubAssignment: false } });
    north.updateDesiredProperties(id, { mode: 'eco' });
    expect(await register()).toMatchObject({ substatus: 'initialAssignment' });
    expect(north.getTwin(id).properties.desired).toMatchObject({ mode: 'eco' });
  });

  it('leaves a device of an old version where it is, unless there is a policy', async () => {
    const { id, device, update } = await enroll({ iotHubs: ['north'] });
    const registerAs = async (apiVersion: string) =>
      (await register(context.emulator, device, id, { apiVersion })).state['assignedHub'];
    expect(await registerAs('2017-11-15')).toBe(hubNamed('north').hostName);
    update({ iotHubs: ['south'] });
    expect(await registerAs('2018-04-01')).toBe(hubNamed('north').hostName);
    update({ reprovisionPolicy: { updateHubAssignment: true } });
    expect(await registerAs('2018-04-01')).toBe(hubNamed('south').hostName);
  });

  it('moves a device of the first version that knows of it', async () => {
    const { id, device, update } = await enroll({ iotHubs: ['north'] });
    await register(context.emulator, device, id, { apiVersion: '2018-11-01' });
    update({ iotHubs: ['south'] });
    const { state } = await register(context.emulator, device, id, { apiVersion: '2018-11-01' });
    expect(state).toMatchObject({ assignedHub: hubNamed('south').hostName, substatus: 'deviceDataMigrated' });
  });

  it('leaves a device at its first hub when it is never to be moved', async () => {
    const north = hubNamed('north');
    const { id, register, update } = await enroll({
      iotHubs: ['north'],
      reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: true },
    });
    await register();
    update({ iotHubs: ['south'] });
    expect(await register()).toMatchObject({ assignedHub: north.hostName, substatus: 'initialAssignment' });
    expect(north.devices.get(id)).toBeDefined();
    expect(hubNamed('south').devices.get(id)).toBeUndefined();

    update({ reprovisionPolicy: { updateHubAssignment: true } });
    expect(await register()).toMatchObject({ substatus: 'deviceDataMigrated' });
  });

  it('leaves a device where it is while its hub is one of several, or all are allowed again', async () => {
    const { register, update } = await enroll({ iotHubs: ['east'] });
    await register();
    const stays = { assignedHub: hubNamed('east').hostName, substatus: 'initialAssignment' };
    update({ iotHubs: ['north', 'east', 'south'] });
    expect(await register()).toMatchObject(stays);
    update({ iotHubs: [] });
    expect(await register()).toMatchObject(stays);
  });

  it('gives a device that was deleted at its hub the initial twin at the next one', async () => {
    const [north, south] = [hubNamed('north'), hubNamed('south')];
    const { id, register, update } = await enroll({ iotHubs: ['north'], initialTwin });
    await register();
    north.updateDesiredProperties(id, { interval: 20 });
    north.devices.delete(id);
    update({ iotHubs: ['south'] });
    await register();
    expect(south.getTwin(id)).toMatchObject({ properties: { desired: { interval: 10 } } });
  });

  it('refuses hubs that are not linked', async () => {
    const code = expect.objectContaining({ code: 400004 }) as Error;
    await expect(enroll({ iotHubs: ['west'] })).rejects.toEqual(code);
    await expect(enroll({ iotHubs: [context.emulator.central.hub.hostName] })).rejects.toEqual(code);
    const { update } = await enroll({});
    expect(() => {
      update({ iotHubs: ['north', 'west'] });
    }).toThrow(code);
  });
});

describe('an enrollment', () => {
  it('has its hubs by host name, and its re-provisioning policy', async () => {
    const { individualEnrollments } = context.emulator.dps;
    const { id, update } = await enrollIndividual({});
    expect(individualEnrollments.get(id)).toMatchObject({
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
    });
    expect(individualEnrollments.get(id)).not.toHaveProperty('iotHubs');
    update({ iotHubs: ['south', 'south'], reprovisionPolicy: { migrateDeviceData: false } });
    expect(individualEnrollments.get(id)).toMatchObject({
      iotHubs: [hubNamed('south').hostName],
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
    });
  });

  it('moves a device with its data after a registration that failed in between', async () => {
    const north = hubNamed('north');
    const { individualEnrollments } = context.emulator.dps;
    const { id, register, update } = await enrollIndividual({ iotHubs: ['north'] });
    await register();
    individualEnrollments.update(id, { provisioningStatus: 'disabled' });
    await register();
    individualEnrollments.update(id, { provisioningStatus: 'enabled' });
    update({ iotHubs: ['south'] });
    expect(await register()).toMatchObject({ substatus: 'deviceDataMigrated' });
    expect(north.devices.get(id)).toBeUndefined();
  });
});

it('A registration can name the same hub by its other host name', async () => {
  await using emulator = await startEmulator({
    retryAfterSeconds: 0,
    unverifiedBehavior: { sameHubSubstatus: 'reprovisionedToInitialAssignment' },
  });
  const device = await createSelfSignedCertificate({ commonName: 'mover' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'mover',
    primaryCertificate: device.certificate,
  });
  const substatus = async () => (await register(emulator, device, 'mover')).state['substatus'];
  expect(await substatus()).toBe('initialAssignment');
  expect(await substatus()).toBe('reprovisionedToInitialAssignment');
});

it('A registration fails when the hub refuses the device', async () => {
  const { individualEnrollments, registrations } = context.emulator.dps;
  const { id, register } = await enrollIndividual({});
  individualEnrollments.update(id, { deviceId: 'not a device ID' });
  expect(await register()).toMatchObject({ status: 'failed', errorCode: 400004 });
  expect(registrations.get(id)).toMatchObject({ status: 'failed' });
});

describe('connectDevice', () => {
  async function until(connection: DeviceConnection, status: ConnectionState['status']): Promise<void> {
    while (connection.state.status !== status) await once(connection, 'state');
  }

  it.each([
    ['is disabled', (hub: HubEmulator, id: string) => void hub.devices.disable(id)],
    ['was deleted', (hub: HubEmulator, id: string) => hub.devices.delete(id)],
  ])('connects to the new hub of a device after it %s at the old one', async (_what, send) => {
    const { emulator } = context;
    const [north, south] = [hubNamed('north'), hubNamed('south')];
    const { id, device, update } = await enrollIndividual({ iotHubs: ['north'] });
    await using connection = await connectDevice({
      enrollment: 'hub-individual',
      idScope: emulator.idScope,
      globalEndpoint: emulator.globalEndpoint,
      ca: emulator.ca,
      cert: device.fullChain,
      key: device.privateKey,
    });
    expect(connection.registration.assignedHub).toBe(north.hostName);

    update({ iotHubs: ['south'] });
    const reprovisioned = once(connection, 'reprovisioned');
    send(north, id);
    expect(await reprovisioned).toMatchObject([
      {
        previous: { assignedHub: north.hostName },
        current: { assignedHub: south.hostName, substatus: 'deviceDataMigrated' },
      },
    ]);
    await until(connection, 'connected');
    const arrived = once(south, 'telemetry');
    await connection.client.sendEvent(new Message('from here'));
    expect(await arrived).toMatchObject([{ deviceId: id }]);
    expect(south.devices.get(id)).toMatchObject({ connectionState: 'Connected', status: 'enabled' });
    expect(north.devices.get(id)).toBeUndefined();
  });
});
