import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { startEmulator } from 'azure-iot-emulator';
import { generate } from 'mqtt-packet';
import { connectToDps, dpsUsername } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { jsonOf, RawClient } from '../support/raw-client';

/* What independent clients of DPS differ in, on the wire. */

const FILTER = '$dps/registrations/res/#';
const REGISTER = '$dps/registrations/PUT/iotdps-register/';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/';

const context = useEmulator({ pollsBeforeAssigned: 0 });
let device: IssuedCertificate;
let client: RawClient;

beforeAll(async () => {
  device = await createSelfSignedCertificate({ commonName: 'Wire-1' });
  context.emulator.dps.individualEnrollments.create({
    registrationId: 'wire-1',
    primaryCertificate: device.certificate,
  });
});

async function open(): Promise<RawClient> {
  const { emulator } = context;
  return RawClient.open(emulator, emulator.globalEndpoint, device);
}

describe('a CONNECT to DPS', () => {
  const scope = (): string => context.emulator.idScope;

  it.each<[string, () => string]>([
    ['the version alone', () => `${scope()}/registrations/wire-1/api-version=2019-03-31`],
    ['a version of a preview', () => `${scope()}/registrations/wire-1/api-version=2025-07-01-preview`],
    [
      'what follows the version',
      () => `${scope()}/registrations/wire-1/api-version=2019-03-31&ClientVersion=a%2F1%20(b)`,
    ],
    ['what comes before it', () => `${scope()}/registrations/wire-1/clientversion=x&api-version=2021-06-01`],
    [
      'parameters that nobody knows',
      () => `${scope()}/registrations/wire-1/a&b=&=c&api-version=2021-06-01&&d=e=f`,
    ],
    ['other cases', () => `${scope().toLowerCase()}/Registrations/WIRE-1/API-Version=2019-03-31`],
    ['a percent-encoded ID', () => `${scope()}/registrations/wire%2d1/api-version=2019-03-31`],
  ])('is accepted with %s in the username', async (_what, username) => {
    await using connection = await open();
    const connack = await connection.connect({ clientId: 'wire-1', username: username() });
    expect(connack).toMatchObject({ returnCode: 0, sessionPresent: false });
    await connection.subscribe(FILTER);
    connection.publish(`${REGISTER}?$rid=1`);
    expect((await connection.expect('publish')).topic).toMatch('/res/202/');
  });

  it.each<[string, () => string]>([
    ['no version', () => `${scope()}/registrations/wire-1/ClientVersion=x`],
    ['an empty version', () => `${scope()}/registrations/wire-1/api-version=`],
    ['a version behind a question mark', () => `${scope()}/registrations/wire-1/?api-version=2019-03-31`],
    ['an ID that is not encoded properly', () => `${scope()}/registrations/%zz/api-version=2019-03-31`],
  ])('is refused with %s in the username', async (_what, username) => {
    await using connection = await open();
    expect(await connection.connect({ clientId: 'wire-1', username: username() })).toMatchObject({
      returnCode: 5,
    });
    expect(await connection.next()).toBeUndefined();
  });

  it.each([true, false])('starts no persistent session with CleanSession %p', async (clean) => {
    const username = dpsUsername(scope(), 'wire-1');
    for (let attempt = 0; attempt < 2; attempt++) {
      await using connection = await open();
      const connack = await connection.connect({ clientId: 'wire-1', username, clean });
      expect(connack).toMatchObject({ returnCode: 0, sessionPresent: false });
      if (attempt === 0) {
        await connection.subscribe(FILTER);
        await connection.disconnect();
      } else {
        // The subscription went with the connection before: nobody is there to be answered.
        connection.publish(`${REGISTER}?$rid=1`);
        await connection.ping();
      }
    }
  });
});

describe('a subscription at DPS', () => {
  beforeEach(async () => {
    client = await open();
    await client.connect({ clientId: 'wire-1', username: dpsUsername(context.emulator.idScope, 'wire-1') });
  });

  afterEach(async () => {
    await client.drop();
  });

  it('may name the filter twice, and the last one counts', async () => {
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [
        { topic: FILTER, qos: 0 },
        { topic: FILTER, qos: 2 },
      ],
    });
    expect((await client.expect('suback')).granted).toEqual([0, 1]);
    client.publish(`${REGISTER}?$rid=1`);
    expect(await client.expect('publish')).toMatchObject({ qos: 1 });
  });

  it.each(['#', '$dps/#', '$dps/registrations/res/+', '$dps/registrations/res/202/#', 'devices/wire-1/#'])(
    'to %s ends the connection, also beside the right filter',
    async (topic) => {
      client.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: FILTER, qos: 0 },
          { topic, qos: 0 },
        ],
      });
      expect(await client.next()).toBeUndefined();
    },
  );

  it('can be ended with UNSUBSCRIBE', async () => {
    await client.subscribe(FILTER);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [FILTER] });
    await client.expect('unsuback');
    client.publish(`${REGISTER}?$rid=1`, '', { qos: 1 });
    await client.expect('puback');
    await client.ping();
  });
});

