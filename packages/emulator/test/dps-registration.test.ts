import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { generate } from 'mqtt-packet';
import { connectToDps, dpsUsername, register } from './support/clients';
import { useEmulator } from './support/emulator';
import { jsonOf, RawClient } from './support/raw-client';

const REGISTER = '$dps/registrations/PUT/iotdps-register/';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/';
const DAY = 86_400_000;

const context = useEmulator();

async function enroll(registrationId: string, options: object = {}): Promise<IssuedCertificate> {
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  context.emulator.dps.individualEnrollments.create({
    registrationId,
    primaryCertificate: device.certificate,
    ...options,
  });
  return device;
}

describe('a registration over MQTT', () => {
  it('is acknowledged, answered 202 assigning, polled, and ends with 200 assigned', async () => {
    const { emulator } = context;
    const device = await enroll('sensor-1');
    await using client = await connectToDps(emulator, device, 'sensor-1');

    client.publish(`${REGISTER}?$rid=request-A`, '{"registrationId":"sensor-1"}', { qos: 1 });
    expect(await client.expect('puback')).toMatchObject({ messageId: 7 });
    const accepted = await client.expect('publish');
    expect(accepted).toMatchObject({
      topic: '$dps/registrations/res/202/?$rid=request-A&retry-after=0',
      qos: 1,
    });
    const { operationId, ...rest } = jsonOf(accepted);
    expect(operationId).toMatch(/^5\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
    expect(rest).toEqual({ status: 'assigning' });

    const poll = `${STATUS}?$rid=B%20b&operationId=${String(operationId)}`;
    client.publish(poll, ' ', { qos: 1 });
    await client.expect('puback');
    const pending = await client.expect('publish');
    expect(pending.topic).toBe('$dps/registrations/res/202/?$rid=B%20b&retry-after=0');
    expect(jsonOf(pending)).toEqual({
      operationId,
      status: 'assigning',
      registrationState: { registrationId: 'sensor-1', status: 'assigning' },
    });

    client.publish(poll);
    const assigned = await client.expect('publish');
    expect(assigned.topic).toBe('$dps/registrations/res/200/?$rid=B%20b');
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/) as unknown;
    expect(jsonOf(assigned)).toEqual({
      operationId,
      status: 'assigned',
      registrationState: {
        x509: {},
        registrationId: 'sensor-1',
        createdDateTimeUtc: timestamp,
        assignedHub: context.hub.hostName,
        deviceId: 'sensor-1',
        status: 'assigned',
        substatus: 'initialAssignment',
        lastUpdatedDateTimeUtc: timestamp,
        etag: expect.any(String) as unknown,
      },
    });
  });

  it('has the retry-after and the number of polls that the emulator was started with', async () => {
    await using emulator = await startEmulator({ retryAfterSeconds: 7, pollsBeforeAssigned: 0 });
    const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    await using client = await connectToDps(emulator, device, 'sensor-1');
    client.publish(`${REGISTER}?$rid=1`);
    const accepted = await client.expect('publish');
    expect(accepted.topic).toBe('$dps/registrations/res/202/?$rid=1&retry-after=7');
    client.publish(`${STATUS}?$rid=2&operationId=${String(jsonOf(accepted)['operationId'])}`);
    expect((await client.expect('publish')).topic).toBe('$dps/registrations/res/200/?$rid=2');
  });

  it.each(['', ' ', '{}', '{"registrationId":null}', '{"registrationId":"SENSOR-BODY"}'])(
    'is accepted with the body %j',
    async (body) => {
      const { individualEnrollments } = context.emulator.dps;
      if (individualEnrollments.get('sensor-body') !== undefined) individualEnrollments.delete('sensor-body');
      const device = await enroll('sensor-body');
      await using client = await connectToDps(context.emulator, device, 'sensor-body');
      client.publish(`${REGISTER}?$rid=1`, body);
      expect((await client.expect('publish')).topic).toMatch('/res/202/');
    },
  );

  it.each(['not JSON', '[]', '{"registrationId":"other"}', '{"registrationId":5}'])(
    'is answered 400 for the body %j and keeps the connection',
    async (body) => {
      const device = await createSelfSignedCertificate({ commonName: 'sensor-bad-body' });
      await using client = await connectToDps(context.emulator, device, 'sensor-bad-body');
      client.publish(`${REGISTER}?$rid=1`, body);
      const answer = await client.expect('publish');
      expect(answer.topic).toBe('$dps/registrations/res/400/?$rid=1');
      expect(jsonOf(answer)).toMatchObject({ errorCode: 400004 });
      await client.ping();
    },
  );

  it('gets its answer at the QoS of the subscription, and none without one', async () => {
    const { emulator } = context;
    const device = await enroll('sensor-qos');
    await using client = await RawClient.open(emulator, emulator.globalEndpoint, device);
    await client.connect({ clientId: 'sensor-qos', username: dpsUsername(emulator.idScope, 'sensor-qos') });
    client.publish(`${REGISTER}?$rid=unheard`);
    await client.ping();
    expect((await client.subscribe('$dps/registrations/res/#', 0)).granted).toEqual([0]);
    client.publish(`${REGISTER}?$rid=1`);
    expect(await client.expect('publish')).toMatchObject({ qos: 0 });
    expect((await client.subscribe('$dps/registrations/res/#', 2)).granted).toEqual([1]);
    client.publish(`${REGISTER}?$rid=2`);
    expect(await client.expect('publish')).toMatchObject({ qos: 1, dup: false });
  });

  it('can be polled from a second connection, but only by the same device', async () => {
    const { emulator } = context;
    const device = await enroll('sensor-poll');
    const other = await enroll('sensor-other');
    let topic: string;
    {
      await using first = await connectToDps(emulator, device, 'sensor-poll');
      first.publish(`${REGISTER}?$rid=1`);
      topic = `${STATUS}?$rid=2&operationId=${String(jsonOf(await first.expect('publish'))['operationId'])}`;
    }
    await using second = await connectToDps(emulator, device, 'sensor-poll');
    second.publish(topic);
    expect((await second.expect('publish')).topic).toMatch('/res/202/');
    await using stranger = await connectToDps(emulator, other, 'sensor-other');
    stranger.publish(topic);
    const answer = await stranger.expect('publish');
    expect(answer.topic).toBe('$dps/registrations/res/404/?$rid=2');
    expect(jsonOf(answer)).toMatchObject({ errorCode: 404201 });
  });

  it('leaves a record with the payload, and keeps its date of creation when repeated', async () => {
    const { emulator } = context;
    const device = await enroll('sensor-payload', { deviceId: 'device-of-payload' });
    const payload = { modelId: 'dtmi:contoso:Thermostat;1' };
    await register(emulator, device, 'sensor-payload', { payload });
    const first = emulator.dps.registrations.get('SENSOR-PAYLOAD');
    expect(first).toMatchObject({
      registrationId: 'sensor-payload',
      deviceId: 'device-of-payload',
      assignedHub: context.hub.hostName,
      status: 'assigned',
      payload,
    });
    await register(emulator, device, 'sensor-payload', { payload });
    const second = emulator.dps.registrations.get('sensor-payload');
    expect(second?.createdDateTimeUtc).toBe(first?.createdDateTimeUtc);
    expect(second?.etag).not.toBe(first?.etag);
  });

  it('leaves a record that can be deleted without touching the device at the hub', async () => {
    const { emulator, hub } = context;
    const { registrations } = emulator.dps;
    await register(emulator, await enroll('sensor-record'), 'sensor-record');
    expect(registrations.list().map(({ registrationId }) => registrationId)).toContain('sensor-record');
    registrations.delete('sensor-record');
    expect(registrations.get('sensor-record')).toBeUndefined();
    expect(hub.devices.get('sensor-record')).toBeDefined();
    expect(() => {
      registrations.delete('sensor-record');
    }).toThrow(/no registration/);
  });

  it('creates the device at the hub with its certificate and initial twin', async () => {
    const { emulator, hub } = context;
    const initialTwin = { tags: { site: 'Zürich' }, properties: { desired: { interval: 5 } } };
    const device = await enroll('sensor-twin', { initialTwin });
    await register(emulator, device, 'sensor-twin');
    expect(hub.devices.get('sensor-twin')?.authentication).toEqual({
      type: 'selfSigned',
      primaryThumbprint: device.sha256Thumbprint,
    });
    expect(hub.getTwin('sensor-twin')).toMatchObject({
      tags: { site: 'Zürich' },
      properties: { desired: { interval: 5, $version: 2 } },
    });
  });

  it('that is repeated gives the hub the new certificate and leaves the twin unchanged', async () => {
    const { emulator, hub } = context;
    const device = await enroll('sensor-roll', { initialTwin: { properties: { desired: { interval: 5 } } } });
    await register(emulator, device, 'sensor-roll');
    hub.updateDesiredProperties('sensor-roll', { interval: 60 });
    const next = await createSelfSignedCertificate({ commonName: 'sensor-roll' });
    emulator.dps.individualEnrollments.update('sensor-roll', { secondaryCertificate: next.certificate });
    const { state } = await register(emulator, next, 'sensor-roll');
    expect(state).toMatchObject({ assignedHub: hub.hostName, substatus: 'initialAssignment' });
    expect(hub.devices.get('sensor-roll')?.authentication).toEqual({
      type: 'selfSigned',
      primaryThumbprint: next.sha256Thumbprint,
    });
    expect(hub.getTwin('sensor-roll').properties.desired).toMatchObject({ interval: 60 });
  });
});

