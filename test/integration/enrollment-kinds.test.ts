import { once } from 'node:events';
import { Client, Message } from 'azure-iot-device';
import {
  connectDevice,
  type ConnectionError,
  CredentialsError,
  ProvisioningError,
  provisionDevice,
  type ConnectOptions,
  type EnrollmentKind,
} from 'azure-iot-x509';
import {
  createDeviceCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
} from 'azure-iot-certificates';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import { ENROLLMENT_KINDS } from '../../packages/certificates/src/enrollment';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { expectNothingLeft } from '../support/leaks';

/* Every enrollment kind over real mutual TLS: what works, and each wrong certificate. */

let emulator: Emulator;
let count = 0;

beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0 });
});

afterAll(async () => {
  await emulator.close();
});

const newId = () => `dev-${(count += 1)}`;
const individual: EnrollmentKind[] = ['hub-individual', 'central-individual'];
const group: EnrollmentKind[] = ['hub-group', 'central-group'];

async function refusal(options: ConnectOptions): Promise<ProvisioningError> {
  let error: unknown;
  await expectNothingLeft(async () => {
    error = await connectDevice(options).catch((reason: unknown) => reason);
  });
  if (!(error instanceof ProvisioningError)) throw new Error(`Not refused by DPS: ${String(error)}`);
  expect(error.remedy).not.toBe('');
  return error;
}

/** With the checks that would find the fault before DPS does switched off. */
const unchecked = (options: ConnectOptions, ...skipChecks: string[]): ConnectOptions => ({
  ...options,
  skipChecks,
});

