import { once } from 'node:events';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { CentralEmulator } from 'azure-iot-emulator';
import { connectToHub, openHubConnection, register } from './support/clients';
import { useEmulator } from './support/emulator';
import type { RawClient } from './support/raw-client';

const context = useEmulator();
const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;

let central: CentralEmulator;
let root: IssuedCertificate;
let intermediate: IssuedCertificate;

beforeAll(async () => {
  ({ central } = context.emulator);
  root = await createRootCertificate({ commonName: 'Fleet root' });
  intermediate = await createIntermediateCertificate({ commonName: 'Fleet intermediate', issuer: root });
});

function registerAtCentral(device: IssuedCertificate, registrationId: string): ReturnType<typeof register> {
  return register(context.emulator, device, registrationId, {
    idScope: central.idScope,
    payload: { modelId: 'dtmi:contoso:Pump;1' },
  });
}

function connectToCentral(device: IssuedCertificate, deviceId: string): Promise<RawClient> {
  return connectToHub(context.emulator, central.hub, deviceId, device);
}

describe('a device of IoT Central with certificates of its own', () => {
  it('is Registered until it registers with the ID scope of the application, then Provisioned at the hidden hub', async () => {
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    expect(central.devices.create({ deviceId: 'pump-1', displayName: 'Pump' })).toEqual({
      deviceId: 'pump-1',
      displayName: 'Pump',
      status: 'Registered',
      hasIndividualEnrollment: false,
    });
    central.devices.attest('pump-1', {
      primaryCertificate: device.certificate,
      secondaryCertificate: device.certificate,
    });
    const { state } = await registerAtCentral(device, 'pump-1');
    expect(state).toMatchObject({
      status: 'assigned',
      assignedHub: central.hub.hostName,
      deviceId: 'pump-1',
    });
    expect(central.devices.get('pump-1')).toMatchObject({
      status: 'Provisioned',
      hasIndividualEnrollment: true,
    });
    await using client = await connectToCentral(device, 'pump-1');
    await client.ping();
    expect(context.emulator.findHub(central.hub.hostName)).toBe(central.hub);
    expect(context.emulator.hubs).not.toContain(central.hub);
  });

  it('is unknown to the DPS of the hubs, whose devices it does not know', async () => {
    const { emulator } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-2' });
    central.devices.create({ deviceId: 'pump-2' });
    const certificates = { primaryCertificate: device.certificate, secondaryCertificate: device.certificate };
    central.devices.attest('pump-2', certificates);
    expect((await register(emulator, device, 'pump-2')).body).toMatchObject({ errorCode: 401002 });
    const other = await createSelfSignedCertificate({ commonName: 'pump-3' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'pump-3',
      primaryCertificate: other.certificate,
    });
    expect((await registerAtCentral(other, 'pump-3')).body).toMatchObject({ errorCode: 401002 });
  });

  it('must exist before it is given certificates with its device ID', async () => {
    const device = await createSelfSignedCertificate({ commonName: 'pump-4' });
    const certificates = { primaryCertificate: device.certificate, secondaryCertificate: device.certificate };
    expect(() => central.devices.attest('pump-4', certificates)).toThrow(code(404001));
    central.devices.create({ deviceId: 'pump-5' });
    expect(() => central.devices.attest('pump-5', certificates)).toThrow(
      /common name of primaryCertificate is pump-4/,
    );
    expect(() => central.devices.create({ deviceId: 'pump-5' })).toThrow(code(409001));
    expect(() => central.devices.create({ deviceId: 'pump_6' })).toThrow(code(400004));
  });

  it('can be given other certificates, and deleted with everything about it', async () => {
    const [old, next] = await Promise.all(
      [1, 2].map(() => createSelfSignedCertificate({ commonName: 'pump-7' })),
    );
    if (old === undefined || next === undefined) throw new Error('there are two');
    central.devices.create({ deviceId: 'pump-7' });
    for (const { certificate } of [old, next]) {
      central.devices.attest('pump-7', {
        primaryCertificate: certificate,
        secondaryCertificate: certificate,
      });
    }
    expect((await registerAtCentral(old, 'pump-7')).body).toMatchObject({ errorCode: 401002 });
    expect((await registerAtCentral(next, 'pump-7')).state).toMatchObject({ status: 'assigned' });
    central.devices.delete('pump-7');
    expect(central.devices.get('pump-7')).toBeUndefined();
    expect(central.hub.devices.get('pump-7')).toBeUndefined();
    expect((await registerAtCentral(next, 'pump-7')).body).toMatchObject({ errorCode: 401002 });
  });
});

