// One process that connects many devices, each with a certificate of its own, as a gateway does for what is behind it.
//
// Set ENROLLMENT_KIND and PROVISIONING_IDSCOPE (docs/options.md), and DEVICES_DIRECTORY to a folder that holds NAME.crt and
// NAME.key for each device, and run `npm run example -- many-devices`; without a subscription:
// `npm run example -- many-devices --emulator`.
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  connectDevice,
  connectionOptionsFromEnv,
  DeviceError,
  Message,
  type DeviceConnection,
} from 'azure-iot-x509';

/** How many devices register at the same time: DPS takes a thousand a minute, and the machine has other things to do. */
const CONCURRENCY = 10;

async function connectAll(directory: string): Promise<DeviceConnection[]> {
  const names = (await readdir(directory))
    .filter((file) => file.endsWith('.crt'))
    .map((file) => basename(file, '.crt'));
  const connections: DeviceConnection[] = [];
  const worker = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const certFile = join(directory, `${name}.crt`);
      const keyFile = join(directory, `${name}.key`);
      const env = { ...process.env, CERTIFICATE_FILE: certFile, KEY_FILE: keyFile };
      try {
        connections.push(await connectDevice(connectionOptionsFromEnv(env)));
      } catch (error) {
        // One device that is refused keeps nobody else from connecting.
        console.error(
          `${name}: ${error instanceof DeviceError ? `${error.message} ${error.remedy}` : String(error)}`,
        );
        process.exitCode = 1;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return connections;
}

async function main(): Promise<void> {
  const connections = await connectAll(process.env['DEVICES_DIRECTORY'] ?? 'devices');
  console.log(`${connections.length} devices are connected`);
  await Promise.all(
    connections.map(({ client, registration }) =>
      client.sendEvent(new Message(JSON.stringify({ from: registration.deviceId }))),
    ),
  );
  await Promise.all(connections.map((connection) => connection.close()));
  console.log('All have sent a message and left');
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