describe.each(ENROLLMENT_KINDS)('a device of kind %s:', (kind) => {
  test.each(['mqtt', 'mqtt-ws'] as const)(
    'connects over %s, sends and receives, and disconnects',
    async (transport) => {
      const { registrationId, hub, options } = await enrollDevice(emulator, kind, newId());
      await using connection = await connectDevice({ ...options, transport });
      expect(connection.client).toBeInstanceOf(Client);
      expect(connection.registration).toMatchObject({
        registrationId,
        deviceId: registrationId,
        assignedHub: hub.hostName,
        status: 'assigned',
      });

      const arrived = once(hub, 'telemetry');
      const message = new Message('{"temperature":21.5}');
      message.properties.add('room', 'Zürich & co');
      message.contentType = 'application/json';
      await connection.client.sendEvent(message);
      expect(await arrived).toMatchObject([
        {
          deviceId: registrationId,
          properties: { room: 'Zürich & co' },
          systemProperties: { contentType: 'application/json' },
        },
      ]);

      const received = once(connection.client, 'message');
      const { outcome } = await hub.sendCloudToDevice(registrationId, { body: 'hello' });
      expect(String(((await received) as [Message])[0].data)).toBe('hello');
      await expect(outcome).resolves.toBe('Success');

      const subscribed = once(hub, 'deviceSubscribed');
      connection.client.onDeviceMethod('reboot', (request, response) => {
        void response.send(200, { after: request.payload as unknown });
      });
      await subscribed;
      await expect(
        hub.invokeMethod(registrationId, { methodName: 'reboot', payload: { seconds: 1 } }),
      ).resolves.toEqual({ status: 200, payload: { after: { seconds: 1 } } });

      const twin = await connection.client.getTwin();
      const desired = once(twin, 'properties.desired.interval');
      hub.updateDesiredProperties(registrationId, { interval: 5 });
      expect(await desired).toEqual([5]);
      const reported = once(hub, 'reportedPropertiesUpdated');
      (twin.properties.reported as { update: (patch: object, done: () => void) => void }).update(
        { interval: 5 },
        () => undefined,
      );
      expect(await reported).toMatchObject([{ deviceId: registrationId, reported: { interval: 5 } }]);

      const disconnected = once(hub, 'deviceDisconnected');
      await connection.close();
      expect(await disconnected).toMatchObject([{ deviceId: registrationId }]);
    },
  );

  test('provisionDevice resolves with the assignment and connects to DPS alone', async () => {
    const { registrationId, hub, options } = await enrollDevice(emulator, kind, newId());
    await expectNothingLeft(async () => {
      const { timeoutMs: _timeoutMs, ...rest } = options;
      await expect(provisionDevice(rest as ConnectOptions)).resolves.toMatchObject({
        deviceId: registrationId,
        assignedHub: hub.hostName,
      });
    });
    expect(hub.devices.get(registrationId)).toMatchObject({ connectionState: 'Disconnected' });
  });

  test('an unknown certificate is refused with 401002', async () => {
    const { registrationId, options } = await enrollDevice(emulator, kind, newId());
    const stranger = kind.endsWith('group')
      ? await createDeviceCertificate({
          commonName: registrationId,
          issuer: await createRootCertificate({ commonName: 'Somebody else' }),
        })
      : await createSelfSignedCertificate({ commonName: registrationId });
    const error = await refusal({
      ...options,
      cert: stranger.fullChain,
      key: stranger.privateKey,
    } as ConnectOptions);
    expect(error).toMatchObject({ code: 'REGISTRATION_REFUSED', serviceCode: 401002, service: 'dps' });
    expect(error.trackingId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the certificate of another device is not accepted for this registration ID', async () => {
    const [mine, other]: EnrolledDevice[] = [
      await enrollDevice(emulator, kind, newId()),
      await enrollDevice(emulator, kind, newId()),
    ];
    if (!mine || !other) throw new Error('No devices.');
    const options = { ...other.options, registrationId: mine.registrationId } as ConnectOptions;
    await expect(connectDevice(options)).rejects.toBeInstanceOf(CredentialsError);
    const error = await refusal(unchecked(options, 'common-name-is-registration-id'));
    expect(error).toMatchObject({ code: 'REGISTRATION_REFUSED', serviceCode: 401002 });
  });

  test('an expired certificate is found before anything is sent, and refused by the service if the check is skipped', async () => {
    const validity = {
      notBefore: new Date(Date.now() - 2 * 86_400_000),
      notAfter: new Date(Date.now() - 86_400_000),
    };
    const { registrationId, options } = await enrollDevice(emulator, kind, newId(), { validity });
    await expect(connectDevice(options)).rejects.toMatchObject({
      name: 'CredentialsError',
      message: expect.stringContaining('expired') as unknown,
    });
    const skipped = unchecked(options, 'certificate-not-expired');
    expect(await refusal(skipped)).toMatchObject({ serviceCode: 401002 });
    expect(emulator.dps.registrations.get(registrationId)?.status).not.toBe('assigned');
  });

  test('a wrong ID scope is refused', async () => {
    const { options } = await enrollDevice(emulator, kind, newId());
    const error: unknown = await connectDevice({
      ...options,
      idScope: '0ne00FFFFFF',
      reconnect: { minDelayMs: 1 },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ service: 'dps' });
    expect((error as ConnectionError).remedy).toMatch(/ID scope/);
  });
});

test.each(individual)('%s: a certificate that nobody enrolled is refused', async (kind) => {
  const { options } = await enrollDevice(emulator, kind, newId());
  const stranger = await createSelfSignedCertificate({ commonName: newId() });
  const error = await refusal({
    ...options,
    cert: stranger.certificate,
    key: stranger.privateKey,
  } as ConnectOptions);
  expect(error.remedy).toMatch(/enrollment|device/);
});

test.each(group)(
  '%s: a chain without an intermediate is refused, and the error names the issuer that the chain ends at',
  async (kind) => {
    const { registrationId, device, options } = await enrollDevice(emulator, kind, newId());
    const error = await refusal({ ...options, cert: device.certificate } as ConnectOptions);
    expect(error).toMatchObject({ serviceCode: 401002 });
    expect(error.message).toContain(`CN=${registrationId} line`);
    expect(error.remedy).toContain('intermediate');
  },
);

test.each(group)('%s: a certificate authority that is not verified does not attest devices', async (kind) => {
  const { options } = await enrollDevice(emulator, kind, newId(), { unverified: true });
  const error = await refusal(options);
  expect(error).toMatchObject({ serviceCode: 401002 });
  expect(error.remedy).toContain('verified');
});

test('hub-individual: a disabled individual enrollment refuses the registration', async () => {
  const { registrationId, options } = await enrollDevice(emulator, 'hub-individual', newId());
  emulator.dps.individualEnrollments.update(registrationId, { provisioningStatus: 'disabled' });
  await refusal(options);
});

test('hub-group: a disabled enrollment group refuses the registration', async () => {
  const { registrationId, options } = await enrollDevice(emulator, 'hub-group', newId());
  emulator.dps.enrollmentGroups.update(`${registrationId}-ca`, { provisioningStatus: 'disabled' });
  await refusal(options);
});

test.each(['central-individual', 'central-group'] as const)(
  '%s: the registration of a blocked device fails',
  async (kind) => {
    const { registrationId, options } = await enrollDevice(emulator, kind, newId());
    await provisionDevice(options);
    expect(emulator.central.devices.get(registrationId)?.status).toBe('Provisioned');
    emulator.central.devices.block(registrationId);
    const error = await refusal(options);
    expect(error.remedy).toMatch(/[Uu]nblock/);
  },
);

test('central-individual: the device goes from Registered to Provisioned', async () => {
  const { registrationId, options } = await enrollDevice(emulator, 'central-individual', newId());
  expect(emulator.central.devices.get(registrationId)?.status).toBe('Registered');
  await provisionDevice(options);
  expect(emulator.central.devices.get(registrationId)?.status).toBe('Provisioned');
});

test('the model ID reaches DPS and the hub', async () => {
  const modelId = 'dtmi:com:example:Thermostat;1';
  const { registrationId, hub, options } = await enrollDevice(emulator, 'hub-individual', newId());
  await using connection = await connectDevice({ ...options, modelId });
  expect(connection.registration.deviceId).toBe(registrationId);
  expect(emulator.dps.registrations.get(registrationId)?.payload).toMatchObject({ modelId });
  expect(hub.getTwin(registrationId)).toMatchObject({ modelId });
});

test('an individual enrollment can give the device a device ID that is not the registration ID', async () => {
  const { registrationId, hub, options } = await enrollDevice(emulator, 'hub-individual', newId());
  emulator.dps.individualEnrollments.update(registrationId, { deviceId: 'Boiler' });
  await using connection = await connectDevice(options);
  expect(connection.registration).toMatchObject({ registrationId, deviceId: 'Boiler' });
  expect(hub.devices.get('Boiler')).toMatchObject({ connectionState: 'Connected' });
});