describe('devices of enrollment groups', () => {
  let root: IssuedCertificate;
  let intermediate: IssuedCertificate;

  beforeAll(async () => {
    root = await createRootCertificate({ commonName: 'Fleet root' });
    intermediate = await createIntermediateCertificate({ commonName: 'Fleet intermediate', issuer: root });
    context.emulator.dps.certificates.upload({ name: 'fleet', certificate: root.certificate });
    context.emulator.dps.enrollmentGroups.create({ enrollmentGroupId: 'fleet', certificateName: 'fleet' });
  });

  it('are refused until possession of the CA is proven, and provisioned from then on', async () => {
    const { emulator } = context;
    const { certificates } = emulator.dps;
    const device = await createDeviceCertificate({ commonName: 'truck-1', issuer: intermediate });
    const refusal = await register(emulator, device, 'truck-1');
    expect(refusal.topic).toBe('$dps/registrations/res/401/?$rid=1');
    expect(refusal.body).toMatchObject({ errorCode: 401002, message: 'CA certificate not found.' });
    expect(emulator.dps.registrations.get('truck-1')).toBeUndefined();

    const verificationCode = certificates.generateVerificationCode('fleet');
    const proof = await createVerificationCertificate({ verificationCode, issuer: root });
    expect(certificates.verify('fleet', proof.certificate)).toMatchObject({ isVerified: true });
    const { state } = await register(emulator, device, 'truck-1');
    expect(state).toMatchObject({ status: 'assigned', deviceId: 'truck-1' });
    expect(emulator.dps.registrations.get('truck-1')).toMatchObject({ enrollmentGroupId: 'fleet' });
  });

  it('are refused if they do not send their intermediate', async () => {
    const device = await createDeviceCertificate({ commonName: 'truck-2', issuer: intermediate });
    const leafOnly = { fullChain: device.certificate, privateKey: device.privateKey };
    const { body } = await register(context.emulator, leafOnly, 'truck-2');
    expect(body).toMatchObject({ errorCode: 401002, message: 'CA certificate not found.' });
  });

  it('send their chain on every connection, because TLS sessions are not resumed', async () => {
    const { emulator } = context;
    const device = await createDeviceCertificate({ commonName: 'truck-3', issuer: intermediate });
    for (let attempt = 0; attempt < 3; attempt++) {
      const { state } = await register(emulator, device, 'truck-3');
      expect(state).toMatchObject({ status: 'assigned' });
    }
  });

  it('need no proof of possession if the group has a signing certificate', async () => {
    const { emulator } = context;
    const other = await createRootCertificate({ commonName: 'Other root' });
    emulator.dps.certificates.upload({ name: 'other', certificate: other.certificate, isVerified: true });
    emulator.dps.enrollmentGroups.create({
      enrollmentGroupId: 'other',
      certificateName: 'other',
      initialTwin: { tags: { fleet: 'other' } },
    });
    const device = await createDeviceCertificate({ commonName: 'van-1', issuer: other });
    await register(emulator, device, 'van-1');
    expect(context.hub.getTwin('van-1').tags).toEqual({ fleet: 'other' });
  });

  it('keep their device ID when the registration ID comes in another case', async () => {
    const { emulator } = context;
    const device = await createDeviceCertificate({ commonName: 'Truck-5', issuer: intermediate });
    await register(emulator, device, 'Truck-5');
    expect((await register(emulator, device, 'TRUCK-5')).state).toMatchObject({ deviceId: 'Truck-5' });
  });
});

