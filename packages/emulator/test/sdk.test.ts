import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  Message,
  type Client,
  type DeviceMethodRequest,
  type DeviceMethodResponse,
  type Twin,
} from 'azure-iot-device';
import {
  createDeviceCertificate,
  createIntermediateCertificate,
  createRootCertificate,
  createSelfSignedCertificate,
  type IssuedCertificate,
} from 'azure-iot-certificates';
import type { HubEmulator, TelemetryMessage } from 'azure-iot-emulator';
import { connectByHand, registerByHand, type DeviceSettings } from '../../../test/support/sdk-by-hand';
import { useEmulator } from './support/emulator';

const context = useEmulator();

function settingsOf(device: IssuedCertificate, registrationId: string, idScope?: string): DeviceSettings {
  const { emulator } = context;
  return {
    globalEndpoint: emulator.globalEndpoint,
    idScope: idScope ?? emulator.idScope,
    registrationId,
    cert: device.fullChain,
    key: device.privateKey,
    ca: emulator.ca,
    payload: { modelId: 'dtmi:contoso:Pump;1' },
  };
}

interface Enrolled {
  readonly settings: DeviceSettings;
  readonly hub: HubEmulator;
}

const KINDS: Record<string, () => Promise<Enrolled>> = {
  'a DPS individual enrollment': async () => {
    const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
    context.emulator.dps.individualEnrollments.create({
      registrationId: 'sensor-1',
      primaryCertificate: device.certificate,
    });
    return { settings: settingsOf(device, 'sensor-1'), hub: context.hub };
  },
  'a DPS enrollment group, through an intermediate': async () => {
    const root = await createRootCertificate({ commonName: 'root' });
    const issuer = await createIntermediateCertificate({ commonName: 'intermediate', issuer: root });
    const device = await createDeviceCertificate({ commonName: 'sensor-2', issuer });
    context.emulator.dps.certificates.upload({
      name: 'root',
      certificate: root.certificate,
      isVerified: true,
    });
    context.emulator.dps.enrollmentGroups.create({ enrollmentGroupId: 'fleet', certificateName: 'root' });
    return { settings: settingsOf(device, 'sensor-2'), hub: context.hub };
  },
  'a device of IoT Central': async () => {
    const { central } = context.emulator;
    const device = await createSelfSignedCertificate({ commonName: 'sensor-3' });
    central.devices.create({ deviceId: 'sensor-3' });
    central.devices.attest('sensor-3', {
      primaryCertificate: device.certificate,
      secondaryCertificate: device.certificate,
    });
    return { settings: settingsOf(device, 'sensor-3', central.idScope), hub: central.hub };
  },
  'an enrollment group of IoT Central': async () => {
    const { central } = context.emulator;
    const root = await createRootCertificate({ commonName: 'root' });
    const issuer = await createIntermediateCertificate({ commonName: 'intermediate', issuer: root });
    const device = await createDeviceCertificate({ commonName: 'sensor-4', issuer });
    central.enrollmentGroups.create({ name: 'fleet', certificate: root.certificate, isVerified: true });
    return { settings: settingsOf(device, 'sensor-4', central.idScope), hub: central.hub };
  },
};

describe('the official SDK', () => {
  it.each(Object.keys(KINDS))('registers and sends telemetry as %s', async (kind) => {
    const enroll = KINDS[kind];
    if (enroll === undefined) throw new Error(`no such kind: ${kind}`);
    const { settings, hub } = await enroll();
    const client = await connectByHand(settings);
    try {
      const received = once(hub, 'telemetry');
      const message = new Message(JSON.stringify({ temperature: 21.5, place: 'Zürich' }));
      message.properties.add('level', 'a&b=ü');
      message.messageId = 'm1';
      message.correlationId = 'c1';
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      await client.sendEvent(message);
      const [telemetry] = (await received) as [TelemetryMessage];
      expect(telemetry).toMatchObject({
        deviceId: settings.registrationId,
        properties: { level: 'a&b=ü' },
        systemProperties: {
          messageId: 'm1',
          correlationId: 'c1',
          contentType: 'application/json',
          contentEncoding: 'utf-8',
        },
      });
      expect(JSON.parse(telemetry.body.toString())).toEqual({ temperature: 21.5, place: 'Zürich' });
    } finally {
      await client.close();
    }
  });
});

/** Updates reported properties. The SDK adds the function for it to the properties themselves, and types it `any`. */
function report(twin: Twin, patch: object): Promise<void> {
  const reported = twin.properties.reported as unknown as {
    update(patch: object, callback: (error?: Error | null) => void): void;
  };
  return new Promise((resolve, reject) => {
    reported.update(patch, (error) => (error ? reject(error) : resolve()));
  });
}

