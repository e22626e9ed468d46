import * as fc from 'fast-check';
import type { IssuedCertificate } from 'azure-iot-certificates';
import { EmulatorError } from 'azure-iot-emulator';
import type { CentralApplication } from '../../src/central/application';
import type { DpsInstance } from '../../src/dps/instance';
import type { Hub } from '../../src/hub/hub';
import { toJson, type JsonObject } from '../../src/protocol/json';
import { formatDocument, parseDocument } from '../../src/state/document';
import type { Persistent } from '../../src/stored/persistent';
import { createCentral, createCertificates, createDps, createHub } from './services';

/* Whatever was done to a service: what it keeps makes an equal service, and that one keeps the same. */

const CERTIFICATES = 4;
let devices: readonly IssuedCertificate[];
let roots: readonly IssuedCertificate[];

beforeAll(async () => {
  ({ devices, roots } = await createCertificates(CERTIFICATES));
});

/** Through the text of a file, as a restart goes. */
function moveTo(to: Persistent, from: Persistent): void {
  const text = formatDocument(from.snapshot());
  to.restore(parseDocument(text));
  expect(formatDocument(to.snapshot())).toBe(text);
}

/** Does something that the service may refuse, as it does what comes twice or too early. Says whether it was done. */
async function attempt(action: () => unknown): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof EmulatorError) return false;
    throw error;
  }
}

/** Runs actions, and expects that each one that changes what is kept says so. */
async function run(service: Persistent, actions: readonly (() => unknown)[]): Promise<void> {
  let changes = 0;
  service.onChange(() => changes++);
  for (const action of actions) {
    const [before, changesBefore] = [JSON.stringify(service.snapshot()), changes];
    await attempt(action);
    if (JSON.stringify(service.snapshot()) !== before) expect(changes).toBeGreaterThan(changesBefore);
  }
}

const index = fc.nat({ max: CERTIFICATES - 1 });
const text = fc.string({ unit: 'binary', maxLength: 12 });
const identifier = fc.constantFrom('d0', 'd1', 'D1', 'd2', '__proto__', 'constructor', 'a.b:c_d-e');
const propertyName = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,6}$/),
  fc.constantFrom('__proto__', 'toString', 'ä', '0', '10', '2'),
);
/** What a twin can hold. */
const { properties } = fc.letrec<{ properties: JsonObject; value: JsonObject[string] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: -1000, max: 1000 }),
    fc.boolean(),
    fc.constant(null),
    fc.string({ maxLength: 8 }),
    fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
    tie('properties'),
  ),
  properties: fc.dictionary(propertyName, tie('value'), { maxKeys: 4 }),
}));

type Action<Service> = fc.Arbitrary<(service: Service) => unknown>;

const hubActions: Action<Hub> = fc.oneof(
  fc
    .tuple(identifier, index, fc.constantFrom('enabled' as const, 'disabled' as const), text)
    .map(([deviceId, nth, status, statusReason]) => ({ devices: all }: Hub) => {
      const primaryThumbprint = devices[nth]?.thumbprint ?? '';
      return all.create({ deviceId, status, statusReason, authentication: { primaryThumbprint } });
    }),
  identifier.map(
    (deviceId) =>
      ({ devices: all }: Hub) =>
        all.update(deviceId, { authentication: { type: 'certificateAuthority' } }),
  ),
  identifier.map(
    (deviceId) =>
      ({ devices: all }: Hub) =>
        all.delete(deviceId),
  ),
  fc.tuple(identifier, identifier).map(
    ([deviceId, moduleId]) =>
      ({ modules }: Hub) =>
        modules.create({ deviceId, moduleId }),
  ),
  fc.tuple(identifier, properties, properties).map(
    ([deviceId, tags, desired]) =>
      (hub: Hub) =>
        hub.updateTwin(deviceId, { tags, properties: { desired } }),
  ),
  fc.tuple(identifier, properties).map(
    ([deviceId, desired]) =>
      (hub: Hub) =>
        hub.replaceTwin(deviceId, { properties: { desired } }),
  ),
  fc.tuple(identifier, fc.uint8Array({ maxLength: 20 }), fc.dictionary(text, text, { maxKeys: 3 }), text).map(
    ([deviceId, body, messageProperties, correlationId]) =>
      (hub: Hub) =>
        hub.sendCloudToDevice(deviceId, {
          body: Buffer.from(body),
          properties: messageProperties,
          correlationId,
        }),
  ),
  identifier.map((deviceId) => (hub: Hub) => hub.purgeCloudToDevice(deviceId)),
  index.map(
    (nth) =>
      ({ certificates }: Hub) =>
        certificates.upload(uploadOf(nth)),
  ),
);

function uploadOf(nth: number): { name: string; certificate: string; isVerified: boolean } {
  return { name: `ca-${nth}`, certificate: roots[nth]?.certificate ?? '', isVerified: nth % 2 === 0 };
}

