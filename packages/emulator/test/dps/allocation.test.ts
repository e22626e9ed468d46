import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type EnrollmentAllocationInit } from 'azure-iot-emulator';
import type { LinkedHub } from '../../src/hub/linked-hub';
import { highestBid } from '../../src/dps/allocation/rendezvous';
import { register } from '../support/clients';
import { useEmulator } from '../support/emulator';

/* Which hub a device is assigned to. */

const code = (value: number): Error => expect.objectContaining({ code: value }) as Error;
let count = 0;

async function enroll(
  emulator: Emulator,
  init: EnrollmentAllocationInit,
): Promise<[string, IssuedCertificate]> {
  const registrationId = `allocated-${(count += 1)}`;
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  const primaryCertificate = device.certificate;
  emulator.dps.individualEnrollments.create({ registrationId, primaryCertificate, ...init });
  return [registrationId, device];
}

async function assignedTo(
  emulator: Emulator,
  registrationId: string,
  device: IssuedCertificate,
): Promise<string | undefined> {
  const { state } = await register(emulator, device, registrationId);
  return emulator.hubs.find(({ hostName }) => hostName === state['assignedHub'])?.name;
}

describe('the hashed allocation policy', () => {
  const hub = (name: string, allocationWeight = 1): LinkedHub => ({
    name,
    hostName: `${name}.example`,
    allocationWeight,
    latencyMs: 0,
    checkInitialTwin: () => undefined,
    provisionDevice: () => undefined,
    releaseDevice: () => undefined,
  });
  const ids = Array.from({ length: 10_000 }, (_, index) => `device-${index}`);
  const shares = (hubs: readonly LinkedHub[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const id of ids) {
      const { name = '' } = highestBid(id, hubs) ?? {};
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };

  it('gives every hub its share', () => {
    const { north = 0, south = 0, east = 0 } = shares([hub('north'), hub('south', 2), hub('east', 7)]);
    expect(north).toBeGreaterThan(900);
    expect(north).toBeLessThan(1100);
    expect(south).toBeGreaterThan(1850);
    expect(south).toBeLessThan(2150);
    expect(north + south + east).toBe(ids.length);
  });

  it('is always the same, whatever the order of the hubs and the case of the ID', () => {
    const hubs = [hub('north'), hub('south', 3), hub('east')];
    for (const id of ids.slice(0, 200)) {
      const chosen = highestBid(id, hubs)?.name;
      expect(highestBid(id.toUpperCase(), hubs.toReversed())?.name).toBe(chosen);
    }
  });

  it('moves devices to a hub that is added, and none between the others', () => {
    const before = [hub('north'), hub('south'), hub('east')];
    const after = [...before, hub('west')];
    const moved = ids.filter((id) => highestBid(id, before)?.name !== highestBid(id, after)?.name);
    expect(moved.every((id) => highestBid(id, after)?.name === 'west')).toBe(true);
    expect(moved.length).toBeGreaterThan(2300);
    expect(moved.length).toBeLessThan(2700);
  });

  it('chooses nothing without hubs', () => {
    expect(highestBid('device', [])).toBeUndefined();
  });
});

describe('the allocation policy of an enrollment', () => {
  const context = useEmulator({
    hubs: [
      { name: 'north', latencyMs: 40, allocationWeight: 1000 },
      { name: 'south', latencyMs: 10 },
      { name: 'east', latencyMs: 20 },
    ],
  });

  it('is hashed by weight if the enrollment has none', async () => {
    const { emulator } = context;
    const hubs = [];
    for (let index = 0; index < 8; index++)
      hubs.push(await assignedTo(emulator, ...(await enroll(emulator, {}))));
    // 1000 of 1002 devices go north: that another hub has more than one of eight will not be seen.
    expect(hubs.filter((name) => name === 'north').length).toBeGreaterThanOrEqual(7);
  });

  it('geoLatency assigns to the nearest hub that is allowed, and to a nearer one when there is one', async () => {
    const { emulator } = context;
    const [id, device] = await enroll(emulator, {
      allocationPolicy: 'geoLatency',
      iotHubs: ['north', 'east'],
    });
    expect(await assignedTo(emulator, id, device)).toBe('east');
    emulator.dps.individualEnrollments.update(id, { iotHubs: [] });
    expect(await assignedTo(emulator, id, device)).toBe('south');
    expect(emulator.dps.registrations.get(id)).toMatchObject({ substatus: 'deviceDataMigrated' });
    expect(await assignedTo(emulator, id, device)).toBe('south');
  });

  it('static assigns to the one hub that the enrollment names', async () => {
    const { emulator } = context;
    const [id, device] = await enroll(emulator, { allocationPolicy: 'static', iotHubs: ['east'] });
    expect(await assignedTo(emulator, id, device)).toBe('east');
  });

  it('is part of the enrollment when that is read', async () => {
    const { emulator } = context;
    const { individualEnrollments } = emulator.dps;
    const [plain] = await enroll(emulator, {});
    expect(individualEnrollments.get(plain)).not.toHaveProperty('allocationPolicy');
    const [nearest] = await enroll(emulator, { allocationPolicy: 'geoLatency' });
    expect(individualEnrollments.get(nearest)).toMatchObject({ allocationPolicy: 'geoLatency' });
  });

  it.each<[string, object, RegExp]>([
    ['static without a hub', { allocationPolicy: 'static' }, /exactly one hub/],
    ['static with two hubs', { allocationPolicy: 'static', iotHubs: ['north', 'south'] }, /exactly one hub/],
    [
      'a policy that there is none of',
      { allocationPolicy: 'nearest' },
      /"hashed", "geoLatency", "static", "custom"/,
    ],
    [
      'custom without anything to ask',
      { allocationPolicy: 'custom' },
      /is required for allocationPolicy custom/,
    ],
    [
      'custom with two to ask',
      {
        allocationPolicy: 'custom',
        customAllocation: () => ({ iotHubHostName: 'north' }),
        customAllocationDefinition: { webhookUrl: 'http://localhost/', apiVersion: '2021-10-01' },
      },
      /exclude each other/,
    ],
    [
      'a webhook for another policy',
      { customAllocationDefinition: { webhookUrl: 'http://localhost/', apiVersion: '2021-10-01' } },
      /for allocationPolicy custom only/,
    ],
    [
      'a webhook that speaks something else',
      {
        allocationPolicy: 'custom',
        customAllocationDefinition: { webhookUrl: 'ftp://localhost/', apiVersion: '2021-10-01' },
      },
      /webhookUrl must be a URL of http or https/,
    ],
    [
      'a webhook without a version',
      { allocationPolicy: 'custom', customAllocationDefinition: { webhookUrl: 'http://localhost/' } },
      /apiVersion must be a version/,
    ],
    [
      'a function that is none',
      { allocationPolicy: 'custom', customAllocation: 'north' },
      /must be a function/,
    ],
    ['hubs that are no list', { iotHubs: 'north' }, /must be a list/],
    [
      'a policy of the wrong type',
      { reprovisionPolicy: { migrateDeviceData: 'no' } },
      /must be true or false/,
    ],
    ['a twin that is none', { initialTwin: { tags: 'floor' } }, /initialTwin.tags must be an object/],
  ])('refuses %s', async (_what, init, message) => {
    const { emulator } = context;
    // As a caller in JavaScript may do.
    const enrolling = enroll(emulator, init);
    await expect(enrolling).rejects.toEqual(code(400004));
    await expect(enrolling).rejects.toThrow(message);
  });

  it('stays as it was when an update is refused', async () => {
    const { emulator } = context;
    const { individualEnrollments } = emulator.dps;
    const [id, device] = await enroll(emulator, { allocationPolicy: 'static', iotHubs: ['east'] });
    const before = individualEnrollments.get(id);
    expect(() => individualEnrollments.update(id, { iotHubs: [] })).toThrow(code(400004));
    expect(individualEnrollments.get(id)).toEqual(before);
    expect(await assignedTo(emulator, id, device)).toBe('east');
  });
});

describe('the allocation policy of the DPS instance', () => {
  it('holds for enrollments that have none, from their next registration on', async () => {
    await using emulator = await startEmulator({
      retryAfterSeconds: 0,
      hubs: [{ name: 'far', latencyMs: 9, allocationWeight: 1000 }, { name: 'near' }],
    });
    const { dps } = emulator;
    expect(dps.allocationPolicy).toBe('hashed');
    dps.allocationPolicy = 'geoLatency';
    const [id, device] = await enroll(emulator, {});
    expect(await assignedTo(emulator, id, device)).toBe('near');
    const [fixed, fixedDevice] = await enroll(emulator, { allocationPolicy: 'static', iotHubs: ['far'] });
    expect(await assignedTo(emulator, fixed, fixedDevice)).toBe('far');

    dps.allocationPolicy = 'static';
    const { state } = await register(emulator, device, id);
    expect(state).toMatchObject({ status: 'failed', errorCode: 400208 });
    dps.individualEnrollments.update(id, { iotHubs: ['far'] });
    expect(await assignedTo(emulator, id, device)).toBe('far');
  });

  it('cannot be custom or unknown', async () => {
    await using emulator = await startEmulator();
    for (const policy of ['custom', 'toString', undefined]) {
      expect(() => {
        emulator.dps.allocationPolicy = policy as 'hashed';
      }).toThrow(code(400004));
    }
    expect(emulator.dps.allocationPolicy).toBe('hashed');
  });
});
