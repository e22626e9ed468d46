// How an application is tested against the emulator with Jest: `npm run example -- testing`.
import { once } from 'node:events';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type HubEmulator } from 'azure-iot-emulator';
import type { ConnectOptions } from 'azure-iot-x509';
import { Thermostat } from './thermostat';

let emulator: Emulator;
let hub: HubEmulator;
let options: ConnectOptions;

// One emulator for the file, one device for each test: they do not see each other.
beforeAll(async () => {
  emulator = await startEmulator({ retryAfterSeconds: 0 });
  [hub] = emulator.hubs as [HubEmulator];
});
afterAll(() => emulator.close());

beforeEach(async () => {
  const registrationId = `thermostat-${emulator.dps.individualEnrollments.list().length + 1}`;
  const { certificate, privateKey } = await createSelfSignedCertificate({ commonName: registrationId });
  emulator.dps.individualEnrollments.create({ registrationId, primaryCertificate: certificate });
  options = {
    enrollment: 'hub-individual',
    idScope: emulator.idScope,
    globalEndpoint: emulator.globalEndpoint,
    ca: emulator.ca,
    cert: certificate,
    key: privateKey,
    reconnect: { minDelayMs: 10, maxDelayMs: 50 },
  };
});

test('it reports the temperature, and whether it heats', async () => {
  await using thermostat = await Thermostat.start(options);
  await thermostat.report(18.5);
  const [message] = hub.receivedTelemetry().slice(-1);
  expect(JSON.parse(message?.body.toString() ?? '')).toEqual({ temperature: 18.5, isHeating: true });
});

test('it can be told another temperature', async () => {
  const subscribed = once(hub, 'deviceSubscribed');
  await using thermostat = await Thermostat.start(options);
  const [{ deviceId }] = (await subscribed) as [{ deviceId: string }];
  const answer = await hub.invokeMethod(deviceId, { methodName: 'setTarget', payload: 22 });
  expect(answer).toEqual({ status: 200, payload: { target: 22 } });
  expect(thermostat.target).toBe(22);
});

test('it reports what was measured while the hub was away', async () => {
  await using thermostat = await Thermostat.start(options);
  await hub.stop();
  const reported = thermostat.report(19);
  await hub.start();
  await reported;
  expect(hub.receivedTelemetry().at(-1)?.body.toString()).toContain('19');
});