describe('a registration that is refused', () => {
  it('is answered 401 with the error envelope, after which DPS drops the connection', async () => {
    const { emulator } = context;
    const device = await createSelfSignedCertificate({ commonName: 'stranger' });
    await using client = await connectToDps(emulator, device, 'stranger');
    client.publish(`${REGISTER}?$rid=9`, '', { qos: 1 });
    await client.expect('puback');
    const answer = await client.expect('publish');
    expect(answer.topic).toBe('$dps/registrations/res/401/?$rid=9');
    expect(jsonOf(answer)).toEqual({
      errorCode: 401002,
      trackingId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      message: 'CA certificate not found.',
      timestampUtc: expect.stringMatching(/\.\d{7}Z$/) as unknown,
    });
    expect(await client.next()).toBeUndefined();
  });

  it('is answered 401002 when another certificate is enrolled', async () => {
    await enroll('sensor-differs');
    const other = await createSelfSignedCertificate({ commonName: 'sensor-differs' });
    const { body } = await register(context.emulator, other, 'sensor-differs');
    expect(body).toMatchObject({ errorCode: 401002, message: 'Invalid certificate.' });
  });

  it.each([
    [
      'leaf that has expired',
      { notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) },
    ],
    [
      'leaf that is not valid yet',
      { notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 2 * DAY) },
    ],
  ])('is the result for a %s', async (title, validity) => {
    const registrationId = title.replaceAll(' ', '-');
    const device = await createSelfSignedCertificate({ commonName: registrationId, validity });
    context.emulator.dps.individualEnrollments.create({
      registrationId,
      primaryCertificate: device.certificate,
    });
    const { body } = await register(context.emulator, device, registrationId);
    expect(body).toMatchObject({ errorCode: 401002, message: 'Invalid certificate.' });
  });

  it('is the result for a registration ID that is not the common name', async () => {
    const device = await enroll('sensor-cn');
    context.emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-not-cn',
      primaryCertificate: (await createSelfSignedCertificate({ commonName: 'sensor-not-cn' })).certificate,
    });
    const { body } = await register(context.emulator, device, 'sensor-not-cn');
    expect(body).toMatchObject({ errorCode: 401002, message: 'Invalid certificate.' });
  });

  it('is the result for a disabled enrollment by default', async () => {
    const device = await enroll('sensor-disabled', { provisioningStatus: 'disabled' });
    const { topic, body } = await register(context.emulator, device, 'sensor-disabled');
    expect(topic).toMatch('/res/401/');
    expect(body).toMatchObject({ errorCode: 401000, message: 'Unauthorized' });
    context.emulator.dps.individualEnrollments.update('sensor-disabled', { provisioningStatus: 'enabled' });
    const { state } = await register(context.emulator, device, 'sensor-disabled');
    expect(state).toMatchObject({ status: 'assigned' });
  });

  it('ends with status disabled if the emulator was started so', async () => {
    await using emulator = await startEmulator({
      retryAfterSeconds: 0,
      unverifiedBehavior: { disabledEnrollment: 'status' },
    });
    const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
      provisioningStatus: 'disabled',
    });
    const { topic, body } = await register(emulator, device, 'sensor-1');
    expect(topic).toMatch('/res/200/');
    expect(body).toMatchObject({ status: 'disabled', registrationState: { status: 'disabled' } });
  });

  it('is answered with status 200 when no hub is linked', async () => {
    await using emulator = await startEmulator({ retryAfterSeconds: 0, hubs: [] });
    const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    const { topic, body } = await register(emulator, device, 'sensor-1');
    expect(topic).toMatch('/res/200/');
    expect(body).toMatchObject({
      status: 'failed',
      registrationState: { status: 'failed', errorCode: 400208 },
    });
    expect(emulator.dps.registrations.get('sensor-1')).toMatchObject({ status: 'failed', errorCode: 400208 });
  });
});

