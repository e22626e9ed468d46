import { rmSync } from 'node:fs';
import type { Message } from 'azure-iot-device';
import {
  connectDevice,
  type ConnectOptions,
  type DeviceConnection,
  type EnrollmentKind,
} from 'azure-iot-x509';
import { startEmulator, type Emulator, type HubEmulator } from 'azure-iot-emulator';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { enrollDevice } from '../../support/enrolled-device';
import { expectNothingLeft } from '../../support/leaks';
import type { Persistent } from '../../../packages/emulator/src/stored/persistent';
import { connectToHub, createHubDevice } from '../../../packages/emulator/test/support/clients';
import { moduleOf, Program } from '../../../packages/emulator/test/support/program';
import { useWarnings } from '../../../packages/emulator/test/support/warnings';
import {
  addressesOf,
  filesIn,
  hubOf,
  useStatefulEmulators,
} from '../../../packages/emulator/test/state/stateful-emulators';

const { start, path, edit } = useStatefulEmulators();
const warned = useWarnings();

/** The next message to the device, which is completed. */
function nextMessage({ client }: DeviceConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    client.once('message', (message: Message) => {
      client.complete(message, (error?: Error) => (error ? reject(error) : resolve(String(message.data))));
    });
  });
}

/** What the device itself does with its twin. */
async function report(options: ConnectOptions, properties: object): Promise<void> {
  await using connection = await connectDevice(options);
  // The SDK types everything in a twin as `any`.
  const reported = (await connection.client.getTwin()).properties.reported as {
    update(properties: object, done: (error: Error | null) => void): void;
  };
  await new Promise<void>((resolve, reject) => {
    reported.update(properties, (error) => (error ? reject(error) : resolve()));
  });
}

