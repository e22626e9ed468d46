import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Message } from 'azure-iot-device';
import { connectDevice, type ConnectOptions, type DeviceConnection } from 'azure-iot-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import { enrollDevice, type EnrolledDevice } from '../support/enrolled-device';
import { useEmulator } from '../../packages/emulator/test/support/emulator';

/* Devices that DPS or the hub refuses, for minutes or days, and what ends that. */

const context = useEmulator();
/** Pauses of an hour, that only something that happens can end. */
const slow = { minDelayMs: 3_600_000, maxDelayMs: 3_600_000, maxRefusedDelayMs: 3_600_000 };
let enrolled: EnrolledDevice;
let count = 0;

beforeEach(async () => {
  enrolled = await enrollDevice(context.emulator, 'hub-individual', `refused-${(count += 1)}`);
});
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const renewed = () => createSelfSignedCertificate({ commonName: enrolled.registrationId });
const enroll = (update: { provisioningStatus?: 'enabled' | 'disabled'; secondaryCertificate?: string }) =>
  context.emulator.dps.individualEnrollments.update(enrolled.registrationId, update);

/** Waits until the device is refused, and pauses. */
async function refused(connection: DeviceConnection, failedAttempts = 1): Promise<void> {
  for (;;) {
    const { state } = connection;
    if ('refusedSince' in state && state.nextAttemptAt && (state.attempt ?? 0) > failedAttempts) return;
    await once(connection, 'state');
  }
}

test('a device that is disabled, and enabled much later, continues with the same client', async () => {
  const reconnect = { minDelayMs: 1, maxDelayMs: 5, maxRefusedDelayMs: 5 };
  await using connection = await connectDevice({ ...enrolled.options, reconnect });
  const { client } = connection;
  enroll({ provisioningStatus: 'disabled' });
  enrolled.hub.devices.delete(enrolled.registrationId);
  await refused(connection, 20);
  const { state } = connection;
  expect(state).toMatchObject({ status: 'reconnecting', error: { service: 'dps' } });
  const sent = client.sendEvent(new Message('patience'));
  enroll({ provisioningStatus: 'enabled' });
  await sent;
  expect(connection.client).toBe(client);
  expect(connection.state.status).toBe('connected');
});

describe('a pause of an hour because of a refusal is ended by', () => {
  const start = async (more: Partial<ConnectOptions> = {}): Promise<DeviceConnection> => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999);
    const options = { ...enrolled.options, reconnect: slow, start: 'background', ...more };
    const connection = await connectDevice(options as ConnectOptions);
    await refused(connection);
    return connection;
  };

  test('reprovision(), when DPS accepts the device again', async () => {
    enroll({ provisioningStatus: 'disabled' });
    await using connection = await start();
    await expect(connection.reprovision()).rejects.toMatchObject({ code: 'REGISTRATION_REFUSED' });
    enroll({ provisioningStatus: 'enabled' });
    await connection.reprovision();
    await connection.whenConnected();
  });

  test('updateCredentials() with a certificate that DPS accepts', async () => {
    enroll({ provisioningStatus: 'disabled' });
    await using connection = await start();
    const next = await renewed();
    enroll({ provisioningStatus: 'enabled', secondaryCertificate: next.certificate });
    await connection.updateCredentials({ cert: next.certificate, key: next.privateKey });
    await connection.whenConnected();
    expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
      next.sha256Thumbprint,
    );
  });

  describe('files that are renewed', () => {
    let directory: string;
    const file = (name: string) => join(directory, name);

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
      // Only the interval in which files are checked passes in no time.
      const real = ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'nextTick'] as const;
      jest.useFakeTimers({ doNotFake: [...real, 'queueMicrotask', 'Date', 'performance', 'hrtime'] });
    });
    afterEach(() => rm(directory, { recursive: true }));

    async function write({ certificate, privateKey }: IssuedCertificate): Promise<void> {
      await writeFile(file('device.key'), privateKey, { mode: 0o600 });
      await writeFile(file('device.crt'), certificate);
    }

    const startFromFiles = () =>
      start({
        ...{ cert: undefined, key: undefined },
        ...{ certFile: file('device.crt'), keyFile: file('device.key') },
      } as Partial<ConnectOptions>);

    test('too late, within a minute', async () => {
      const stranger = await renewed();
      await write(stranger);
      await using connection = await startFromFiles();
      expect(connection.state).toMatchObject({
        error: { serviceCode: 401002 },
        advice: expect.stringContaining('Changed files') as string,
      });
      const next = await renewed();
      enroll({ secondaryCertificate: next.certificate });
      await write(next);
      jest.advanceTimersByTime(60_000);
      await connection.whenConnected();
      expect(enrolled.hub.devices.get(enrolled.registrationId)?.authentication.primaryThumbprint).toBe(
        next.sha256Thumbprint,
      );
    });

    test('twice, the first time with a certificate that is refused too', async () => {
      await write(await renewed());
      await using connection = await startFromFiles();
      await write(await renewed());
      jest.advanceTimersByTime(60_000);
      await refused(connection, 2);
      await write(enrolled.device);
      jest.advanceTimersByTime(60_000);
      await connection.whenConnected();
    });

    test('but half of them only, which leads to one attempt with the old ones', async () => {
      await write(await renewed());
      await using connection = await startFromFiles();
      await writeFile(file('device.crt'), enrolled.device.certificate.slice(0, 200));
      jest.advanceTimersByTime(60_000);
      await refused(connection, 2);
      await write(enrolled.device);
      jest.advanceTimersByTime(60_000);
      await connection.whenConnected();
    });
  });
});