describe('a request to DPS', () => {
  beforeEach(async () => {
    client = await connectToDps(context.emulator, device, 'wire-1');
  });

  afterEach(async () => {
    await client.drop();
  });

  it.each([
    '1',
    'e3b8f3e2-3c2a-4f7c-9a63-1c2f4b6a7d80',
    '',
    ' ',
    'a=b',
    '=',
    '%24%00',
    'a/b?c',
    '?$rid=2',
    'Zürich ☃',
    '{"a":1}',
    'x'.repeat(1000),
  ])('is answered with its own identifier: %j', async (rid) => {
    client.publish(`${REGISTER}?$rid=${rid}`);
    const accepted = await client.expect('publish');
    expect(accepted.topic).toBe(`$dps/registrations/res/202/?$rid=${rid}&retry-after=0`);
    client.publish(`${STATUS}?$rid=${rid}&operationId=${String(jsonOf(accepted)['operationId'])}`);
    expect((await client.expect('publish')).topic).toBe(`$dps/registrations/res/200/?$rid=${rid}`);
  });

  it('may have its parameters in any order, and others besides', async () => {
    client.publish(`${REGISTER}?foo=1&$rid=7&bar`);
    const accepted = await client.expect('publish');
    expect(accepted.topic).toBe('$dps/registrations/res/202/?$rid=7&retry-after=0');
    client.publish(`${STATUS}?operationId=${String(jsonOf(accepted)['operationId'])}&x=y&$rid=8`);
    expect((await client.expect('publish')).topic).toBe('$dps/registrations/res/200/?$rid=8');
  });

  it.each([
    '',
    ' ',
    '\r\n',
    '{}',
    'null',
    '{"payload":null}',
    '{"registrationId":"WIRE-1","payload":{}}',
    '{"tpm":{},"x":[1]}',
  ])('to register may have the body %j', async (body) => {
    client.publish(`${REGISTER}?$rid=1`, body);
    expect((await client.expect('publish')).topic).toMatch('/res/202/');
  });

  it('that says null for a payload has none', async () => {
    client.publish(`${REGISTER}?$rid=1`, '{"payload":null}');
    await client.expect('publish');
    expect(context.emulator.dps.registrations.get('wire-1')).not.toHaveProperty('payload');
  });

  it.each(['"text"', '5', 'true', '[]', '{', '{"registrationId":""}', '{"registrationId":["wire-1"]}', '\0'])(
    'to register with the body %j is answered 400, and the connection goes on',
    async (body) => {
      client.publish(`${REGISTER}?$rid=1`, body, { qos: 1 });
      await client.expect('puback');
      const answer = await client.expect('publish');
      expect(answer.topic).toBe('$dps/registrations/res/400/?$rid=1');
      expect(jsonOf(answer)).toMatchObject({ errorCode: 400004, trackingId: expect.any(String) as unknown });
      await client.ping();
    },
  );

  it('to register with a payload of absurd depth is answered 400', async () => {
    client.publish(`${REGISTER}?$rid=1`, `{"payload":${'['.repeat(40_000)}${']'.repeat(40_000)}}`);
    expect((await client.expect('publish')).topic).toMatch('/res/400/');
  });

  it.each(['', ' ', '{}', 'whatever', '\0\u0001'])('to poll may have the body %j', async (body) => {
    client.publish(`${REGISTER}?$rid=1`);
    const { operationId } = jsonOf(await client.expect('publish'));
    client.publish(`${STATUS}?$rid=2&operationId=${String(operationId)}`, body);
    expect((await client.expect('publish')).topic).toMatch('/res/200/');
  });

  it.each(['', '&operationId=', '&operationId=5.0.0', '&operationid=x'])(
    'to poll for no operation (%j) is answered 404, and the connection goes on',
    async (parameter) => {
      client.publish(`${STATUS}?$rid=2${parameter}`);
      const answer = await client.expect('publish');
      expect(answer.topic).toBe('$dps/registrations/res/404/?$rid=2');
      expect(jsonOf(answer)).toMatchObject({ errorCode: 404201 });
      await client.ping();
    },
  );

  it('at QoS 1 is acknowledged before it is answered, however many come at once', async () => {
    const requests = [11, 12, 13].map((messageId) =>
      generate({
        cmd: 'publish',
        topic: `${REGISTER}?$rid=${messageId}`,
        payload: '',
        qos: 1,
        messageId,
        dup: false,
        retain: false,
      }),
    );
    client.write(Buffer.concat(requests));
    for (const messageId of [11, 12, 13]) {
      expect(await client.expect('puback')).toMatchObject({ messageId });
      expect((await client.expect('publish')).topic).toMatch(`?$rid=${messageId}&`);
    }
  });

  it('may be of 96 KB and no more', async () => {
    const body = (bytes: number): string => `{"payload":"${'x'.repeat(bytes - 14)}"}`;
    client.publish(`${REGISTER}?$rid=1`, body(96 * 1024));
    expect((await client.expect('publish')).topic).toMatch('/res/202/');
    client.publish(`${REGISTER}?$rid=1`, body(96 * 1024 + 1));
    expect(await client.next()).toBeUndefined();
  });

  it.each([
    '$dps/registrations/PUT/iotdps-register?$rid=1',
    '$dps/registrations/put/iotdps-register/?$rid=1',
    '$dps/registrations/PUT/iotdps-register/',
    '$dps/registrations/PUT/iotdps-register/?rid=1',
    '$dps/registrations/res/202/?$rid=1',
    '$dps/registrations/GET/iotdps-register/?$rid=1',
  ])('to %s ends the connection without an answer', async (topic) => {
    client.publish(topic);
    expect(await client.next()).toBeUndefined();
  });
});

