import {
  createSelfSignedCertificate,
  createRootCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { CentralApplication } from '../../src/central/application';
import { Hub } from '../../src/hub/hub';
import type { JsonObject } from '../../src/protocol/json';
import { resolveOptions } from '../../src/options/resolve';
import { DEFAULT_UNVERIFIED_BEHAVIOR } from '../../src/options/unverified-behavior';

/* What an IoT Central application leaves to the next one. */

const PUMP = 'dtmi:contoso:Pump;1';

function createApplication(): CentralApplication {
  const [options] = resolveOptions({}).centralHubs;
  if (options === undefined) throw new Error('there is one by default');
  const hub = new Hub(options, DEFAULT_UNVERIFIED_BEHAVIOR);
  hub.listensOn('localhost:1000');
  return new CentralApplication('0ne00000001', hub, DEFAULT_UNVERIFIED_BEHAVIOR);
}

function written(central: CentralApplication): JsonObject {
  return JSON.parse(JSON.stringify(central.snapshot())) as JsonObject;
}

let device: IssuedCertificate;
let root: IssuedCertificate;

beforeAll(async () => {
  device = await createSelfSignedCertificate({ commonName: 'pump-1' });
  root = await createRootCertificate({ commonName: 'Plant root' });
});

function fill(central: CentralApplication): void {
  central.isAutoApprovalOn = false;
  central.firstRegistration = 'fails-once';
  central.deviceTemplates.create({ modelId: PUMP, displayName: 'Pump' });
  central.devices.create({ deviceId: 'pump-1', displayName: 'Pumpe Zürich', template: PUMP });
  central.devices.attest('pump-1', {
    primaryCertificate: device.certificate,
    secondaryCertificate: device.certificate,
  });
  central.devices.create({ deviceId: 'pump-2' });
  central.devices.block('pump-2');
  central.enrollmentGroups.create({ name: 'plant', certificate: root.certificate });
  central.enrollmentGroups.disable('plant');
}

function registerAt({ dps }: CentralApplication): string | undefined {
  dps.register({
    registrationId: 'pump-1',
    presented: [device.x509],
    payload: undefined,
    apiVersion: '2019-03-31',
    polls: 0,
    requester: undefined,
  });
  return dps.registrations.get('pump-1')?.status;
}

it('A stored IoT Central application is restored with everything in it', () => {
  const central = createApplication();
  fill(central);
  expect(registerAt(central)).toBe('failed');
  const snapshot = written(central);
  const next = createApplication();
  next.restore(snapshot);
  expect(written(next)).toEqual(snapshot);
  expect(next.devices.list()).toEqual(central.devices.list());
  expect(next.enrollmentGroups.list()).toEqual(central.enrollmentGroups.list());
  expect(next.deviceTemplates.list()).toEqual(central.deviceTemplates.list());
  expect(next.isAutoApprovalOn).toBe(false);
  // The first registration has failed before: this one is the second.
  expect(registerAt(next)).toBe('assigned');
  expect(next.devices.get('pump-1')).toMatchObject({ status: 'Provisioned' });
});

it.each<[string, (snapshot: Record<string, unknown>) => void, RegExp]>([
  [
    'a switch that is none',
    (s) => (s['isAutoApprovalOn'] = 'off'),
    /^isAutoApprovalOn must be true or false/,
  ],
  ['a choice that is none', (s) => (s['firstRegistration'] = 'never'), /^firstRegistration must be one of/],
  [
    'a template that is none',
    (s) => (s['deviceTemplates'] = [{ modelId: 'x', displayName: 'x' }]),
    /^deviceTemplates\[0\] is refused: modelId must be a DTMI/,
  ],
  ['a device that is none', (s) => (s['devices'] = [{}]), /^devices\[0\]\.deviceId is missing/],
  ['no DPS', (s) => delete s['dps'], /^dps is missing/],
  ['a DPS that lacks something', (s) => (s['dps'] = {}), /^dps\.allocationPolicy is missing/],
])(
  'A stored IoT Central application that was edited by hand is refused with the place of the mistake: %s',
  (_what, edit, message) => {
    const snapshot: Record<string, unknown> = written(createApplication());
    edit(snapshot);
    // Whatever it is by now, it came from JSON.
    expect(() => createApplication().restore(snapshot as JsonObject)).toThrow(message);
  },
);

it('The listener of an IoT Central application is called for every change, and not for a restoration', () => {
  const central = createApplication();
  let changes = 0;
  central.onChange(() => (changes += 1));
  central.restore(written(central));
  expect(changes).toBe(0);
  const acts: (() => unknown)[] = [
    () => (central.isAutoApprovalOn = true),
    () => (central.firstRegistration = 'assigned'),
    () => central.deviceTemplates.create({ modelId: PUMP }),
    () => central.devices.create({ deviceId: 'pump-1' }),
    () => central.devices.assignTemplate('pump-1', PUMP),
    () => central.devices.block('pump-1'),
    () => central.devices.unblock('pump-1'),
    () => central.devices.approve('pump-1'),
    () => central.enrollmentGroups.create({ name: 'plant', certificate: root.certificate }),
    () => central.enrollmentGroups.generateVerificationCode('plant'),
    () => central.enrollmentGroups.disable('plant'),
    () => central.enrollmentGroups.delete('plant'),
    () => central.devices.delete('pump-1'),
    () => central.deviceTemplates.delete(PUMP),
  ];
  for (const act of acts) {
    const before = changes;
    act();
    expect(changes).toBeGreaterThan(before);
  }
});
