import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import type { TelemetryMessage } from 'azure-iot-emulator';
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

    it('registers by hand: mosquitto_sub reads 202 and 200 while mosquitto_pub asks', async () => {
      const { emulator, hub } = context;
      const username = `${emulator.idScope}/registrations/sensor-1/api-version=2019-03-31`;
      const [host = '', port = ''] = emulator.globalEndpoint.split(':');
      const connect = ['-h', host, '-p', port, '-V', 'mqttv311', '-i', 'sensor-1', '-u', username, ...tls];
      // A line at a time: into a pipe it would print when its buffer is full, or at its end.
      const subscriber = spawn('stdbuf', [
        ...['-oL', 'mosquitto_sub', ...connect],
        ...['-t', '$dps/registrations/res/#', '-q', '1', '-v', '-d', '-W', '20'],
      ]);
      const lines = createInterface({ input: subscriber.stdout })[Symbol.asyncIterator]();
      const next = async (start: string): Promise<string> => {
        for (;;) {
          const line = await lines.next();
          if (line.done === true) throw new Error(`mosquitto_sub ended before it printed ${start}`);
          if (line.value.startsWith(start)) return line.value.slice(start.length).trim();
        }
      };
      const publish = (topic: string, ...body: string[]): Promise<string> =>
        run('mosquitto_pub', emulator.globalEndpoint, username, ['-t', topic, '-q', '1', ...body]);

      await next('Subscribed');
      await publish('$dps/registrations/PUT/iotdps-register/?$rid=1', '-m', '{"registrationId":"sensor-1"}');
      const accepted = await next('$dps/registrations/res/202/?$rid=1&retry-after=0');
      const { operationId } = JSON.parse(accepted) as { operationId: string };
      const poll = (requestId: number, ...body: string[]): Promise<string> =>
        publish(
          `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`,
          ...body,
        );
      // What a poll says is not looked at: a blank, or no body at all.
      await poll(2, '-m', ' ');
      expect(await next('$dps/registrations/res/202/?$rid=2&retry-after=0')).toContain(
        '"status":"assigning"',
      );
      await poll(3, '-n');
      const assigned = JSON.parse(await next('$dps/registrations/res/200/?$rid=3')) as object;
      expect(assigned).toMatchObject({
        operationId,
        status: 'assigned',
        registrationState: { deviceId: 'sensor-1', assignedHub: hub.hostName },
      });
      const ended = once(subscriber, 'close');
      subscriber.kill();
      await ended;
    });

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
