import type { FaultInit, FaultStep } from 'azure-iot-emulator';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { connectToDps, connectToHub, createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf, type RawClient } from '../support/raw-client';
import { Bytes, endOf } from './support/bytes';

/* Faults at requests to DPS and to the twin. */

const context = useEmulator();
/** Of the device at DPS, and of the one at the hub. */
let registrant: IssuedCertificate;
let device: IssuedCertificate;

beforeAll(async () => {
  const { emulator, hub } = context;
  device = await createHubDevice(hub, 'pump-2');
  registrant = await createSelfSignedCertificate({ commonName: 'pump-1' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'pump-1',
    primaryCertificate: registrant.certificate,
  });
});
afterEach(() => {
  context.emulator.faults.clear();
});

/** A request of a device, which can be told from others of its sort. */
interface RequestStep {
  readonly at: Extract<FaultStep, 'register' | 'poll' | 'twin-get' | 'twin-update'>;
  readonly open: () => Promise<RawClient>;
  readonly topic: (requestId: string) => string;
  readonly payload: string;
  /** Topics of its responses begin with it. */
  readonly responses: string;
  /** Whether the service has seen one. */
  readonly wasSeen: () => boolean;
}

async function openDps(): Promise<RawClient> {
  return connectToDps(context.emulator, registrant, 'pump-1');
}

async function openTwin(): Promise<RawClient> {
  const client = await connectToHub(context.emulator, context.hub, 'pump-2', device);
  await client.subscribe('$iothub/twin/res/#');
  return client;
}

const REGISTER = '$dps/registrations/PUT/iotdps-register/?$rid=';

const STEPS: readonly RequestStep[] = [
  {
    at: 'register',
    open: openDps,
    topic: (requestId) => `${REGISTER}${requestId}`,
    payload: '{"registrationId":"pump-1"}',
    responses: '$dps/registrations/res/',
    wasSeen: () => context.emulator.dps.registrations.get('pump-1') !== undefined,
  },
  {
    at: 'poll',
    open: openDps,
    topic: (requestId) =>
      `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=unknown`,
    payload: ' ',
    responses: '$dps/registrations/res/',
    wasSeen: () => false,
  },
  {
    at: 'twin-get',
    open: openTwin,
    topic: (requestId) => `$iothub/twin/GET/?$rid=${requestId}`,
    payload: '',
    responses: '$iothub/twin/res/',
    wasSeen: () => false,
  },
  {
    at: 'twin-update',
    open: openTwin,
    topic: (requestId) => `$iothub/twin/PATCH/properties/reported/?$rid=${requestId}`,
    payload: '{"seen":true}',
    responses: '$iothub/twin/res/',
    wasSeen: () => context.hub.getTwin('pump-2').properties.reported['seen'] === true,
  },
];

beforeEach(() => {
  const { emulator, hub } = context;
  const { registrations } = emulator.dps;
  if (registrations.get('pump-1') !== undefined) registrations.delete('pump-1');
  hub.devices.delete('pump-2');
  hub.devices.create({ deviceId: 'pump-2', authentication: { primaryThumbprint: device.thumbprint } });
});

