import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSelfSignedCertificate } from 'azure-iot-x509/certificates';
import type { TelemetryMessage } from 'azure-iot-x509/emulator';
import { dpsUsername, hubUsername } from './support/clients';
import { useEmulator } from './support/emulator';

const isInstalled = ['mosquitto_pub', 'mosquitto_sub'].every(
  (command) => spawnSync(command, ['--help']).error === undefined,
);

if (isInstalled) {
  describe('mosquitto', () => {
    const context = useEmulator();
    let directory: string;
    let tls: string[];

    beforeAll(async () => {
      const { emulator } = context;
      const device = await createSelfSignedCertificate({ commonName: 'sensor-1' });
      emulator.dps.individualEnrollments.create({
        registrationId: 'sensor-1',
        primaryCertificate: device.certificate,
      });
      directory = await mkdtemp(join(tmpdir(), 'mosquitto-'));
      const files = { cafile: emulator.ca, cert: device.fullChain, key: device.privateKey };
      for (const [name, content] of Object.entries(files)) {
        await writeFile(join(directory, name), content, { mode: 0o600 });
      }
      tls = Object.keys(files).flatMap((name) => [`--${name}`, join(directory, name)]);
    });
    afterAll(async () => {
      await rm(directory, { recursive: true });
    });

    async function run(
      command: string,
      endpoint: string,
      username: string,
      options: string[],
    ): Promise<string> {
      const [host = '', port = ''] = endpoint.split(':');
      const connect = ['-h', host, '-p', port, '-V', 'mqttv311', '-i', 'sensor-1', '-u', username];
      const { stdout } = await promisify(execFile)(command, [...connect, ...tls, ...options]);
      return stdout.trim();
    }

    it('walks from the registration to telemetry and a message to the device', async () => {
      const { emulator, hub } = context;
      // mosquitto_pub leaves as soon as its message is acknowledged, so it sees no answer; DPS registers the device.
      await run('mosquitto_pub', emulator.globalEndpoint, dpsUsername(emulator.idScope, 'sensor-1'), [
        ...['-t', '$dps/registrations/PUT/iotdps-register/?$rid=1', '-q', '1'],
        ...['-m', '{"registrationId":"sensor-1"}'],
      ]);
      const registration = emulator.dps.registrations.get('sensor-1');
      expect(registration).toMatchObject({ status: 'assigned', assignedHub: hub.hostName });

      const username = hubUsername(hub, 'sensor-1');
      const received = once(hub, 'telemetry');
      await run('mosquitto_pub', hub.hostName, username, [
        ...['-t', 'devices/sensor-1/messages/events/level=high', '-m', 'hello', '-q', '1'],
      ]);
      const [telemetry] = (await received) as [TelemetryMessage];
      expect(telemetry.body.toString()).toBe('hello');
      expect(telemetry.properties).toEqual({ level: 'high' });

      const subscribed = once(hub, 'deviceSubscribed');
      const printed = run('mosquitto_sub', hub.hostName, username, [
        ...['-t', 'devices/sensor-1/messages/devicebound/#', '-q', '1', '-C', '1', '-W', '10'],
      ]);
      await subscribed;
      const { outcome } = await hub.sendCloudToDevice('sensor-1', { body: 'open' });
      expect(await printed).toBe('open');
      expect(await outcome).toBe('Success');
    });
  });
} else {
  describe('mosquitto', () => {
    it('was NOT tried: mosquitto_pub and mosquitto_sub are not installed here', () => {
      expect(isInstalled).toBe(false);
    });
  });
}