describe('an emulator that is stopped and started again', () => {
  test.each<EnrollmentKind>(['hub-individual', 'hub-group', 'central-individual', 'central-group'])(
    'has a device of kind %s with its twin and its messages, and accepts it at the same address',
    async (kind) => {
      let emulator = await start();
      const { options, registrationId, hub } = await enrollDevice(emulator, kind, 'pump-1');
      const before = addressesOf(emulator);
      await report(options, { firmware: '1.0' });
      hub.updateDesiredProperties(registrationId, { speed: 7 });
      const waiting = await hub.sendCloudToDevice(registrationId, {
        body: 'waited',
        properties: { priority: 'high' },
      });
      await emulator.close();
      expect(await waiting.outcome).toBe('Purged');

      emulator = await start();
      expect(addressesOf(emulator)).toEqual(before);
      const found = emulator.findHub(hub.hostName);
      expect(found?.devices.get(registrationId)?.cloudToDeviceMessageCount).toBe(1);
      // The options of the first emulator: nothing that the device knows has changed.
      await using connection = await connectDevice(options);
      expect(connection.registration.assignedHub).toBe(hub.hostName);
      const { properties } = await connection.client.getTwin();
      expect(properties).toMatchObject({ desired: { speed: 7 }, reported: { firmware: '1.0' } });
      expect(await nextMessage(connection)).toBe('waited');
      await expectMessageGone(emulator, hub.hostName, registrationId);
    },
  );

  async function expectMessageGone(emulator: Emulator, hostName: string, deviceId: string): Promise<void> {
    const hub = emulator.findHub(hostName);
    while (hub?.devices.get(deviceId)?.cloudToDeviceMessageCount !== 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('is connected to again by a device that kept running', async () => {
    let emulator = await start();
    const { options, registrationId } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
    await using connection = await connectDevice({
      ...options,
      reconnect: { minDelayMs: 5, maxDelayMs: 50 },
    });
    const registeredAt = emulator.dps.registrations.get(registrationId)?.etag;
    const message = nextMessage(connection);
    await emulator.close();
    emulator = await start();
    await hubOf(emulator).sendCloudToDevice(registrationId, { body: 'welcome back' });
    expect(await message).toBe('welcome back');
    expect(emulator.dps.registrations.get(registrationId)?.etag).toBe(registeredAt);
  });

  test('changes nothing in the state folder, and leaves nothing behind', async () => {
    await expectNothingLeft(async () => {
      const emulator = await start();
      await enrollDevice(emulator, 'hub-group', 'pump-1');
      await enrollDevice(emulator, 'central-individual', 'pump-2');
      hubOf(emulator).devices.create({ deviceId: 'pump-3' });
      await hubOf(emulator).sendCloudToDevice('pump-3', { body: Buffer.from([0, 255]) });
      await emulator.close();
      const files = filesIn(path('state'));
      expect(Object.keys(files)).toEqual([
        'central-central.json',
        'dps.json',
        'emulator.json',
        'hub-central.json',
        'hub-hub-1.json',
        'server/certificate.pem',
        'server/key.pem',
        'server/root-key.pem',
        'server/root.pem',
      ]);
      await (await start()).close();
      await (await start({ hubs: ['hub-1'] })).close();
      expect(filesIn(path('state'))).toEqual(files);
    });
  });

  test('does not have devices and enrollments that were deleted', async () => {
    let emulator = await start();
    const { options, registrationId } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
    await (await connectDevice(options)).close();
    hubOf(emulator).devices.delete(registrationId);
    emulator.dps.individualEnrollments.delete(registrationId);
    await emulator.close();
    emulator = await start();
    expect(emulator.dps.individualEnrollments.list()).toEqual([]);
    expect(hubOf(emulator).devices.list()).toEqual([]);
    await expect(connectDevice(options)).rejects.toMatchObject({ code: 'REGISTRATION_REFUSED' });
  });

  test('writes changes that happened while it was being closed', async () => {
    const emulator = await start();
    hubOf(emulator).devices.create({ deviceId: 'pump-1' });
    const closing = emulator.close();
    hubOf(emulator).updateDesiredProperties('pump-1', { speed: 1 });
    await Promise.all([closing, emulator.close()]);
    const next = await start();
    expect(hubOf(next).getTwin('pump-1').properties.desired).toMatchObject({ speed: 1 });
    await next.close();
  });
});

test('A state folder that is deleted loses the state and does not stop the emulator', async () => {
  const emulator = await start();
  const { options } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
  const warning = warned.next();
  rmSync(path('state'), { recursive: true });
  await using connection = await connectDevice(options);
  expect((await warning).code).toBe('AZURE_IOT_X509_EMULATOR_STATE');
  await connection.close();
  await emulator.close();
});

test('The files of a state folder can be edited while the emulator is stopped', async () => {
  await (await start()).close();
  const { certificate, thumbprint } = await createSelfSignedCertificate({ commonName: 'pump-9' });
  const emulator = await start();
  emulator.dps.individualEnrollments.create({ registrationId: 'pump-9', primaryCertificate: certificate });
  hubOf(emulator).devices.create({ deviceId: 'pump-9', authentication: { primaryThumbprint: thumbprint } });
  hubOf(emulator).updateDesiredProperties('pump-9', { speed: 1 });
  await emulator.close();
  edit('hub-hub-1.json', (content) => JSON.parse(JSON.stringify(content).replace('"speed":1', '"speed":2')));
  const edited = await start();
  expect(hubOf(edited).getTwin('pump-9').properties.desired).toMatchObject({ speed: 2 });
  await edited.close();
});

test('Telemetry does not write to the state folder', async () => {
  const emulator = await start();
  const hub = hubOf(emulator);
  const device = await createHubDevice(hub, 'pump-1');
  const client = await connectToHub(emulator, hub, 'pump-1', device);
  await client.publishAcknowledged('devices/pump-1/messages/events/', 'first');
  let changes = 0;
  // Not part of the public interface.
  (hub as HubEmulator & Persistent).onChange(() => changes++);
  for (let count = 0; count < 200; count++) client.publish('devices/pump-1/messages/events/', 'next');
  await client.ping();
  expect(hub.receivedTelemetry('pump-1')).toHaveLength(201);
  expect(changes).toBe(0);
  await client.drop();
});

test('Emulators without a state folder have nothing in common, in one process or in two', async () => {
  await using program = Program.start(
    path(),
    `import { startEmulator } from ${moduleOf('index.ts')};`,
    `const emulator = await startEmulator({ idScope: '0ne0000000A' });
  emulator.hubs[0].devices.create({ deviceId: 'pump-1' });
  print(emulator.globalEndpoint);`,
  );
  const [one, two] = await Promise.all([1, 2].map(() => startEmulator({ idScope: '0ne0000000A' })));
  const endpoints = [await program.line(), one?.globalEndpoint, two?.globalEndpoint];
  expect(new Set(endpoints).size).toBe(3);
  expect(one?.ca).not.toBe(two?.ca);
  expect([one, two].flatMap((emulator) => emulator?.hubs[0]?.devices.list())).toEqual([]);
  await Promise.all([one?.close(), two?.close()]);
});