describe('DPS', () => {
  const scope = (): string => context.emulator.idScope;
  const cases: [title: string, returnCode: number, connect: () => object][] = [
    ['a ClientId that is not the registration ID', 5, () => ({ clientId: 'other' })],
    ['an ID scope that nobody has', 3, () => ({ username: dpsUsername('0ne00000000', 'sensor-c') })],
    ['a username without api-version', 5, () => ({ username: `${scope()}/registrations/sensor-c/` })],
    ['a username of another form', 5, () => ({ username: 'sensor-c' })],
    ['no username', 5, () => ({ username: undefined })],
    ['a password', 5, () => ({ password: Buffer.from('SharedAccessSignature sr=x') })],
    ['MQTT 5', 1, () => ({ protocolVersion: 5 })],
    ['MQTT 3.1', 1, () => ({ protocolVersion: 3, protocolId: 'MQIsdp' })],
    ['an empty password', 0, () => ({ password: Buffer.alloc(0) })],
    ['CleanSession 0', 0, () => ({ clean: false })],
    [
      'another order and case of parameters',
      0,
      () => ({ username: `${scope()}/registrations/sensor-c/ClientVersion=x&API-version=2021-06-01` }),
    ],
  ];

  it.each(cases)('answers a CONNECT with %s by CONNACK %d', async (_title, returnCode, connect) => {
    const { emulator } = context;
    const device = await createSelfSignedCertificate({ commonName: 'sensor-c' });
    await using client = await RawClient.open(emulator, emulator.globalEndpoint, device);
    const options = { clientId: 'sensor-c', username: dpsUsername(scope(), 'sensor-c'), ...connect() };
    expect(await client.connect(options)).toMatchObject({ returnCode, sessionPresent: false });
    if (returnCode !== 0) expect(await client.next()).toBeUndefined();
  });

  it('answers a session to be kept without ClientId with CONNACK 2', async () => {
    const { emulator } = context;
    await using client = await RawClient.open(emulator, emulator.globalEndpoint);
    const packet = generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: '',
    });
    // The codec refuses to write such a packet: CleanSession is bit 1 of the flags, which follow the protocol level.
    packet.writeUInt8(packet.readUInt8(9) & ~2, 9);
    client.write(packet);
    expect(await client.expect('connack')).toMatchObject({ returnCode: 2 });
    expect(await client.next()).toBeUndefined();
  });

  it('answers a client without certificate with CONNACK 5', async () => {
    const { emulator } = context;
    await using client = await RawClient.open(emulator, emulator.globalEndpoint);
    const username = dpsUsername(emulator.idScope, 'sensor-c');
    expect(await client.connect({ clientId: 'sensor-c', username })).toMatchObject({ returnCode: 5 });
    expect(await client.next()).toBeUndefined();
  });

  it('answers a CONNECT as chosen where the behavior of Azure is not known', async () => {
    await using emulator = await startEmulator({
      unverifiedBehavior: { unknownIdScope: 5, missingCertificate: 4 },
    });
    const device = await createSelfSignedCertificate({ commonName: 'sensor-c' });
    await using stranger = await RawClient.open(emulator, emulator.globalEndpoint, device);
    const username = dpsUsername('0ne00000000', 'sensor-c');
    expect(await stranger.connect({ clientId: 'sensor-c', username })).toMatchObject({ returnCode: 5 });
    await using bare = await RawClient.open(emulator, emulator.globalEndpoint);
    const right = dpsUsername(emulator.idScope, 'sensor-c');
    expect(await bare.connect({ clientId: 'sensor-c', username: right })).toMatchObject({ returnCode: 4 });
  });
});