describe.each(STEPS)(
  'a request at the step $at that a fault hits',
  ({ at, open, topic, payload, responses, wasSeen }) => {
    it('is answered by the fault, with PUBACK first, and the service does not see it', async () => {
      const fault = context.emulator.faults.add({
        at,
        action: { kind: 'answer', status: 429, code: 429001, message: 'Slow down.', retryAfterSeconds: 7 },
      });
      await using client = await open();
      client.publish(topic('a%20b'), payload, { qos: 1 });
      expect(await client.expect('puback')).toMatchObject({ messageId: 7 });
      const answer = await client.expect('publish');
      expect(answer.topic).toBe(`${responses}429/?$rid=a%20b&retry-after=7`);
      expect(jsonOf(answer)).toMatchObject({
        errorCode: 429001,
        message: 'Slow down.',
        trackingId: expect.any(String) as string,
        timestampUtc: expect.any(String) as string,
      });
      expect(wasSeen()).toBe(false);
      expect(fault.hits).toBe(1);
      client.publish(topic('2'), payload, { qos: 1 });
      await client.expect('puback');
      expect((await client.expect('publish')).topic).not.toContain('429');
    });

    it.each<[FaultInit['action'] & { kind: 'answer' }, string, unknown]>([
      [{ kind: 'answer', status: 503 }, '503', { errorCode: 503000 }],
      [{ kind: 'answer', status: 200, body: { a: [1] } }, '200', { a: [1] }],
      [{ kind: 'answer', status: 200, code: 400207 }, '200', { errorCode: 400207 }],
    ])('is answered with %j', async (action, status, body) => {
      context.emulator.faults.add({ at, action });
      await using client = await open();
      client.publish(topic('1'), payload);
      const answer = await client.expect('publish');
      expect(answer.topic).toBe(`${responses}${status}/?$rid=1`);
      expect(jsonOf(answer)).toMatchObject(body as object);
    });

    it('is acknowledged and never answered', async () => {
      context.emulator.faults.add({ at, action: { kind: 'ignore' } });
      context.emulator.faults.add({ at, action: { kind: 'ignore', when: 'after' } });
      await using client = await open();
      client.publish(topic('1'), payload, { qos: 1 });
      await client.expect('puback');
      await client.ping();
      expect(wasSeen()).toBe(false);
      client.publish(topic('2'), payload, { qos: 1 });
      await client.expect('puback');
      await client.ping();
      if (at === 'register' || at === 'twin-update') expect(wasSeen()).toBe(true);
      client.publish(topic('3'), payload);
      expect((await client.expect('publish')).topic).toContain('$rid=3');
    });

    it('is neither acknowledged nor answered', async () => {
      context.emulator.faults.add({ at: 'puback', action: { kind: 'ignore' } });
      context.emulator.faults.add({ at, action: { kind: 'ignore' } });
      await using client = await open();
      client.publish(topic('1'), payload, { qos: 1 });
      await client.ping();
    });

    it('is answered with a body that is not JSON', async () => {
      context.emulator.faults.add({ at, action: { kind: 'garbage', what: 'not-json' } });
      await using client = await open();
      client.publish(topic('1'), payload);
      const answer = await client.expect('publish');
      expect(answer.topic).toMatch(new RegExp(`^${responses.replaceAll('$', '\\$')}\\d{3}/\\?\\$rid=1`));
      expect(answer.payload.toString()).toContain('<html>');
    });

    it('is answered with a packet that ends early', async () => {
      context.emulator.faults.add({ at, action: { kind: 'garbage', what: 'truncated' } });
      await using client = await open();
      const bytes = new Bytes(client);
      client.publish(topic('1'), payload);
      const received = Buffer.from(await bytes.all(), 'hex');
      expect(received.toString('latin1')).toContain(responses);
      expect((received[0] ?? 0) >> 4).toBe(3);
    });

    it('is answered late, though the service has seen it', async () => {
      const fault = context.emulator.faults.add({
        at,
        action: { kind: 'delay', ms: 2 ** 31 - 1, when: 'after' },
      });
      await using client = await open();
      client.publish(topic('1'), payload, { qos: 1 });
      await client.expect('puback');
      if (at === 'register' || at === 'twin-update') expect(wasSeen()).toBe(true);
      client.send({ cmd: 'pingreq' });
      fault.remove();
      expect((await client.expect('publish')).topic).toContain('$rid=1');
      await client.expect('pingresp');
    });

    it.each([
      ['close', 'FIN'],
      ['reset', 'RST'],
    ] as const)('is dealt with, and the answer gets lost with the connection: %s', async (kind, end) => {
      context.emulator.faults.add({ at, action: { kind, when: 'after' } });
      await using client = await open();
      client.publish(topic('1'), payload);
      expect(await endOf(client)).toBe(end);
      expect(await client.next()).toBeUndefined();
      if (at === 'register' || at === 'twin-update') expect(wasSeen()).toBe(true);
    });
  },
);

describe('an answer of DPS that a fault makes up', () => {
  it('is not sent to a device that has not subscribed', async () => {
    const { emulator } = context;
    const fault = emulator.faults.add({ at: 'register', action: { kind: 'answer', status: 500 } });
    await using client = await openDps();
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['$dps/registrations/res/#'] });
    await client.expect('unsuback');
    client.publish(`${REGISTER}1`, '', { qos: 1 });
    await client.expect('puback');
    await client.ping();
    expect(fault.hits).toBe(1);
  });

  it('is sent with the QoS that was granted', async () => {
    const { emulator } = context;
    emulator.faults.add({ at: 'register', times: 2, action: { kind: 'answer', status: 500 } });
    await using client = await openDps();
    client.publish(`${REGISTER}1`);
    expect(await client.expect('publish')).toMatchObject({ qos: 1 });
    await client.subscribe('$dps/registrations/res/#', 0);
    client.publish(`${REGISTER}2`);
    expect(await client.expect('publish')).toMatchObject({ qos: 0 });
  });
});

describe('delayed answers', () => {
  it('belong each to its own request', async () => {
    await using client = await openTwin();
    context.emulator.faults.add({ at: 'twin-get', action: { kind: 'ignore', when: 'after' } });
    client.publish('$iothub/twin/GET/?$rid=1');
    client.publish('$iothub/twin/GET/?$rid=11');
    expect((await client.expect('publish')).topic).toBe('$iothub/twin/res/200/?$rid=11');
    await client.ping();
  });
});
