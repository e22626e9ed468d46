import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { Client, Message, type DeviceMethodResponse } from 'azure-iot-device';
import { MqttWs } from 'azure-iot-device-mqtt';
import { MqttBase } from 'azure-iot-mqtt-base';
import { ProvisioningDeviceClient, type RegistrationResult } from 'azure-iot-provisioning-device';
import { MqttWs as ProvisioningMqttWs } from 'azure-iot-provisioning-device-mqtt';
import { X509Security } from 'azure-iot-security-x509';
import { createSelfSignedCertificate, type IssuedCertificate } from 'azure-iot-certificates';
import {
  createEmulatorAgent,
  startEmulator,
  type EmulatorAgentOptions,
  type TelemetryMessage,
} from 'azure-iot-emulator';
import { useEmulator } from './support/emulator';

/* The official SDK over WebSockets, which it opens to port 443 and no other, and to names that carry no port. */

const context = useEmulator({ sharedPorts: [0], announcedPort: 8883, hubs: ['north'] });

function agentOptions(): Required<Pick<EmulatorAgentOptions, 'port' | 'ca'>> {
  const { emulator } = context;
  const [port] = emulator.sharedPorts;
  if (port === undefined) throw new Error('ports are shared');
  return { port, ca: emulator.ca };
}

async function enroll(registrationId: string): Promise<IssuedCertificate> {
  const device = await createSelfSignedCertificate({ commonName: registrationId });
  context.emulator.dps.individualEnrollments.create({
    registrationId,
    primaryCertificate: device.certificate,
  });
  return device;
}

async function register(
  registrationId: string,
  { fullChain: cert, privateKey: key }: IssuedCertificate,
  agent = createEmulatorAgent(agentOptions()),
): Promise<RegistrationResult> {
  const { globalEndpoint, idScope } = context.emulator;
  // The transport of DPS hands no options on to the base that it makes for itself.
  const base = new MqttBase();
  base.setOptions({ mqtt: { webSocketAgent: agent } });
  // Two copies of azure-iot-mqtt-base are installed, whose classes the compiler takes for different ones.
  const transport = new ProvisioningMqttWs(base as never);
  const security = new X509Security(registrationId, { cert, key });
  const result = await ProvisioningDeviceClient.create(
    globalEndpoint,
    idScope,
    transport,
    security,
  ).register();
  // Typed as if there could be none, because the same method also takes a callback.
  if (result === undefined) throw new Error('register() resolved with nothing');
  return result;
}

test('An emulator with announcedPort 8883 has host names without port, and tells the ports that it listens on', () => {
  const { emulator, hub } = context;
  expect(emulator.globalEndpoint).toBe('localhost');
  expect(hub.hostName).toBe('north.localhost');
  expect(emulator.sharedPorts).toEqual([expect.any(Number)]);
  expect(emulator.sharedPorts[0]).toBeGreaterThan(0);
});

test('A device of the official SDK registers, connects, sends, receives and answers direct methods over WebSockets', async () => {
  const { hub } = context;
  const device = await enroll('pump-1');
  const { assignedHub, deviceId } = await register('pump-1', device);
  expect(assignedHub).toBe('north.localhost');
  const client = Client.fromConnectionString(
    `HostName=${assignedHub};DeviceId=${deviceId};x509=true`,
    MqttWs,
  );
  const agent = createEmulatorAgent(agentOptions());
  await client.setOptions({
    cert: device.fullChain,
    key: device.privateKey,
    mqtt: { webSocketAgent: agent },
  });
  await client.open();
  try {
    const telemetry = once(hub, 'telemetry') as Promise<[TelemetryMessage]>;
    await client.sendEvent(new Message('hello'));
    expect((await telemetry)[0]).toMatchObject({ deviceId: 'pump-1', body: Buffer.from('hello') });

    const received = new Promise<Message>((resolve) => client.once('message', resolve));
    await hub.sendCloudToDevice('pump-1', { body: 'open' });
    const message = await received;
    expect(message.getData()).toEqual(Buffer.from('open'));
    await client.complete(message);

    const subscribed = once(hub, 'deviceSubscribed');
    client.onDeviceMethod('reboot', (...[, response]: unknown[]) => {
      void (response as DeviceMethodResponse).send(202, null);
    });
    await subscribed;
    expect(await hub.invokeMethod('pump-1', { methodName: 'reboot' })).toEqual({
      status: 202,
      payload: null,
    });
  } finally {
    await client.close();
  }
});

describe('the agent of createEmulatorAgent', () => {
  test('trusts no server whose root it was not given', async () => {
    const device = await enroll('pump-2');
    const stranger = await createSelfSignedCertificate({ commonName: 'another-root' });
    const agent = createEmulatorAgent({ ...agentOptions(), ca: stranger.certificate });
    await expect(register('pump-2', device, agent)).rejects.toThrow();
    expect(context.emulator.dps.registrations.get('pump-2')).toBeUndefined();
  });

  test('verifies the host name of the URL, although it connects to an address', async () => {
    const agent = createEmulatorAgent(agentOptions());
    const failed = once(get('https://elsewhere.example/', { agent }), 'error');
    expect((await failed)[0]).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    agent.destroy();
  });

  test('connects a host name with a port to that port', async () => {
    await using emulator = await startEmulator();
    const [hub] = emulator.hubs;
    const agent = createEmulatorAgent({ ca: emulator.ca });
    // As the official SDK does it: name and port together are the host.
    const request = get({ agent, host: hub?.hostName, path: '/', headers: { host: hub?.hostName } });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    expect((await answered)[0].statusCode).toBe(403);
    agent.destroy();
  });
});