describe('a client of the official SDK', () => {
  let client: Client;
  let hub: HubEmulator;

  beforeAll(async () => {
    ({ hub } = context);
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    context.emulator.dps.individualEnrollments.create({
      registrationId: 'pump-1',
      primaryCertificate: device.certificate,
      initialTwin: { properties: { desired: { interval: 5 } } },
    });
    const settings = settingsOf(device, 'pump-1');
    expect(await registerByHand(settings)).toMatchObject({
      assignedHub: hub.hostName,
      deviceId: 'pump-1',
      status: 'assigned',
      substatus: 'initialAssignment',
    });
    client = await connectByHand(settings);
  });
  afterAll(async () => {
    await client.close();
  });

  it('receives cloud-to-device messages and completes them', async () => {
    const received = new Promise<Message>((resolve) => client.once('message', resolve));
    const { outcome } = await hub.sendCloudToDevice('pump-1', {
      body: 'öffnen',
      properties: { urgency: 'a&b' },
      messageId: 'm1',
    });
    const message = await received;
    expect(message.getData()).toEqual(Buffer.from('öffnen'));
    expect(message.messageId).toBe('m1');
    expect(message.properties.getValue('urgency')).toBe('a&b');
    await client.complete(message);
    expect(await outcome).toBe('Success');
  });

  it('answers direct methods', async () => {
    // The SDK subscribes in the background and does not tell when it is done.
    const subscribed = once(hub, 'deviceSubscribed');
    client.onDeviceMethod('reboot', (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(202, { echo: request.payload as unknown }, () => undefined);
    });
    await subscribed;
    const response = await hub.invokeMethod('pump-1', { methodName: 'reboot', payload: { delay: 5 } });
    expect(response).toEqual({ status: 202, payload: { echo: { delay: 5 } } });
  });

  it('reads its twin, reports properties and gets desired ones', async () => {
    const twin: Twin = await client.getTwin();
    expect(twin.properties).toMatchObject({
      desired: { interval: 5, $version: 2 },
      reported: { $version: 1 },
    });
    await report(twin, { interval: 5, nested: { a: 1 } });
    expect(hub.getTwin('pump-1').properties.reported).toMatchObject({
      interval: 5,
      nested: { a: 1 },
      $version: 2,
    });

    const subscribed = once(hub, 'deviceSubscribed');
    const changes: unknown[] = [];
    const changed = new Promise<void>((resolve) => {
      twin.on('properties.desired', (patch: { interval?: number }) => {
        changes.push(patch.interval);
        if (patch.interval === 60) resolve();
      });
    });
    await subscribed;
    hub.updateDesiredProperties('pump-1', { interval: 60 });
    await changed;
    expect(changes.at(-1)).toBe(60);
  });

  it('gets an error for reported properties that are refused', async () => {
    const twin: Twin = await client.getTwin();
    await expect(report(twin, { 'a.b': 1 })).rejects.toThrow(/forbidden character/);
  });
});

/** Microsoft's sample for X.509 devices, without anything added. */
const SAMPLE = `
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt: ProvisioningTransport } = require('azure-iot-provisioning-device-mqtt');
const { X509Security } = require('azure-iot-security-x509');
const { Client, Message } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');
const { readFileSync } = require('node:fs');
const [host, idScope, registrationId, certFile, keyFile] = process.argv.slice(1);
const x509 = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
(async () => {
  const security = new X509Security(registrationId, x509);
  const provisioning = ProvisioningDeviceClient.create(host, idScope, new ProvisioningTransport(), security);
  const { assignedHub, deviceId } = await provisioning.register();
  const client = Client.fromConnectionString('HostName=' + assignedHub + ';DeviceId=' + deviceId + ';x509=true', Mqtt);
  await client.setOptions(x509);
  await client.open();
  await client.sendEvent(new Message('hello'));
  await client.close();
})();
`;

describe("Microsoft's sample in a process of its own", () => {
  it('works unchanged, with the root in NODE_EXTRA_CA_CERTS', async () => {
    const { emulator, hub } = context;
    const device = await createSelfSignedCertificate({ commonName: 'sample-1' });
    emulator.dps.individualEnrollments.create({
      registrationId: 'sample-1',
      primaryCertificate: device.certificate,
    });
    const directory = await mkdtemp(join(tmpdir(), 'emulator-'));
    try {
      const [certFile, keyFile, caFile] = ['device.crt', 'device.key', 'root.crt'].map((name) =>
        join(directory, name),
      ) as [string, string, string];
      await writeFile(certFile, device.fullChain);
      await writeFile(keyFile, device.privateKey, { mode: 0o600 });
      await writeFile(caFile, emulator.ca);
      const received = once(hub, 'telemetry');
      await promisify(execFile)(
        process.execPath,
        ['-e', SAMPLE, emulator.globalEndpoint, emulator.idScope, 'sample-1', certFile, keyFile],
        { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile } },
      );
      const [telemetry] = (await received) as [TelemetryMessage];
      expect(telemetry.deviceId).toBe('sample-1');
      expect(telemetry.body.toString()).toBe('hello');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
