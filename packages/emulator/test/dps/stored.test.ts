import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { JsonObject } from 'azure-iot-emulator';
import type { LinkedHub } from '../../src/hub/linked-hub';
import { DpsInstance } from '../../src/dps/instance';
import { isAssigning } from '../../src/dps/registrations/operations';
import { StoredValueError } from '../../src/stored/stored-value';
import { DEFAULT_UNVERIFIED_BEHAVIOR } from '../../src/options/unverified-behavior';

/* What a DPS instance leaves to the next one. */

function hub(name: string, port: number): LinkedHub {
  return {
    name,
    hostName: `localhost:${port}`,
    allocationWeight: 1,
    latencyMs: 0,
    checkInitialTwin: () => undefined,
    provisionDevice: () => undefined,
    releaseDevice: () => undefined,
  };
}

/** Ports differ from one start to the next. */
function createInstance(firstPort = 1000, names: readonly string[] = ['north', 'south']): DpsInstance {
  return new DpsInstance({
    idScope: '0ne00000001',
    linkedHubs: names.map((name, index) => hub(name, firstPort + index)),
    unverifiedBehavior: DEFAULT_UNVERIFIED_BEHAVIOR,
  });
}

/** As it comes out of a file. */
function written(dps: DpsInstance): JsonObject {
  return JSON.parse(JSON.stringify(dps.snapshot())) as JsonObject;
}

function restored(snapshot: JsonObject, firstPort?: number): DpsInstance {
  const dps = createInstance(firstPort);
  dps.restore(snapshot);
  return dps;
}

function registerAt(dps: DpsInstance, registrationId: string, device: IssuedCertificate): string {
  const result = dps.register({
    registrationId,
    presented: [device.x509],
    payload: { line: 7 },
    apiVersion: '2019-03-31',
    polls: 0,
    requester: undefined,
  });
  if ('refusal' in result) return result.refusal.message;
  return isAssigning(result)
    ? 'assigning'
    : (result.outcome?.assignedHub ?? result.outcome?.errorMessage ?? '?');
}

let root: IssuedCertificate;
let device: IssuedCertificate;

beforeAll(async () => {
  root = await createRootCertificate({ commonName: 'Stored root' });
  device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
});

function fill(dps: DpsInstance): void {
  dps.allocationPolicy = 'geoLatency';
  dps.certificates.upload({ name: 'root', certificate: root.certificate, isVerified: true });
  dps.individualEnrollments.create({
    registrationId: 'sensor-1',
    primaryCertificate: device.certificate,
    deviceId: 'Sensor-1',
    iotHubs: ['south'],
    initialTwin: { tags: { site: 'Zürich' }, properties: { desired: { interval: 5 } } },
    capabilities: { iotEdge: true },
    optionalDeviceInformation: { batch: 12 },
    provisioningStatus: 'enabled',
  });
  dps.enrollmentGroups.create({
    enrollmentGroupId: 'fleet',
    certificateName: 'root',
    reprovisionPolicy: { migrateDeviceData: false },
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl: 'http://localhost:1/?code=x', apiVersion: '2021-10-01' },
  });
}

it('A stored DPS is restored with everything in it, and names its hubs', () => {
  const dps = createInstance(1000);
  fill(dps);
  expect(registerAt(dps, 'sensor-1', device)).toBe('localhost:1001');
  const snapshot = written(dps);
  expect(JSON.stringify(snapshot)).not.toContain('localhost:100');
  const next = restored(snapshot, 2000);
  expect(written(next)).toEqual(snapshot);
  expect(next.allocationPolicy).toBe('geoLatency');
  expect(next.certificates.list()).toEqual(dps.certificates.list());
  expect(next.enrollmentGroups.list()).toEqual(dps.enrollmentGroups.list());
  const [enrollment] = dps.individualEnrollments.list();
  expect(next.individualEnrollments.list()).toEqual([{ ...enrollment, iotHubs: ['localhost:2001'] }]);
  expect(next.registrations.list()).toEqual([
    { ...dps.registrations.get('sensor-1'), assignedHub: 'localhost:2001' },
  ]);
  expect(registerAt(next, 'sensor-1', device)).toBe('localhost:2001');
});

it('A restored DPS has its verification codes, so that a proof of possession that is under way is accepted', async () => {
  const dps = createInstance();
  dps.certificates.upload({ name: 'root', certificate: root.certificate });
  const verificationCode = dps.certificates.generateVerificationCode('root');
  const proof = await createVerificationCertificate({ verificationCode, issuer: root });
  expect(restored(written(dps)).certificates.verify('root', proof.certificate)).toMatchObject({
    isVerified: true,
  });
});