describe('a violation of the protocol of DPS', () => {
  const violations: [title: string, act: (client: RawClient) => void][] = [
    [
      'another topic filter',
      (client) => client.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: '#', qos: 0 }] }),
    ],
    ['another topic', (client) => client.publish('devices/sensor-v/messages/events/')],
    ['a request without $rid', (client) => client.publish(REGISTER)],
    ['QoS 2', (client) => client.publish(`${REGISTER}?$rid=1`, '', { qos: 2 })],
    ['a message of more than 96 KB', (client) => client.publish(`${REGISTER}?$rid=1`, ' '.repeat(97 * 1024))],
    [
      'a second CONNECT',
      (client) =>
        client.send({ cmd: 'connect', clientId: 'sensor-v', protocolId: 'MQTT', protocolVersion: 4 }),
    ],
  ];

  it.each(violations)('%s closes the connection without an answer', async (_title, act) => {
    const device = await createSelfSignedCertificate({ commonName: 'sensor-v' });
    await using client = await connectToDps(context.emulator, device, 'sensor-v');
    act(client);
    expect(await client.next()).toBeUndefined();
  });
});

describe('the allocation of devices', () => {
  it('spreads them over the linked hubs, always in the same way', async () => {
    await using emulator = await startEmulator({ retryAfterSeconds: 0, hubs: ['north', 'south'] });
    const root = await createRootCertificate({ commonName: 'root' });
    emulator.dps.certificates.upload({ name: 'fleet', certificate: root.certificate, isVerified: true });
    emulator.dps.enrollmentGroups.create({
      enrollmentGroupId: 'fleet',
      certificateName: 'fleet',
    });
    const ids = Array.from({ length: 12 }, (_, index) => `sensor-${index}`);
    for (const id of ids) {
      const device = await createDeviceCertificate({ commonName: id, issuer: root });
      const { state } = await register(emulator, device, id);
      expect((await register(emulator, device, id)).state['assignedHub']).toBe(state['assignedHub']);
    }
    const counts = emulator.hubs.map((hub) => hub.devices.list().length);
    expect(counts.every((count) => count > 0)).toBe(true);
    expect(counts.reduce((sum, count) => sum + count)).toBe(ids.length);
  });
});
