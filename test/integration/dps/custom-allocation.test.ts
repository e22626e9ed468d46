import { once } from 'node:events';
import { connectDevice } from 'azure-iot-x509';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import {
  startEmulator,
  type CustomAllocation,
  type CustomAllocationRequest,
  type CustomAllocationResponse,
  type EnrollmentAllocationInit,
  type HubEmulator,
  type InitialTwin,
  type JsonValue,
} from 'azure-iot-emulator';
import { expectNothingLeft } from '../../support/leaks';
import { registerByHand } from '../../support/sdk-by-hand';
import { connectToDps, register } from '../../../packages/emulator/test/support/clients';
import { useEmulator } from '../../../packages/emulator/test/support/emulator';
import { jsonOf, type RawClient } from '../../../packages/emulator/test/support/raw-client';

/* Functions that choose the hub of a device. */

const REGISTER = '$dps/registrations/PUT/iotdps-register/';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/';

const context = useEmulator({ hubs: ['north', 'south'] });
let count = 0;

function hubNamed(name: string): HubEmulator {
  const hub = context.emulator.hubs.find((one) => one.name === name);
  if (hub === undefined) throw new Error(`no hub ${name}`);
  return hub;
}

interface Enrolled {
  readonly id: string;
  readonly device: IssuedCertificate;
}

async function enroll(
  customAllocation: CustomAllocation,
  init: Pick<EnrollmentAllocationInit, 'iotHubs' | 'reprovisionPolicy'> & { initialTwin?: InitialTwin } = {},
): Promise<Enrolled> {
  const id = `custom-${(count += 1)}`;
  const device = await createSelfSignedCertificate({ commonName: id });
  context.emulator.dps.individualEnrollments.create({
    registrationId: id,
    primaryCertificate: device.certificate,
    ...init,
    allocationPolicy: 'custom',
    customAllocation,
  });
  return { id, device };
}

/** A function that answers when the test tells it to. */
class Gate {
  readonly signals: AbortSignal[] = [];
  readonly #answers: ((response: CustomAllocationResponse) => void)[] = [];