it('A restored DPS has the assigned hub of a device whose last registration failed', () => {
  const dps = createInstance();
  fill(dps);
  registerAt(dps, 'sensor-1', device);
  dps.allocationPolicy = 'static';
  dps.individualEnrollments.update('sensor-1', { iotHubs: [] });
  expect(registerAt(dps, 'sensor-1', device)).toMatch('static');
  const next = restored(written(dps));
  expect(next.registrations.get('sensor-1')).toMatchObject({ status: 'failed', errorCode: 400208 });
  next.individualEnrollments.update('sensor-1', { reprovisionPolicy: { updateHubAssignment: false } });
  expect(registerAt(next, 'sensor-1', device)).toBe('localhost:1001');
});

it('A restored DPS provisions devices of an enrollment group as before', async () => {
  const dps = createInstance();
  const intermediate = await createIntermediateCertificate({ commonName: 'Stored line', issuer: root });
  dps.certificates.upload({ name: 'line', certificate: intermediate.certificate, isVerified: true });
  dps.enrollmentGroups.create({ enrollmentGroupId: 'line', signingCertificate: intermediate.certificate });
  const member = await createDeviceCertificate({ commonName: 'member-1', issuer: intermediate });
  expect(registerAt(restored(written(dps)), 'member-1', member)).toMatch('localhost');
});

describe('a stored DPS with a custom allocation', () => {
  it('remembers that a function allocated, and fails registrations with that reason until there is one again', async () => {
    const dps = createInstance();
    dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
      allocationPolicy: 'custom',
      customAllocation: () => ({ iotHubHostName: 'south' }),
    });
    const next = restored(written(dps));
    expect(next.individualEnrollments.get('sensor-1')).toMatchObject({ allocationPolicy: 'custom' });
    expect(registerAt(next, 'sensor-1', device)).toBe('assigning');
    await new Promise(setImmediate);
    expect(next.registrations.get('sensor-1')).toMatchObject({
      status: 'failed',
      errorCode: 400207,
      errorMessage: expect.stringMatching(
        /lost when the emulator was restarted; update the enrollment/,
      ) as unknown,
    });
    next.individualEnrollments.update('sensor-1', {
      allocationPolicy: 'custom',
      customAllocation: () => ({ iotHubHostName: 'south' }),
    });
    registerAt(next, 'sensor-1', device);
    await new Promise(setImmediate);
    expect(next.registrations.get('sensor-1')).toMatchObject({ assignedHub: 'localhost:1001' });
  });

  it('has the state from before a custom allocation that has not answered', () => {
    const dps = createInstance();
    dps.individualEnrollments.create({ registrationId: 'sensor-1', primaryCertificate: device.certificate });
    registerAt(dps, 'sensor-1', device);
    const before = written(dps)['registrations'];
    dps.individualEnrollments.update('sensor-1', {
      allocationPolicy: 'custom',
      customAllocation: () => new Promise(() => undefined),
    });
    registerAt(dps, 'sensor-1', device);
    expect(dps.registrations.get('sensor-1')).toMatchObject({ status: 'assigning' });
    expect(written(dps)['registrations']).toEqual(before);
    dps.dispose();
    expect(dps.registrations.get('sensor-1')).toMatchObject({ status: 'assigned' });
  });
});

