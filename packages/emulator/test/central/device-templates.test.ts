import { once } from 'node:events';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator, type CentralEmulator, type Emulator } from 'azure-iot-emulator';
import { connectToHub, hubUsername, register } from '../support/clients';
import { RawClient } from '../support/raw-client';

/* IoT Central: what kind a device is of, and how it gets in. */

const PUMP = 'dtmi:contoso:Pump;1';
const VALVE = 'dtmi:contoso:Valve;2';
const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

let emulator: Emulator;
let central: CentralEmulator;
let root: IssuedCertificate;

beforeAll(async () => {
  root = await createRootCertificate({ commonName: 'Plant root' });
});

beforeEach(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0 });
  ({ central } = emulator);
  central.enrollmentGroups.create({ name: 'plant', certificate: root.certificate, isVerified: true });
});

afterEach(async () => {
  await emulator.close();
});

async function registerMember(
  deviceId: string,
  payload?: object,
): Promise<{ device: IssuedCertificate; state: Record<string, unknown> }> {
  const device = await createDeviceCertificate({ commonName: deviceId, issuer: root });
  const { state } = await register(emulator, device, deviceId, { idScope: central.idScope, payload });
  return { device, state };
}

describe('a device template', () => {
  it('is given to devices that announce its model as they register', async () => {
    const template = central.deviceTemplates.create({ modelId: PUMP, displayName: 'Pump' });
    expect(template).toEqual({ modelId: PUMP, displayName: 'Pump' });
    expect((await registerMember('pump-1', { modelId: PUMP })).state).toMatchObject({ status: 'assigned' });
    expect(central.devices.get('pump-1')).toMatchObject({ status: 'Provisioned', template: PUMP });
  });

  it('is given to devices that announce its model to the hub', async () => {
    central.deviceTemplates.create({ modelId: PUMP });
    const { device } = await registerMember('pump-2');
    expect(central.devices.get('pump-2')).toMatchObject({ status: 'Unassigned' });
    const connected = once(central.hub, 'deviceConnected');
    await using client = await RawClient.open(emulator, central.hub.hostName, device);
    const username = `${hubUsername(central.hub, 'pump-2')}&model-id=${encodeURIComponent(PUMP)}`;
    await client.connect({ clientId: 'pump-2', username });
    await connected;
    expect(central.devices.get('pump-2')).toMatchObject({ status: 'Provisioned', template: PUMP });
  });

  it('that does not exist leaves a device Unassigned, which is provisioned all the same', async () => {
    central.deviceTemplates.create({ modelId: PUMP });
    const { device, state } = await registerMember('valve-1', { modelId: VALVE });
    expect(state).toMatchObject({ status: 'assigned', assignedHub: central.hub.hostName });
    expect(central.devices.get('valve-1')).toMatchObject({ status: 'Unassigned' });
    expect(central.devices.get('valve-1')).not.toHaveProperty('template');
    await using client = await connectToHub(emulator, central.hub, 'valve-1', device);
    await client.ping();

    // One that is made later is for the operator to assign, or for the device to ask for again.
    central.deviceTemplates.create({ modelId: VALVE });
    expect(central.devices.get('valve-1')).toMatchObject({ status: 'Unassigned' });
    expect(central.devices.assignTemplate('valve-1', VALVE)).toMatchObject({
      status: 'Provisioned',
      template: VALVE,
    });
  });

  it('is not needed in an application without templates', async () => {
    await registerMember('valve-2', { modelId: VALVE });
    expect(central.devices.get('valve-2')).toMatchObject({ status: 'Provisioned' });
    central.deviceTemplates.create({ modelId: VALVE });
    expect(central.devices.get('valve-2')).toMatchObject({ status: 'Unassigned' });
    await registerMember('valve-2', { modelId: VALVE });
    expect(central.devices.get('valve-2')).toMatchObject({ status: 'Provisioned', template: VALVE });
  });

  it.each([undefined, {}, { modelId: 5 }, 'dtmi:contoso:Pump;1', ['x']])(
    'is not found in the payload %j',
    async (payload) => {
      central.deviceTemplates.create({ modelId: PUMP });
      await registerMember('pump-3', payload as object | undefined);
      expect(central.devices.get('pump-3')).toMatchObject({ status: 'Unassigned' });
    },
  );

  it('that an operator has chosen stays, whatever the device announces', async () => {
    central.deviceTemplates.create({ modelId: PUMP });
    central.deviceTemplates.create({ modelId: VALVE });
    expect(central.devices.create({ deviceId: 'valve-3', template: VALVE })).toMatchObject({
      status: 'Registered',
      template: VALVE,
    });
    await registerMember('valve-3', { modelId: PUMP });
    expect(central.devices.get('valve-3')).toMatchObject({ status: 'Provisioned', template: VALVE });
    expect(central.devices.assignTemplate('valve-3', PUMP)).toMatchObject({ template: PUMP });
  });

  it('can be read, listed and deleted, but not while a device has it', () => {
    const { deviceTemplates, devices } = central;
    deviceTemplates.create({ modelId: PUMP });
    expect(deviceTemplates.get(PUMP)).toEqual({ modelId: PUMP, displayName: PUMP });
    devices.create({ deviceId: 'pump-4', template: PUMP });
    expect(() => {
      deviceTemplates.delete(PUMP);
    }).toThrow(code(409001));
    devices.delete('pump-4');
    deviceTemplates.delete(PUMP);
    expect(deviceTemplates.list()).toEqual([]);
  });

  it('is refused with wrong values', () => {
    const { deviceTemplates, devices } = central;
    deviceTemplates.create({ modelId: PUMP });
    for (const modelId of [
      '',
      'pump',
      'dtmi:',
      'dtmi:contoso:Pump;0',
      'dtmi:contoso:1Pump;1',
      'DTMI:contoso:Pump;1',
    ]) {
      expect(() => deviceTemplates.create({ modelId })).toThrow(code(400004));
    }
    expect(() => deviceTemplates.create({ modelId: PUMP })).toThrow(code(409001));
    expect(() => {
      deviceTemplates.delete(VALVE);
    }).toThrow(code(404000));
    expect(() => devices.create({ deviceId: 'valve-4', template: VALVE })).toThrow(code(404000));
    expect(devices.get('valve-4')).toBeUndefined();
    devices.create({ deviceId: 'valve-5' });
    expect(() => devices.assignTemplate('valve-5', VALVE)).toThrow(code(404000));
    expect(() => devices.assignTemplate('nobody', PUMP)).toThrow(code(404001));
  });
});

