import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator, type DpsThrottling, type Emulator } from 'azure-iot-emulator';
import { connectDevice } from 'azure-iot-x509';
import { Throttle } from '../../../packages/emulator/src/dps/device-api/throttle';
import { connectToDps } from '../../../packages/emulator/test/support/clients';
import { jsonOf, type RawClient } from '../../../packages/emulator/test/support/raw-client';

/* More requests than the service takes. */

const REGISTER = '$dps/registrations/PUT/iotdps-register/?$rid=1';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2';

describe('a throttle', () => {
  let now = 0;
  const create = (limit: number | undefined): Throttle =>
    new Throttle({ limit, windowMs: 10_000, now: () => now });

  beforeEach(() => {
    now = 1_000_000;
  });

  it('lets through requests up to its limit, and returns the end of the window for the others', () => {
    const throttle = create(2);
    expect([throttle.take(), throttle.take()]).toEqual([undefined, undefined]);
    now += 3_000;
    expect(throttle.take()).toBe(7);
    now += 6_999;
    expect(throttle.take()).toBe(1);
    now += 1;
    expect([throttle.take(), throttle.take(), throttle.take()]).toEqual([undefined, undefined, 10]);
  });

  it('does not count what it refuses', () => {
    const throttle = create(1);
    throttle.take();
    for (let refused = 0; refused < 100; refused++) expect(throttle.take()).toBe(10);
    now += 10_000;
    expect(throttle.take()).toBeUndefined();
  });

  it('counts each caller separately', () => {
    const throttle = create(1);
    expect(throttle.take('left')).toBeUndefined();
    expect(throttle.take('right')).toBeUndefined();
    expect(throttle.take('left')).toBe(10);
  });

  it('without a limit lets everything through', () => {
    const throttle = create(undefined);
    for (let request = 0; request < 1000; request++) expect(throttle.take()).toBeUndefined();
  });

  it('forgets the oldest of too many callers', () => {
    const throttle = create(1);
    for (let caller = 0; caller <= 10_000; caller++) throttle.take(String(caller));
    expect(throttle.take('10000')).toBe(10);
    expect(throttle.take('0')).toBeUndefined();
  });
});

describe('a throttled DPS', () => {
  let emulator: Emulator;
  let device: IssuedCertificate;

  async function start(throttling: DpsThrottling): Promise<RawClient> {
    emulator = await startEmulator({ retryAfterSeconds: 0, pollsBeforeAssigned: 0, throttling });
    device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    return connectToDps(emulator, device, 'sensor-1');
  }

  afterEach(async () => {
    await emulator.close();
  });

  it('answers registrations beyond its limit with 429 and when to come back, and keeps the connection', async () => {
    await using client = await start({ registrationsPerMinute: 2 });
    for (let accepted = 0; accepted < 2; accepted++) {
      client.publish(REGISTER);
      expect((await client.expect('publish')).topic).toMatch('/res/202/');
    }
    client.publish(REGISTER, '', { qos: 1 });
    await client.expect('puback');
    const answer = await client.expect('publish');
    const [, wait] = /^\$dps\/registrations\/res\/429\/\?\$rid=1&retry-after=(\d+)$/.exec(answer.topic) ?? [];
    expect(Number(wait)).toBeGreaterThanOrEqual(1);
    expect(Number(wait)).toBeLessThanOrEqual(60);
    expect(jsonOf(answer)).toEqual({
      errorCode: 429001,
      trackingId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      message: 'Operations are being throttled for this tenant.',
      timestampUtc: expect.stringMatching(/\.\d{7}Z$/) as unknown,
    });
    await client.ping();
    // The limit is for all devices together.
    const other = await createSelfSignedCertificate({ commonName: 'sensor-2' });
    await using second = await connectToDps(emulator, other, 'sensor-2');
    second.publish(REGISTER);
    expect((await second.expect('publish')).topic).toMatch('/res/429/');
  });

  it('answers polls of one device beyond its limit with 429, over all its connections', async () => {
    await using client = await start({ pollsPerTenSeconds: 2 });
    client.publish(REGISTER);
    const topic = `${STATUS}&operationId=${String(jsonOf(await client.expect('publish'))['operationId'])}`;
    for (const expected of ['/res/200/', '/res/200/', '/res/429/?$rid=2&retry-after=']) {
      client.publish(topic);
      expect((await client.expect('publish')).topic).toMatch(expected);
    }
    await using again = await connectToDps(emulator, device, 'sensor-1');
    again.publish(topic);
    expect((await again.expect('publish')).topic).toMatch('/res/429/');
    const other = await createSelfSignedCertificate({ commonName: 'sensor-2' });
    await using second = await connectToDps(emulator, other, 'sensor-2');
    second.publish(topic);
    expect((await second.expect('publish')).topic).toMatch('/res/404/');
  });

  it('makes provisionDevice wait and try again', async () => {
    await using client = await start({ registrationsPerMinute: 1 });
    client.publish(REGISTER);
    await client.expect('publish');
    const connecting = connectDevice({
      enrollment: 'hub-individual',
      idScope: emulator.idScope,
      globalEndpoint: emulator.globalEndpoint,
      ca: emulator.ca,
      cert: device.certificate,
      key: device.privateKey,
      timeoutMs: 1500,
    });
    await expect(connecting).rejects.toMatchObject({ serviceCode: 429001, isTransient: true });
  });
});