describe('a stored DPS that was edited by hand', () => {
  type Edit = (snapshot: Record<string, Record<string, unknown>[]>) => void;

  it.each<[string, Edit, RegExp]>([
    [
      'a policy that there is none of',
      (s) => Object.assign(s, { allocationPolicy: 'custom' }),
      /^allocationPolicy must be one of/,
    ],
    [
      'no list',
      (s) => Object.assign(s, { individualEnrollments: {} }),
      /^individualEnrollments must be a list/,
    ],
    [
      'no registration ID',
      (s) => delete s['individualEnrollments']?.[0]?.['registrationId'],
      /^individualEnrollments\[0\]\.registrationId is missing/,
    ],
    [
      'a certificate that is none',
      (s) => Object.assign(s['individualEnrollments']?.[0] ?? {}, { primaryCertificate: 'x' }),
      /^individualEnrollments\[0\] is refused: primaryCertificate is not a certificate/,
    ],
    [
      'a hub that is not linked',
      (s) => Object.assign(s['individualEnrollments']?.[0] ?? {}, { iotHubs: ['west'] }),
      /^individualEnrollments\[0\] is refused: iotHubs names west/,
    ],
    [
      'a status that there is none of',
      (s) => Object.assign(s['individualEnrollments']?.[0] ?? {}, { provisioningStatus: 'on' }),
      /^individualEnrollments\[0\]\.provisioningStatus must be one of/,
    ],
    [
      'a moment that is none',
      (s) => Object.assign(s['enrollmentGroups']?.[0] ?? {}, { createdDateTimeUtc: 'today' }),
      /^enrollmentGroups\[0\]\.createdDateTimeUtc must be a time/,
    ],
    [
      'a group without authority',
      (s) => delete s['enrollmentGroups']?.[0]?.['certificateName'],
      /^enrollmentGroups\[0\] is refused: An enrollment group needs/,
    ],
    [
      'a group of an authority that is gone',
      (s) => Object.assign(s, { certificates: [] }),
      /^enrollmentGroups\[0\] is refused: There is no certificate named root/,
    ],
    [
      'a webhook without a version',
      (s) =>
        Object.assign(s['enrollmentGroups']?.[0] ?? {}, {
          customAllocationDefinition: { webhookUrl: 'http://a' },
        }),
      /^enrollmentGroups\[0\]\.customAllocationDefinition\.apiVersion is missing/,
    ],
    [
      'a registration of no status',
      (s) => Object.assign(s['registrations']?.[0] ?? {}, { status: 'assigning' }),
      /^registrations\[0\]\.status must be one of/,
    ],
    [
      'an assignment without a hub',
      (s) => Object.assign(s['registrations']?.[0] ?? {}, { lastAssignment: { deviceId: 'a' } }),
      /^registrations\[0\]\.lastAssignment\.hub is missing/,
    ],
  ])('is refused with the place of the mistake: %s', (_what, edit, message) => {
    const dps = createInstance();
    fill(dps);
    registerAt(dps, 'sensor-1', device);
    const snapshot = written(dps);
    edit(snapshot as unknown as Record<string, Record<string, unknown>[]>);
    const run = (): unknown => restored(snapshot);
    expect(run).toThrow(message);
    expect(run).toThrow(StoredValueError);
  });

  it('may leave out values that have a default', () => {
    const dps = createInstance();
    fill(dps);
    const snapshot = written(dps) as unknown as Record<string, Record<string, unknown>[]>;
    for (const entry of [
      ...(snapshot['individualEnrollments'] ?? []),
      ...(snapshot['enrollmentGroups'] ?? []),
    ]) {
      for (const name of [
        'iotHubs',
        'initialTwin',
        'capabilities',
        'provisioningStatus',
        'reprovisionPolicy',
        'deviceId',
        'optionalDeviceInformation',
      ]) {
        Reflect.deleteProperty(entry, name);
      }
    }
    const next = restored(snapshot as unknown as JsonObject);
    expect(next.individualEnrollments.get('sensor-1')).toMatchObject({
      deviceId: 'sensor-1',
      provisioningStatus: 'enabled',
      capabilities: { iotEdge: false },
    });
  });

  it('forgets the assignments of devices to a hub that no longer exists', () => {
    const dps = createInstance();
    dps.individualEnrollments.create({ registrationId: 'sensor-1', primaryCertificate: device.certificate });
    registerAt(dps, 'sensor-1', device);
    const snapshot = written(dps);
    const next = createInstance(3000, ['east']);
    next.restore(snapshot);
    expect(registerAt(next, 'sensor-1', device)).toBe('localhost:3000');
  });
});

it('The listener of DPS is called for every change, and not for a restoration', () => {
  const dps = createInstance();
  let changes = 0;
  dps.onChange(() => (changes += 1));
  const changesBy = (act: () => unknown): number => {
    const before = changes;
    act();
    return changes - before;
  };
  const primaryCertificate = device.certificate;
  expect(changesBy(() => dps.restore(written(dps)))).toBe(0);
  expect(changesBy(() => (dps.allocationPolicy = 'static'))).toBe(1);
  expect(changesBy(() => dps.certificates.upload({ name: 'root', certificate: root.certificate }))).toBe(1);
  expect(changesBy(() => dps.certificates.generateVerificationCode('root'))).toBe(1);
  expect(
    changesBy(() => dps.enrollmentGroups.create({ enrollmentGroupId: 'g', certificateName: 'root' })),
  ).toBe(1);
  expect(changesBy(() => dps.enrollmentGroups.update('g', {}))).toBe(1);
  expect(changesBy(() => dps.enrollmentGroups.delete('g'))).toBe(1);
  const { individualEnrollments, registrations } = dps;
  expect(
    changesBy(() =>
      individualEnrollments.create({ registrationId: 'sensor-1', primaryCertificate, iotHubs: ['south'] }),
    ),
  ).toBe(1);
  expect(changesBy(() => individualEnrollments.update('sensor-1', {}))).toBe(1);
  expect(changesBy(() => registerAt(dps, 'sensor-1', device))).toBe(1);
  expect(changesBy(() => registrations.delete('sensor-1'))).toBe(1);
  expect(changesBy(() => individualEnrollments.delete('sensor-1'))).toBe(1);
  expect(changesBy(() => dps.individualEnrollments.list())).toBe(0);
});