describe('an IoT Central application', () => {
  it('can fail the very first registration of each device, once', async () => {
    expect(central.firstRegistration).toBe('assigned');
    central.firstRegistration = 'fails-once';
    for (const deviceId of ['pump-5', 'pump-6']) {
      const { state } = await registerMember(deviceId);
      expect(state).toMatchObject({
        status: 'failed',
        errorCode: 400207,
        errorMessage: 'Custom allocation failed with status code: 404',
      });
      expect(central.devices.get(deviceId)).toMatchObject({ status: 'Registered' });
      expect((await registerMember(deviceId)).state).toMatchObject({ status: 'assigned' });
      expect((await registerMember(deviceId)).state).toMatchObject({ status: 'assigned' });
    }
    expect(() => {
      central.firstRegistration = 'never' as 'assigned';
    }).toThrow(code(400004));
  });

  it('can close an enrollment group and open it again', async () => {
    const { enrollmentGroups } = central;
    const { device } = await registerMember('pump-7');
    expect(enrollmentGroups.disable('plant')).toMatchObject({ name: 'plant', isEnabled: false });
    expect((await registerMember('pump-8')).state).toEqual({});
    expect(central.devices.get('pump-8')).toBeUndefined();
    // Who is in stays in.
    await using client = await connectToHub(emulator, central.hub, 'pump-7', device);
    await client.ping();
    expect(enrollmentGroups.enable('plant')).toMatchObject({ isEnabled: true });
    expect((await registerMember('pump-8')).state).toMatchObject({ status: 'assigned' });
    expect(() => enrollmentGroups.disable('nobody')).toThrow(code(404204));
  });

  it('has one status for each device, the most important one', async () => {
    const { devices } = central;
    central.isAutoApprovalOn = false;
    central.deviceTemplates.create({ modelId: PUMP });
    const status = (): string | undefined => devices.get('pump-9')?.status;
    await registerMember('pump-9');
    expect(status()).toBe('Unapproved');
    expect(devices.block('pump-9').status).toBe('Blocked');
    expect(devices.approve('pump-9').status).toBe('Blocked');
    expect((await registerMember('pump-9')).state).toMatchObject({ errorCode: 400209 });
    expect(devices.unblock('pump-9').status).toBe('Registered');
    expect((await registerMember('pump-9')).state).toMatchObject({ status: 'assigned' });
    expect(status()).toBe('Unassigned');
    devices.block('pump-9');
    expect(devices.unblock('pump-9').status).toBe('Unassigned');
    expect(central.hub.devices.get('pump-9')).toMatchObject({ status: 'enabled' });
  });

  it('provisions waiting devices only when an operator approves them, also after approval became automatic', async () => {
    central.isAutoApprovalOn = false;
    await registerMember('pump-10');
    central.isAutoApprovalOn = true;
    expect((await registerMember('pump-10')).state).toMatchObject({ errorCode: 400209 });
    expect((await registerMember('pump-11')).state).toMatchObject({ status: 'assigned' });
  });

  it('finds a device by its ID in another case', async () => {
    central.devices.create({ deviceId: 'Pump-12' });
    const own = await createSelfSignedCertificate({ commonName: 'PUMP-12' });
    central.devices.attest('pump-12', {
      primaryCertificate: own.certificate,
      secondaryCertificate: own.certificate,
    });
    const { state } = await register(emulator, own, 'PUMP-12', { idScope: central.idScope });
    expect(state).toMatchObject({ status: 'assigned' });
    expect(central.devices.list()).toHaveLength(1);
  });

  it('can be one of several, each with devices of its own', async () => {
    await using several = await startEmulator({
      retryAfterSeconds: 0,
      centralApplications: ['east', 'west'],
    });
    const [east, west] = several.centralApplications;
    if (east === undefined || west === undefined) throw new Error('there are two');
    east.enrollmentGroups.create({ name: 'plant', certificate: root.certificate, isVerified: true });
    west.deviceTemplates.create({ modelId: PUMP });
    const device = await createDeviceCertificate({ commonName: 'pump-13', issuer: root });
    const { state } = await register(several, device, 'pump-13', { idScope: east.idScope });
    expect(state).toMatchObject({ status: 'assigned', assignedHub: east.hub.hostName });
    expect(east.devices.get('pump-13')).toMatchObject({ status: 'Provisioned' });
    expect(west.devices.get('pump-13')).toBeUndefined();
    const refused = await register(several, device, 'pump-13', { idScope: west.idScope });
    expect(refused.body).toMatchObject({ errorCode: 401002 });
  });
});