it.each(['my device', 'device.', 'Gerät', 'x%41'])(
  'A registration of a device with the registration ID %j is answered 400',
  async (name) => {
    const { emulator } = context;
    await using connection = await open();
    const username = dpsUsername(emulator.idScope, encodeURIComponent(name));
    expect(await connection.connect({ clientId: name, username })).toMatchObject({ returnCode: 0 });
    await connection.subscribe(FILTER);
    connection.publish(`${REGISTER}?$rid=1`);
    const answer = await connection.expect('publish');
    expect(answer.topic).toBe('$dps/registrations/res/400/?$rid=1');
    expect(jsonOf(answer)).toMatchObject({ errorCode: 400004 });
  },
);

describe('an answer of DPS', () => {
  it('to a device of a version without re-provisioning has no substatus and no payload', async () => {
    const { emulator } = context;
    const old = await createSelfSignedCertificate({ commonName: 'wire-old' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'wire-old',
      primaryCertificate: old.certificate,
      allocationPolicy: 'custom',
      customAllocation: ({ linkedHubs: [iotHubHostName = ''] }) => ({ iotHubHostName, payload: { line: 7 } }),
    });
    await using connection = await RawClient.open(emulator, emulator.globalEndpoint, old);
    const username = `${emulator.idScope}/registrations/wire-old/api-version=2018-04-01`;
    await connection.connect({ clientId: 'wire-old', username });
    await connection.subscribe(FILTER);
    connection.publish(`${REGISTER}?$rid=1`);
    const { operationId } = jsonOf(await connection.expect('publish'));
    await connection.ping();
    connection.publish(`${STATUS}?$rid=2&operationId=${String(operationId)}`);
    const { registrationState } = jsonOf(await connection.expect('publish'));
    expect(registrationState).toMatchObject({ status: 'assigned', deviceId: 'wire-old' });
    expect(registrationState).not.toHaveProperty('substatus');
    expect(registrationState).not.toHaveProperty('payload');
  });

  it('to a device that is disabled can be the status disabled', async () => {
    await using emulator = await startEmulator({
      pollsBeforeAssigned: 0,
      unverifiedBehavior: { disabledEnrollment: 'status' },
    });
    const disabled = await createSelfSignedCertificate({ commonName: 'wire-off' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'wire-off',
      primaryCertificate: disabled.certificate,
      provisioningStatus: 'disabled',
    });
    await using connection = await connectToDps(emulator, disabled, 'wire-off');
    connection.publish(`${REGISTER}?$rid=1`);
    const { operationId } = jsonOf(await connection.expect('publish'));
    connection.publish(`${STATUS}?$rid=2&operationId=${String(operationId)}`);
    expect(jsonOf(await connection.expect('publish'))).toMatchObject({
      status: 'disabled',
      registrationState: { status: 'disabled' },
    });
  });
});
