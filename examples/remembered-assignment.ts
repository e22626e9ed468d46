// The hub that DPS assigned is remembered, so that the next start goes straight to it: faster, and within the limits that
// DPS sets to registrations.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- remembered-assignment`, twice; without a subscription:
// `npm run example -- remembered-assignment --emulator`.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDevice, connectionOptionsFromEnv, DeviceError } from 'azure-iot-x509';

async function main(): Promise<void> {
  const options = {
    // A device keeps it in a place that survives a restart, such as /var/lib: set ASSIGNMENT_FILE.
    assignmentFile: join(tmpdir(), 'azure-iot-x509-assignment.json'),
    ...connectionOptionsFromEnv(),
  };
  for (const start of ['First', 'Second']) {
    const began = performance.now();
    await using connection = await connectDevice(options);
    const { deviceId, assignedHub } = connection.registration;
    console.log(
      `${start} start: ${deviceId} at ${assignedHub} in ${Math.round(performance.now() - began)} ms`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
