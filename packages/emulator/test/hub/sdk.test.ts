import { once } from 'node:events';
import {
  Client,
  Message,
  ModuleClient,
  X509AuthenticationProvider,
  type DeviceMethodRequest,
  type DeviceMethodResponse,
  type Twin,
} from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  createVerificationCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { CloudToDeviceFeedback, TelemetryMessage } from 'azure-iot-emulator';
import { useEmulator } from '../support/emulator';

// The official Node SDK by hand, without anything of this library on the device's side.

const CAMERA = { deviceId: 'pump-1', moduleId: 'camera' };

const context = useEmulator();
const clients: (Client | ModuleClient)[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const { deviceId } of context.hub.devices.list()) context.hub.devices.delete(deviceId);
  for (const { name } of context.hub.certificates.list()) context.hub.certificates.delete(name);
});

async function openDevice(deviceId: string, { fullChain, privateKey }: IssuedCertificate): Promise<Client> {
  const { emulator, hub } = context;
  const client = Client.fromConnectionString(`HostName=${hub.hostName};DeviceId=${deviceId};x509=true`, Mqtt);
  clients.push(client);
  await client.setOptions({ cert: fullChain, key: privateKey, ca: emulator.ca });
  await client.open();
  return client;
}

/** Connection strings with X.509 are for devices only in this SDK; modules need the provider. */
async function openModule({ fullChain, privateKey }: IssuedCertificate): Promise<ModuleClient> {
  const { emulator, hub } = context;
  const x509 = { cert: fullChain, key: privateKey };
  const provider = new X509AuthenticationProvider({ host: hub.hostName, ...CAMERA, x509 });
  const client = ModuleClient.fromAuthenticationProvider(provider, Mqtt);
  clients.push(client);
  await client.setOptions({ ...x509, ca: emulator.ca });
  await client.open();
  return client;
}

describe('the official module client', () => {
  it('sends to outputs, answers direct methods and has a twin', async () => {
    const { hub } = context;
    const identity = await createSelfSignedCertificate({ commonName: 'camera' });
    hub.devices.create({ deviceId: 'pump-1' });
    hub.modules.create({ ...CAMERA, authentication: { primaryThumbprint: identity.sha256Thumbprint } });
    const client = await openModule(identity);

    const received = once(hub, 'telemetry');
    const message = new Message('click');
    message.properties.add('quality', 'high');
    await client.sendOutputEvent('pictures', message);
    const [telemetry] = (await received) as [TelemetryMessage];
    expect(telemetry).toMatchObject({
      ...CAMERA,
      properties: { quality: 'high' },
      systemProperties: { outputName: 'pictures' },
    });

    const subscribed = once(hub, 'deviceSubscribed');
    client.onMethod('shoot', (request?: DeviceMethodRequest, response?: DeviceMethodResponse) => {
      response?.send(200, { echo: request?.payload as unknown }, () => undefined);
    });
    await subscribed;
    expect(await hub.invokeMethod(CAMERA, { methodName: 'shoot', payload: 'now' })).toEqual({
      status: 200,
      payload: { echo: 'now' },
    });

    hub.updateTwin(CAMERA, { tags: { secret: 1 }, properties: { desired: { resolution: 'low' } } });
    const twin: Twin = await client.getTwin();
    expect(twin.properties.desired).toMatchObject({ resolution: 'low', $version: 2 });
    const changed = new Promise<unknown>((resolve) => {
      twin.on('properties.desired', ({ resolution }: { resolution: string }) => {
        if (resolution === 'high') resolve(resolution);
      });
    });
    const next = once(hub, 'deviceSubscribed');
    await next;
    hub.updateTwin(CAMERA, { properties: { desired: { resolution: 'high' } } });
    await changed;
  });

  it('is accepted by a certificate authority', async () => {
    const { hub } = context;
    const root = await createRootCertificate({ commonName: 'root' });
    const issuer = await createIntermediateCertificate({ commonName: 'intermediate', issuer: root });
    hub.certificates.upload({ name: 'root', certificate: root.certificate, isVerified: true });
    hub.devices.create({ deviceId: 'pump-1' });
    hub.modules.create({ ...CAMERA, authentication: { type: 'certificateAuthority' } });
    // A leaf like any other, but with a name that a device could not have.
    const identity = await createVerificationCertificate({ verificationCode: 'pump-1/camera', issuer });
    const client = await openModule(identity);
    const subscribed = once(hub, 'deviceSubscribed');
    client.on('inputMessage', () => undefined);
    expect(await subscribed).toMatchObject([
      { ...CAMERA, topicFilter: 'devices/pump-1/modules/camera/inputs/#' },
    ]);
    await client.sendEvent(new Message('x'));
    expect(hub.receivedTelemetry(CAMERA).at(-1)?.body.toString()).toBe('x');
  });
});

describe('the official device client', () => {
  it('is accepted by a certificate authority, and refused when that is deleted', async () => {
    const { hub } = context;
    const root = await createRootCertificate({ commonName: 'root' });
    const issuer = await createIntermediateCertificate({ commonName: 'intermediate', issuer: root });
    const device = await createDeviceCertificate({ commonName: 'pump-1', issuer });
    hub.certificates.upload({ name: 'root', certificate: root.certificate, isVerified: true });
    hub.devices.create({ deviceId: 'pump-1', authentication: { type: 'certificateAuthority' } });
    const client = await openDevice('pump-1', device);
    await client.sendEvent(new Message('x'));
    await client.close();
    hub.certificates.delete('root');
    await expect(openDevice('pump-1', device)).rejects.toThrow();
  });

  it('completes a message that waited, and the service gets its feedback', async () => {
    const { hub } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    hub.devices.create({ deviceId: 'pump-1', authentication: { primaryThumbprint: device.thumbprint } });
    await hub.sendCloudToDevice('pump-1', { body: 'waiting', messageId: 'm1', ack: 'full' });
    const client = await openDevice('pump-1', device);
    const feedback = once(hub, 'cloudToDeviceFeedback');
    const message = await new Promise<Message>((resolve) => client.once('message', resolve));
    expect(message.getData()).toEqual(Buffer.from('waiting'));
    expect(message.messageId).toBe('m1');
    expect(message.properties.getValue('iothub-ack')).toBe('full');
    await client.complete(message);
    const [record] = (await feedback) as [CloudToDeviceFeedback];
    expect(record).toMatchObject({ originalMessageId: 'm1', statusCode: 'Success' });
  });

  it('reads the desired properties that replaced the earlier ones', async () => {
    const { hub } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    hub.devices.create({ deviceId: 'pump-1', authentication: { primaryThumbprint: device.thumbprint } });
    hub.updateDesiredProperties('pump-1', { a: 1, b: 1 });
    hub.replaceTwin('pump-1', { tags: { site: 'A' }, properties: { desired: { b: 2 } } });
    const client = await openDevice('pump-1', device);
    const twin: Twin = await client.getTwin();
    expect(JSON.parse(JSON.stringify(twin.properties.desired))).toEqual({ b: 2, $version: 3 });
    expect(twin).not.toHaveProperty('tags');
  });

  it('answers a direct method that was called before it connected', async () => {
    const { hub } = context;
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    hub.devices.create({ deviceId: 'pump-1', authentication: { primaryThumbprint: device.thumbprint } });
    const call = hub.invokeMethod('pump-1', { methodName: 'reboot', connectTimeoutSeconds: 60 });
    const client = await openDevice('pump-1', device);
    client.onDeviceMethod('reboot', (_request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(202, () => undefined);
    });
    expect(await call).toMatchObject({ status: 202 });
  });
});
