import { ProvisioningError, type ProvisionOptions } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { provisionOver } from '../src/provisioning/dps-client';
import { ENROLLMENT_KINDS } from '../packages/certificates/src/enrollment';
import { expectNothingLeft } from './support/leaks';
import { makeGroupDevice } from './support/group-device';
import { MockProvisioningTransport } from './support/mock-transports';

let device: IssuedCertificate;

beforeAll(async () => {
  device = await createSelfSignedCertificate({ commonName: 'dev-1', subject: { organization: 'Contoso' } });
});

function options(): ProvisionOptions {
  return {
    enrollment: 'hub-individual',
    idScope: '0ne00ABCDEF',
    cert: device.certificate,
    key: device.privateKey,
    timeoutMs: 5_000,
  };
}

const assigning = { result: { operationId: '5.op', status: 'assigning' } };
const assigned = {
  result: {
    operationId: '5.op',
    status: 'assigned',
    registrationState: {
      registrationId: 'dev-1',
      deviceId: 'the-device',
      assignedHub: 'contoso.azure-devices.net',
      status: 'assigned',
      substatus: 'initialAssignment',
      createdDateTimeUtc: '2026-01-01T00:00:00.0000000Z',
      lastUpdatedDateTimeUtc: '2026-01-02T00:00:00.0000000Z',
      etag: 'IjEi',
      payload: { room: 12 },
      x509: {},
    },
  },
};

function provision(transport: MockProvisioningTransport, more: Partial<ProvisionOptions> = {}) {
  return provisionOver(() => transport, { ...options(), ...more } as ProvisionOptions);
}

test('provisionDevice registers through the SDK, polls while assigning, and returns the assignment of DPS', async () => {
  const transport = new MockProvisioningTransport(assigning, assigning, assigned);
  await expect(provision(transport)).resolves.toEqual({
    registrationId: 'dev-1',
    deviceId: 'the-device',
    assignedHub: 'contoso.azure-devices.net',
    status: 'assigned',
    substatus: 'initialAssignment',
    createdDateTimeUtc: '2026-01-01T00:00:00.0000000Z',
    lastUpdatedDateTimeUtc: '2026-01-02T00:00:00.0000000Z',
    etag: 'IjEi',
    payload: { room: 12 },
  });
  expect(transport.calls.slice(0, 4)).toEqual([
    'registrationRequest',
    'queryOperationStatus 5.op',
    'queryOperationStatus 5.op',
    'disconnect',
  ]);
});

test('provisionDevice gives the SDK ID scope, endpoint, registration ID, certificate and key', async () => {
  const transport = new MockProvisioningTransport(assigned);
  await provision(transport, { globalEndpoint: 'dps.example:1234' });
  expect(transport.requests).toEqual([
    { registrationId: 'dev-1', idScope: '0ne00ABCDEF', provisioningHost: 'dps.example:1234' },
  ]);
  expect(transport.authentication).toEqual({
    cert: expect.stringContaining('BEGIN CERTIFICATE') as unknown,
    key: expect.stringContaining('PRIVATE KEY') as unknown,
  });
});

test('provisionDevice uses the global endpoint of the public cloud by default', async () => {
  const transport = new MockProvisioningTransport(assigned);
  await provision(transport);
  expect(transport.requests[0]?.provisioningHost).toBe('global.azure-devices-provisioning.net');
});

test('provisionDevice sends the model ID and the payload for custom allocation together', async () => {
  const transport = new MockProvisioningTransport(assigned);
  await provision(transport, { modelId: 'dtmi:com:example:Thermostat;1', payload: { floor: 3 } });
  expect(transport.requests[0]?.payload).toEqual({ floor: 3, modelId: 'dtmi:com:example:Thermostat;1' });
});

test.each(ENROLLMENT_KINDS)('provisionDevice registers a device of kind %s', async (enrollment) => {
  const transport = new MockProvisioningTransport(assigned);
  const { fullChain, privateKey } = enrollment.endsWith('group') ? await makeGroupDevice('dev-1') : device;
  const cert = enrollment.endsWith('group') ? fullChain : device.certificate;
  await expect(provision(transport, { enrollment, cert, key: privateKey })).resolves.toMatchObject({
    deviceId: 'the-device',
  });
});

test('a failure of the SDK becomes a ProvisioningError with a remedy', async () => {
  const transport = new MockProvisioningTransport({ error: new Error('the SDK is unhappy') });
  const error = await provision(transport).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProvisioningError);
  expect(error).toMatchObject({ code: 'REGISTRATION_FAILED', service: 'dps' });
  expect((error as ProvisioningError).message).toContain('the SDK is unhappy');
  expect((error as ProvisioningError).remedy).not.toBe('');
});

test('a registration without an answer ends at the deadline and leaves no timer of the SDK behind', async () => {
  await expectNothingLeft(async () => {
    const transport = new MockProvisioningTransport();
    await expect(provision(transport, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      service: 'dps',
    });
    expect(transport.calls).toContain('cancel');
  });
});

test('an aborted registration rejects with the reason of the signal', async () => {
  await expectNothingLeft(async () => {
    const controller = new AbortController();
    const attempt = provision(new MockProvisioningTransport(), { signal: controller.signal });
    controller.abort('no longer needed');
    await expect(attempt).rejects.toBe('no longer needed');
  });
});
