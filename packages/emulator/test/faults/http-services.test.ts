import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { createHubDevice } from '../support/clients';
import { useEmulator } from '../support/emulator';
import { send } from '../support/https';
import { beginUpload, serverOf, toBlob } from '../support/uploads';

/* Faults at the HTTP requests of devices to DPS and to hubs. */

const context = useEmulator();

afterEach(() => {
  context.emulator.faults.clear();
});

it('A fault throttles a registration over HTTP once, with an answer in the form of DPS', async () => {
  const { emulator } = context;
  const identity = await createSelfSignedCertificate({ commonName: 'http-1' });
  emulator.dps.individualEnrollments.create({
    registrationId: 'http-1',
    primaryCertificate: identity.certificate,
  });
  emulator.faults.add({
    at: 'http',
    service: 'dps',
    device: 'HTTP-1',
    action: { kind: 'answer', status: 429, code: 429001, message: 'Slow down.', retryAfterSeconds: 1 },
  });
  const server = { endpoint: emulator.globalEndpoint, ca: emulator.ca };
  const path = `/${emulator.idScope}/registrations/http-1/register?api-version=2019-03-31`;
  const register = () => send(server, { method: 'PUT', path, body: '{}', identity });
  const throttled = await register();
  expect(throttled).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  expect(JSON.parse(throttled.body)).toMatchObject({ errorCode: 429001, message: 'Slow down.' });
  expect(emulator.dps.registrations.get('http-1')).toBeUndefined();
  expect((await register()).status).toBe(202);
});

it('Faults close the connection of a file upload at the hub, and answer 503 for the storage account', async () => {
  const { emulator, hub } = context;
  const identity = await createHubDevice(hub, 'camera');
  const camera = { server: serverOf(emulator, hub), deviceId: 'camera', identity };
  emulator.faults.add({ at: 'http', device: 'camera', action: { kind: 'reset', when: 'after' } });
  await expect(beginUpload(camera, 'photo.jpg')).rejects.toMatchObject({ code: 'ECONNRESET' });
  const place = await beginUpload(camera, 'photo.jpg');
  emulator.faults.add({ at: 'http', device: 'camera', action: { kind: 'answer', status: 503 } });
  const upload = () => toBlob(place, camera, { headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'photo' });
  expect((await upload()).status).toBe(503);
  expect((await upload()).status).toBe(201);
});