  readonly allocate: CustomAllocation = (_request, signal) => {
    this.signals.push(signal);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  answer(response: CustomAllocationResponse, index = 0): void {
    this.#answers[index]?.(response);
  }
}

/** Registers and answers with the topic to poll. */
async function begin(client: RawClient): Promise<string> {
  client.publish(`${REGISTER}?$rid=1`);
  const accepted = await client.expect('publish');
  expect(accepted.topic).toMatch('/res/202/');
  return `${STATUS}?$rid=2&operationId=${String(jsonOf(accepted)['operationId'])}`;
}

async function poll(client: RawClient, topic: string): Promise<Record<string, unknown>> {
  client.publish(topic);
  return jsonOf(await client.expect('publish'));
}

it('A custom allocation function gets the request that a webhook gets, and its answer decides the hub, the twin and the payload', async () => {
  const { emulator } = context;
  const requests: CustomAllocationRequest[] = [];
  const { id, device } = await enroll(
    (request) => {
      requests.push(request);
      const [, iotHubHostName = ''] = request.linkedHubs;
      return {
        iotHubHostName,
        initialTwin: { tags: { plant: 'Zürich' }, properties: { desired: { interval: 5 } } },
        payload: { line: 7, greeting: 'Grüezi' },
      };
    },
    { initialTwin: { tags: { plant: 'nowhere' } } },
  );
  const { state } = await register(emulator, device, id, { payload: { model: 'P-1' } });

  expect(requests).toEqual([
    {
      individualEnrollment: {
        registrationId: id,
        deviceId: id,
        attestation: {
          type: 'x509',
          x509: {
            clientCertificates: {
              primary: {
                info: {
                  subjectName: `CN=${id}`,
                  issuerName: `CN=${id}`,
                  sha1Thumbprint: device.thumbprint,
                  sha256Thumbprint: device.sha256Thumbprint,
                  serialNumber: device.x509.serialNumber,
                  version: 3,
                  notBeforeUtc: expect.stringMatching(/Z$/) as unknown,
                  notAfterUtc: expect.stringMatching(/Z$/) as unknown,
                },
              },
            },
          },
        },
        capabilities: { iotEdge: false },
        initialTwin: { tags: { plant: 'nowhere' } },
        allocationPolicy: 'custom',
        provisioningStatus: 'enabled',
        reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
        createdDateTimeUtc: expect.any(String) as unknown,
        lastUpdatedDateTimeUtc: expect.any(String) as unknown,
        etag: expect.any(String) as unknown,
      },
      deviceRuntimeContext: {
        registrationId: id,
        x509: { clientCertificate: device.x509.raw.toString('base64') },
        payload: { model: 'P-1' },
      },
      linkedHubs: [hubNamed('north').hostName, hubNamed('south').hostName],
    },
  ]);
  expect(state).toMatchObject({
    status: 'assigned',
    assignedHub: hubNamed('south').hostName,
    payload: { line: 7, greeting: 'Grüezi' },
  });
  expect(hubNamed('south').getTwin(id)).toMatchObject({
    tags: { plant: 'Zürich' },
    properties: { desired: { interval: 5 } },
  });
  expect(emulator.dps.registrations.get(id)).toMatchObject({
    payload: { model: 'P-1' },
    returnedPayload: { line: 7, greeting: 'Grüezi' },
  });
});

it('A custom allocation function of an enrollment group gets the group with the request', async () => {
  const { emulator } = context;
  const root = await createRootCertificate({ commonName: 'Custom root' });
  const requests: CustomAllocationRequest[] = [];
  emulator.dps.certificates.upload({ name: 'custom', certificate: root.certificate, isVerified: true });
  emulator.dps.enrollmentGroups.create({
    enrollmentGroupId: 'custom-group',
    certificateName: 'custom',
    iotHubs: ['south'],
    allocationPolicy: 'custom',
    customAllocation: (request) => {
      requests.push(request);
      return { iotHubHostName: 'south' };
    },
  });
  const device = await createDeviceCertificate({ commonName: 'custom-member', issuer: root });
  expect((await register(emulator, device, 'custom-member')).state).toMatchObject({ status: 'assigned' });
  expect(requests).toMatchObject([
    {
      enrollmentGroup: {
        enrollmentGroupId: 'custom-group',
        attestation: { type: 'x509', x509: { caReferences: { primary: 'custom' } } },
        iotHubs: [hubNamed('south').hostName],
      },
      linkedHubs: [hubNamed('south').hostName],
    },
  ]);
  expect(requests[0]).not.toHaveProperty('individualEnrollment');
});

it('A custom allocation function is called at every registration, and the device moves as the re-provisioning policy says', async () => {
  const { emulator } = context;
  const [north, south] = [hubNamed('north'), hubNamed('south')];
  const requests: CustomAllocationRequest[] = [];
  let next = 'north';
  const { id, device } = await enroll((request) => {
    requests.push(request);
    return { iotHubHostName: next, initialTwin: { tags: { from: next } }, payload: next };
  });
  const again = async () => (await register(emulator, device, id)).state;
  expect(await again()).toMatchObject({ assignedHub: north.hostName, payload: 'north' });
  expect(north.getTwin(id)).toMatchObject({ tags: { from: 'north' } });
  expect(await again()).toMatchObject({ assignedHub: north.hostName, substatus: 'initialAssignment' });

  next = 'south';
  expect(await again()).toMatchObject({ assignedHub: south.hostName, substatus: 'deviceDataMigrated' });
  // What moves keeps its data: the twin of the answer is not looked at.
  expect(south.getTwin(id)).toMatchObject({ tags: { from: 'north' } });

  next = 'north';
  const { individualEnrollments } = emulator.dps;
  individualEnrollments.update(id, { reprovisionPolicy: { migrateDeviceData: false } });
  expect(await again()).toMatchObject({ assignedHub: north.hostName, substatus: 'deviceDataReset' });
  expect(north.getTwin(id)).toMatchObject({ tags: { from: 'north' } });

  expect(requests.map(({ deviceRuntimeContext }) => deviceRuntimeContext.currentIotHubHostName)).toEqual([
    undefined,
    north.hostName,
    north.hostName,
    south.hostName,
  ]);
  expect(requests[1]?.deviceRuntimeContext.currentDeviceId).toBe(id);
});

it('A custom allocation function cannot answer with a twin beyond the limits of a hub, nor with a payload without end', async () => {
  const { emulator } = context;
  const [north, south] = [hubNamed('north'), hubNamed('south')];
  let answer: CustomAllocationResponse = { iotHubHostName: 'north', initialTwin: { tags: { 'a.b': 1 } } };
  const { id, device } = await enroll(() => answer, { reprovisionPolicy: { migrateDeviceData: false } });
  const again = async () => (await register(emulator, device, id)).state;
  expect(await again()).toMatchObject({ status: 'failed', errorCode: 400004 });
  expect(north.devices.get(id)).toBeUndefined();

  answer = { iotHubHostName: 'north' };
  expect(await again()).toMatchObject({ status: 'assigned' });
  // The device stays where it is, for it has nowhere to go.
  answer = { iotHubHostName: 'south', initialTwin: { tags: { 'a.b': 1 } } };
  expect(await again()).toMatchObject({ status: 'failed', errorCode: 400004 });
  expect([north, south].map(({ devices }) => devices.get(id)?.deviceId)).toEqual([id, undefined]);

  let payload: JsonValue = 'deep';
  for (let level = 0; level < 5_000; level++) payload = [payload];
  answer = { iotHubHostName: 'north', payload };
  expect(await again()).toMatchObject({ status: 'failed', errorCode: 400207 });
});

it('A custom allocation function cannot move a device that is never re-provisioned, but its payload reaches the device', async () => {
  const { emulator } = context;
  const requests: CustomAllocationRequest[] = [];
  const { id, device } = await enroll(
    (request) => {
      requests.push(request);
      return { iotHubHostName: requests.length < 3 ? 'north' : 'south', payload: requests.length };
    },
    { reprovisionPolicy: { updateHubAssignment: false } },
  );
  await register(emulator, device, id);
  const second = await register(emulator, device, id);
  expect(second.state).toMatchObject({ assignedHub: hubNamed('north').hostName, payload: 2 });
  expect(requests.map(({ linkedHubs }) => linkedHubs.length)).toEqual([2, 1]);
  const third = await register(emulator, device, id);
  expect(third.state).toMatchObject({ status: 'failed', errorCode: 400207 });
});

it('Polls are answered "assigning" until the custom allocation function has answered', async () => {
  const { emulator } = context;
  const gate = new Gate();
  const { id, device } = await enroll(gate.allocate);
  await using client = await connectToDps(emulator, device, id);
  const topic = await begin(client);
  const assigning = { status: 'assigning', registrationState: { registrationId: id, status: 'assigning' } };
  for (let polls = 0; polls < 5; polls++) expect(await poll(client, topic)).toMatchObject(assigning);
  const record = emulator.dps.registrations.get(id);
  expect(record).toMatchObject({ registrationId: id, status: 'assigning' });
  expect(record).not.toHaveProperty('assignedHub');
  expect(emulator.dps.registrations.list()).toContainEqual(record);
  expect(hubNamed('south').devices.get(id)).toBeUndefined();

  gate.answer({ iotHubHostName: 'south' });
  expect(await poll(client, topic)).toMatchObject({ status: 'assigned' });
  expect(emulator.dps.registrations.get(id)).toMatchObject({ status: 'assigned' });
  expect(gate.signals[0]?.aborted).toBe(false);
  // The operation outlives the connection, as that of any other registration.
  await client.disconnect();
  await using second = await connectToDps(emulator, device, id);
  expect(await poll(second, topic)).toMatchObject({ status: 'assigned' });
});

const notJson = 'The response is not a JSON object.';

it.each<[string, () => unknown, string]>([
  [
    'throws',
    () => {
      throw new Error('out of order');
    },
    '500',
  ],
  ['rejects', () => Promise.reject(new Error('out of order')), '500'],
  ['answers nothing', () => undefined, '500'],
  ['answers what JSON cannot hold', () => ({ iotHubHostName: 'north', payload: 1n }), '500'],
  ['answers a text', () => 'north', `200. ${notJson}`],
  ['answers null', () => null, `200. ${notJson}`],
  ['names no hub', () => ({ hub: 'north' }), '200. The response has no iotHubHostName.'],
  [
    'names a hub that is not linked',
    () => ({ iotHubHostName: 'west.example' }),
    '200. The response names west.example, which is not one of the linked hubs.',
  ],
  [
    'names a twin that is none',
    () => ({ iotHubHostName: 'north', initialTwin: [] }),
    '200. In the response, initialTwin is not an object.',
  ],
  [
    'names a twin with wrong parts',
    () => ({ iotHubHostName: 'north', initialTwin: { properties: { desired: 5 } } }),
    '200. In the response, tags and properties.desired of initialTwin must be objects.',
  ],
])('A custom allocation function that %s fails the registration', async (_what, answer, status) => {
  const { emulator } = context;
  const { id, device } = await enroll(answer as CustomAllocation);
  const { topic, body, state } = await register(emulator, device, id);
  expect(topic).toMatch('/res/200/');
  expect(body).toMatchObject({ status: 'failed' });
  expect(state).toMatchObject({
    status: 'failed',
    errorCode: 400207,
    errorMessage: `Custom allocation failed with status code: ${status}`,
  });
  expect(state).not.toHaveProperty('assignedHub');
});

it('A custom allocation that fails leaves the device at the hub that it has', async () => {
  const { emulator } = context;
  const north = hubNamed('north');
  let isBroken = false;
  const { id, device } = await enroll(() => ({ iotHubHostName: isBroken ? '' : 'north' }));
  await register(emulator, device, id);
  isBroken = true;
  expect((await register(emulator, device, id)).state).toMatchObject({ errorCode: 400207 });
  expect(north.devices.get(id)).toBeDefined();
});

describe('a custom allocation whose answer is no longer wanted', () => {
  async function aborted(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === false) await once(signal, 'abort');
  }

  it('is aborted when the device has disconnected, and its answer changes nothing', async () => {
    const { emulator } = context;
    const gate = new Gate();
    const { id, device } = await enroll(gate.allocate);
    let topic: string;
    {
      await using client = await connectToDps(emulator, device, id);
      topic = await begin(client);
    }
    await aborted(gate.signals[0]);
    expect(emulator.dps.registrations.get(id)).toBeUndefined();
    gate.answer({ iotHubHostName: 'north' });

    await using client = await connectToDps(emulator, device, id);
    expect(await poll(client, topic)).toMatchObject({ errorCode: 404201 });
    expect(hubNamed('north').devices.get(id)).toBeUndefined();
    // Nothing stands in the way of the next registration.
    const next = await begin(client);
    gate.answer({ iotHubHostName: 'south' }, 1);
    await poll(client, next);
    expect(await poll(client, next)).toMatchObject({ status: 'assigned' });
  });

  it('is aborted when the device registers again', async () => {
    const { emulator } = context;
    const gate = new Gate();
    const { id, device } = await enroll(gate.allocate);
    await using client = await connectToDps(emulator, device, id);
    await begin(client);
    const topic = await begin(client);
    expect(gate.signals.map(({ aborted: isAborted }) => isAborted)).toEqual([true, false]);
    gate.answer({ iotHubHostName: 'north' }, 0);
    gate.answer({ iotHubHostName: 'south' }, 1);
    await poll(client, topic);
    expect(await poll(client, topic)).toMatchObject({
      registrationState: { assignedHub: hubNamed('south').hostName },
    });
  });

  it('is aborted when the emulator is closed, and nothing is left', async () => {
    const gate = new Gate();
    await expectNothingLeft(async () => {
      const emulator = await startEmulator();
      const device = await createSelfSignedCertificate({ commonName: 'last' });
      emulator.dps.individualEnrollments.create({
        registrationId: 'last',
        primaryCertificate: device.certificate,
        allocationPolicy: 'custom',
        customAllocation: gate.allocate,
      });
      await using client = await connectToDps(emulator, device, 'last');
      await begin(client);
      await emulator.close();
      expect(gate.signals[0]?.aborted).toBe(true);
      gate.answer({ iotHubHostName: 'hub-1' });
    });
  });
});