describe('an enrollment group of IoT Central', () => {
  it('provisions devices once its CA is verified, and they are created by that', async () => {
    const device = await createDeviceCertificate({ commonName: 'truck-1', issuer: intermediate });
    central.enrollmentGroups.create({ name: 'fleet', certificate: root.certificate });
    expect((await registerAtCentral(device, 'truck-1')).body).toMatchObject({
      errorCode: 401002,
      message: 'CA certificate not found.',
    });
    const verificationCode = central.enrollmentGroups.generateVerificationCode('fleet');
    const wrong = await createVerificationCertificate({ verificationCode: 'WRONG', issuer: root });
    expect(() => central.enrollmentGroups.verify('fleet', wrong.certificate)).toThrow(code(400004));
    const proof = await createVerificationCertificate({ verificationCode, issuer: root });
    expect(central.enrollmentGroups.verify('fleet', proof.certificate)).toMatchObject({ isVerified: true });

    expect(central.devices.get('truck-1')).toBeUndefined();
    const { state } = await registerAtCentral(device, 'truck-1');
    expect(state).toMatchObject({ status: 'assigned', assignedHub: central.hub.hostName });
    expect(central.devices.get('truck-1')).toEqual({
      deviceId: 'truck-1',
      displayName: 'truck-1',
      status: 'Provisioned',
      hasIndividualEnrollment: false,
    });
    await using client = await connectToCentral(device, 'truck-1');
    await client.ping();
  });

  it('does not count for a device that has certificates of its own', async () => {
    const device = await createDeviceCertificate({ commonName: 'truck-2', issuer: intermediate });
    const own = await createSelfSignedCertificate({ commonName: 'truck-2' });
    central.devices.create({ deviceId: 'truck-2' });
    central.devices.attest('truck-2', {
      primaryCertificate: own.certificate,
      secondaryCertificate: own.certificate,
    });
    expect((await registerAtCentral(device, 'truck-2')).body).toMatchObject({
      errorCode: 401002,
      message: 'Invalid certificate.',
    });
    expect((await registerAtCentral(own, 'truck-2')).state).toMatchObject({ status: 'assigned' });
  });

  it('fails the registration of a device whose ID IoT Central does not allow', async () => {
    const device = await createDeviceCertificate({ commonName: 'truck_3', issuer: intermediate });
    const { topic, state } = await registerAtCentral(device, 'truck_3');
    expect(topic).toMatch('/res/200/');
    expect(state).toMatchObject({ status: 'failed', errorCode: 400207 });
  });

  it('can need the approval of an operator', async () => {
    const device = await createDeviceCertificate({ commonName: 'truck-4', issuer: intermediate });
    central.isAutoApprovalOn = false;
    const first = await registerAtCentral(device, 'truck-4');
    central.isAutoApprovalOn = true;
    expect(first.state).toMatchObject({ status: 'failed', errorCode: 400209 });
    expect(central.devices.get('truck-4')?.status).toBe('Unapproved');
    expect((await registerAtCentral(device, 'truck-4')).state).toMatchObject({ errorCode: 400209 });
    central.devices.approve('truck-4');
    expect((await registerAtCentral(device, 'truck-4')).state).toMatchObject({ status: 'assigned' });
    expect(central.devices.get('truck-4')?.status).toBe('Provisioned');
  });

  it('can be listed and deleted', async () => {
    const { enrollmentGroups } = central;
    const other = await createRootCertificate({ commonName: 'Other' });
    const group = enrollmentGroups.create({
      name: 'other',
      certificate: other.certificate,
      isVerified: true,
    });
    expect(group).toMatchObject({ name: 'other', isVerified: true });
    expect(enrollmentGroups.list().map(({ name }) => name)).toContain('other');
    enrollmentGroups.delete('other');
    expect(enrollmentGroups.get('other')).toBeUndefined();
    expect(() => enrollmentGroups.generateVerificationCode('other')).toThrow(code(404204));
    expect(() => enrollmentGroups.create({ name: 'a b', certificate: other.certificate })).toThrow(
      code(400004),
    );
    expect(enrollmentGroups.get('a b')).toBeUndefined();
  });
});

describe('a blocked device of IoT Central', () => {
  it('loses its connection, cannot connect and cannot register until it is unblocked', async () => {
    const { emulator } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-8' });
    central.devices.create({ deviceId: 'pump-8' });
    central.devices.attest('pump-8', {
      primaryCertificate: device.certificate,
      secondaryCertificate: device.certificate,
    });
    await registerAtCentral(device, 'pump-8');
    await using client = await connectToCentral(device, 'pump-8');
    const disconnected = once(central.hub, 'deviceDisconnected');
    expect(central.devices.block('pump-8').status).toBe('Blocked');
    expect(await client.next()).toBeUndefined();
    expect(await disconnected).toEqual([{ deviceId: 'pump-8', reason: 'device-disabled' }]);
    await using refused = await openHubConnection(emulator, central.hub, 'pump-8', device);
    expect(refused.connack).toMatchObject({ returnCode: 5 });
    expect((await registerAtCentral(device, 'pump-8')).state).toMatchObject({
      status: 'failed',
      errorCode: 400209,
    });
    central.devices.unblock('pump-8');
    await using again = await connectToCentral(device, 'pump-8');
    await again.ping();
  });
});