const dpsActions: Action<DpsInstance> = fc.oneof(
  fc.tuple(identifier, index, properties, fc.boolean()).map(
    ([registrationId, nth, tags, isMigrating]) =>
      ({ individualEnrollments }: DpsInstance) =>
        individualEnrollments.create({
          registrationId,
          primaryCertificate: devices[nth]?.certificate ?? '',
          initialTwin: { tags, properties: { desired: tags } },
          iotHubs: isMigrating ? ['north'] : [],
          reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: isMigrating },
        }),
  ),
  identifier.map(
    (id) =>
      ({ individualEnrollments }: DpsInstance) =>
        individualEnrollments.update(id, { provisioningStatus: 'disabled' }),
  ),
  identifier.map(
    (id) =>
      ({ individualEnrollments }: DpsInstance) =>
        individualEnrollments.delete(id),
  ),
  index.map(
    (nth) =>
      ({ certificates }: DpsInstance) =>
        certificates.upload(uploadOf(nth)),
  ),
  index.map(
    (nth) =>
      ({ certificates }: DpsInstance) =>
        certificates.generateVerificationCode(`ca-${nth}`),
  ),
  index.map(
    (nth) =>
      ({ certificates }: DpsInstance) =>
        certificates.delete(`ca-${nth}`),
  ),
  fc.tuple(identifier, index, fc.boolean()).map(
    ([enrollmentGroupId, nth, isReferring]) =>
      ({ enrollmentGroups }: DpsInstance) =>
        enrollmentGroups.create(
          isReferring
            ? { enrollmentGroupId, certificateName: `ca-${nth}` }
            : { enrollmentGroupId, signingCertificate: roots[nth]?.certificate ?? '' },
        ),
  ),
  fc.tuple(index, fc.jsonValue()).map(([nth, payload]) => (dps: DpsInstance) => {
    const device = devices[nth];
    if (device === undefined) throw new Error('there are as many certificates');
    return dps.register({
      registrationId: `d${nth}`,
      presented: [device.x509],
      apiVersion: '2019-03-31',
      payload: toJson({ payload })['payload'],
      polls: 0,
      requester: undefined,
    });
  }),
);

const centralActions: Action<CentralApplication> = fc.oneof(
  fc.tuple(identifier, text).map(
    ([deviceId, displayName]) =>
      ({ devices: all }: CentralApplication) =>
        all.create({ deviceId, displayName }),
  ),
  index.map((nth) => ({ devices: all }: CentralApplication) => {
    const certificate = devices[nth]?.certificate ?? '';
    return all.attest(`d${nth}`, { primaryCertificate: certificate, secondaryCertificate: certificate });
  }),
  identifier.map(
    (id) =>
      ({ devices: all }: CentralApplication) =>
        all.block(id),
  ),
  identifier.map(
    (id) =>
      ({ devices: all }: CentralApplication) =>
        all.delete(id),
  ),
  index.map(
    (nth) =>
      ({ enrollmentGroups }: CentralApplication) =>
        enrollmentGroups.create(uploadOf(nth)),
  ),
  index.map(
    (nth) =>
      ({ deviceTemplates }: CentralApplication) =>
        deviceTemplates.create({ modelId: `dtmi:contoso:Pump${nth};1` }),
  ),
  fc.boolean().map((isOn) => (application: CentralApplication) => (application.isAutoApprovalOn = isOn)),
);

const runs = { numRuns: 150 };
const some = { maxLength: 15 };

test('A restored hub has the same devices and twins, whatever was done to the hub before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hubActions, some), async (actions) => {
      const [hub, next] = [createHub('north'), createHub('north')];
      await run(
        hub,
        actions.map((action) => () => action(hub)),
      );
      moveTo(next, hub);
      const twins = (each: Hub) => each.devices.list().map(({ deviceId }) => each.getTwin(deviceId));
      expect(next.devices.list()).toEqual(hub.devices.list());
      expect(twins(next)).toEqual(twins(hub));
      for (const each of [hub, next]) each.dispose();
    }),
    runs,
  );
});

test('A restored DPS has the same enrollments, certificates and registrations, whatever was done to it before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(dpsActions, some), async (actions) => {
      const [dps, next] = [createDps(), createDps()];
      await run(
        dps,
        actions.map((action) => () => action(dps)),
      );
      moveTo(next, dps);
      expect(next.individualEnrollments.list()).toEqual(dps.individualEnrollments.list());
      expect(next.enrollmentGroups.list()).toEqual(dps.enrollmentGroups.list());
      expect(next.certificates.list()).toEqual(dps.certificates.list());
      expect(next.registrations.list()).toEqual(dps.registrations.list());
      for (const each of [dps, next]) each.dispose();
    }),
    runs,
  );
});

test('A restored IoT Central application has the same devices, groups and templates, whatever was done to it before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(centralActions, some), async (actions) => {
      const [application, next] = [createCentral(), createCentral()];
      await run(
        application,
        actions.map((action) => () => action(application)),
      );
      moveTo(next, application);
      expect(next.devices.list()).toEqual(application.devices.list());
      expect(next.enrollmentGroups.list()).toEqual(application.enrollmentGroups.list());
      expect(next.deviceTemplates.list()).toEqual(application.deviceTemplates.list());
      for (const { dps, hub } of [application, next]) for (const each of [dps, hub]) each.dispose();
    }),
    runs,
  );
});