it('An enrollment can lose its custom allocation and get it back', async () => {
  const { emulator } = context;
  const { individualEnrollments } = emulator.dps;
  const { id, device } = await enroll(() => ({ iotHubHostName: 'south' }));
  individualEnrollments.update(id, { allocationPolicy: 'static', iotHubs: ['north'] });
  expect(individualEnrollments.get(id)).not.toHaveProperty('customAllocation');
  const assigned = async () => (await register(emulator, device, id)).state['assignedHub'];
  expect(await assigned()).toBe(hubNamed('north').hostName);
  individualEnrollments.update(id, {
    iotHubs: [],
    allocationPolicy: 'custom',
    customAllocation: () => ({ iotHubHostName: 'south' }),
  });
  expect(await assigned()).toBe(hubNamed('south').hostName);
  // What is changed besides leaves the function alone.
  individualEnrollments.update(id, { initialTwin: { tags: {} } });
  expect(individualEnrollments.get(id)?.customAllocation).toBeInstanceOf(Function);
});

describe('the payloads of a custom allocation and of a device reach each other', () => {
  const allocate: CustomAllocation = ({ deviceRuntimeContext }) => ({
    iotHubHostName: 'south',
    payload: { heard: deviceRuntimeContext.payload ?? null },
  });

  it('through this library', async () => {
    const { emulator } = context;
    const { id, device } = await enroll(allocate);
    await using connection = await connectDevice({
      enrollment: 'hub-individual',
      idScope: emulator.idScope,
      globalEndpoint: emulator.globalEndpoint,
      ca: emulator.ca,
      cert: device.certificate,
      key: device.privateKey,
      payload: { line: 7, town: 'Zürich' },
    });
    expect(connection.registration).toMatchObject({
      registrationId: id,
      assignedHub: hubNamed('south').hostName,
      payload: { heard: { line: 7, town: 'Zürich' } },
    });
  });

  it('through the official SDK', async () => {
    const { emulator } = context;
    const { id, device } = await enroll(allocate);
    const result = await registerByHand({
      globalEndpoint: emulator.globalEndpoint,
      idScope: emulator.idScope,
      registrationId: id,
      cert: device.certificate,
      key: device.privateKey,
      ca: emulator.ca,
      payload: { line: 7 },
    });
    expect(result).toMatchObject({ payload: { heard: { line: 7 } } });
  });
});
