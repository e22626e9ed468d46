import { CentralApplication } from '../../src/central/application';
import { DpsInstance } from '../../src/dps/instance';
import { Hub } from '../../src/hub/hub';
import { toJson, type JsonObject, type JsonValue } from '../../src/protocol/json';
import type { Persistent } from '../../src/stored/persistent';
import { StoredValueError } from '../../src/stored/stored-value';
import { createCentral, createCertificates, createDps, createHub } from './services';

/* Mistakes of editing by hand: each value of a file is left out or replaced. */

/** All places in a JSON value, the value itself left out. */
function placesIn(
  value: JsonValue,
  path: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]: [string, JsonValue]) => {
    const place = [...path, Array.isArray(value) ? Number(name) : name];
    return [place, ...placesIn(child, place)];
  });
}

/** The same with something else, or nothing, at that place. */
function damaged(
  value: JsonValue,
  [name, ...rest]: readonly (string | number)[],
  other: JsonValue | undefined,
): JsonValue | undefined {
  if (name === undefined) return other;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([each, child]: [string, JsonValue]) => {
    return [each, each === String(name) ? damaged(child, rest, other) : child] as const;
  });
  return Array.isArray(value)
    ? entries.map(([, child]) => child ?? null)
    : toJson(Object.fromEntries(entries));
}

type Create = () => { readonly service: Persistent; readonly dispose: () => void };

const SERVICES: Record<string, Create> = {
  'a hub': () => {
    const service = createHub('north');
    return { service, dispose: () => service.dispose() };
  },
  DPS: () => {
    const service = createDps();
    return { service, dispose: () => service.dispose() };
  },
  'an IoT Central application': () => {
    const service = createCentral();
    return { service, dispose: () => service.dps.dispose() };
  },
};

/** One of everything. */
async function fill(service: Persistent): Promise<void> {
  const { devices, roots } = await createCertificates(2);
  const [first, second] = devices;
  const [root, other] = roots;
  if (!first || !second || !root || !other) throw new Error('there are as many certificates');
  const desired = { speed: 7, nested: { a: [1, null, { b: 'x' }] } };
  if (service instanceof Hub) {
    service.certificates.upload({ name: 'ca', certificate: root.certificate });
    service.certificates.generateVerificationCode('ca');
    const authentication = {
      primaryThumbprint: first.thumbprint,
      secondaryThumbprint: second.sha256Thumbprint,
    };
    service.devices.create({ deviceId: 'd0', statusReason: 'new', authentication });
    service.devices.create({ deviceId: 'd1', status: 'disabled' });
    service.modules.create({
      deviceId: 'd0',
      moduleId: 'm',
      authentication: { type: 'certificateAuthority' },
    });
    service.updateTwin('d0', { tags: { site: 'x' }, properties: { desired } });
    await service.sendCloudToDevice('d0', { body: 'text', properties: { a: 'b', c: null }, ack: 'full' });
    await service.sendCloudToDevice('d0', {
      body: Buffer.from([255]),
      expiry: new Date(Date.now() + 60_000),
    });
    return;
  }
  const dps = service instanceof CentralApplication ? service.dps : service;
  if (!(dps instanceof DpsInstance)) throw new Error('there are three sorts of services');
  if (service instanceof CentralApplication) {
    service.deviceTemplates.create({ modelId: 'dtmi:contoso:Pump;1' });
    service.devices.create({ deviceId: 'd2', template: 'dtmi:contoso:Pump;1' });
    service.devices.create({ deviceId: 'd3' });
    service.devices.block('d3');
  }
  dps.certificates.upload({ name: 'ca', certificate: root.certificate, isVerified: true });
  dps.enrollmentGroups.create({ enrollmentGroupId: 'g1', certificateName: 'ca' });
  dps.enrollmentGroups.create({ enrollmentGroupId: 'g2', signingCertificate: other.certificate });
  dps.individualEnrollments.create({
    registrationId: 'd0',
    deviceId: 'other',
    primaryCertificate: first.certificate,
    secondaryCertificate: second.certificate,
    initialTwin: { tags: { site: 'x' }, properties: { desired } },
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
    provisioningStatus: 'enabled',
    optionalDeviceInformation: { a: 1 },
  });
  const claim = { registrationId: 'd0', presented: [first.x509], apiVersion: '2019-03-31' } as const;
  dps.register({ ...claim, payload: { modelId: 'dtmi:contoso:Pump;1' }, polls: 0, requester: undefined });
}

test.each(Object.entries(SERVICES))(
  'A damaged file of %s is refused with the place of the damage, or restores the same state again',
  async (_what, create) => {
    const { service, dispose } = create();
    await fill(service);
    const content = service.snapshot();
    dispose();
    const places = placesIn(content);
    expect(places.length).toBeGreaterThan(30);
    const others: readonly (JsonValue | undefined)[] = [
      undefined,
      null,
      7,
      -0.5,
      'x',
      '',
      true,
      [],
      [[]],
      {},
      { x: { x: 1 } },
    ];
    let refused = 0;
    for (const place of places) {
      for (const other of others) {
        const next = create();
        const snapshot = damaged(content, place, other) as JsonObject;
        const restore = (): void => next.service.restore(snapshot);
        try {
          restore();
          // What is taken is kept, and can be taken again.
          const kept = next.service.snapshot();
          const again = create();
          again.service.restore(kept);
          expect(JSON.stringify(again.service.snapshot())).toBe(JSON.stringify(kept));
          again.dispose();
        } catch (error) {
          if (!(error instanceof StoredValueError)) {
            throw new Error(`${JSON.stringify(other)} at ${place.join('.')}: ${String(error)}`, {
              cause: error,
            });
          }
          refused++;
        }
        next.dispose();
      }
    }
    expect(refused).toBeGreaterThan(places.length);
  },
);
