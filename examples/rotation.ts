// A certificate is renewed while the device is connected, without losing a message.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md), and for the renewed
// certificate RENEWED_CERTIFICATE_FILE and RENEWED_KEY_FILE, and run `npm run example -- rotation`; without a
// subscription: `npm run example -- rotation --emulator`.
// The renewed certificate has the same common name, and is enrolled before (an individual enrollment takes it as the
// secondary certificate). Replacing the files in place would do as well: they are watched.
import { once } from 'node:events';
import {
  connectDevice,
  connectionOptionsFromEnv,
  DeviceError,
  Message,
  type DeviceConnection,
} from 'azure-iot-x509';

async function renew(connection: DeviceConnection): Promise<void> {
  const { RENEWED_CERTIFICATE_FILE: certFile, RENEWED_KEY_FILE: keyFile } = process.env;
  if (!certFile || !keyFile) throw new Error('Set RENEWED_CERTIFICATE_FILE and RENEWED_KEY_FILE.');
  // Checked, registered with, connected with: only then the old connection is given up.
  await connection.updateCredentials({ certFile, keyFile });
  console.log(`Renewed; still ${connection.registration.deviceId} at ${connection.registration.assignedHub}`);
}

async function main(): Promise<void> {
  // Far too early, so that something happens here. The default is 30 days before the end.
  await using connection = await connectDevice({ ...connectionOptionsFromEnv(), expiryWarningDays: 3650 });
  const [{ notAfter }] = (await once(connection, 'credentialsExpiring')) as [{ notAfter: Date }];
  console.log(`The certificate ends on ${notAfter.toISOString()}`);

  // What is sent meanwhile arrives.
  const sent = connection.client.sendEvent(new Message(JSON.stringify({ renewing: true })));
  await renew(connection);
  await sent;
  await connection.client.sendEvent(new Message(JSON.stringify({ renewing: false })));
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
