// The device twin: the cloud writes desired properties, the device applies them and reports what is.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- twin`; without a subscription: `npm run example -- twin --emulator`.
// Change the desired property `intervalSeconds` with the portal (the device's page > Device Twin); 0 ends it.
import { connectDevice, connectionOptionsFromEnv, DeviceError, type Twin } from 'azure-iot-x509';

/** The SDK's types leave out what reported properties can do. */
function reportedOf(twin: Twin): { update(patch: object, callback: (error: Error | null) => void): void } {
  return twin.properties.reported as ReturnType<typeof reportedOf>;
}

function report(twin: Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) => {
    reportedOf(twin).update(patch, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function main(): Promise<void> {
  await using connection = await connectDevice(connectionOptionsFromEnv());
  const twin = await connection.client.getTwin();
  await report(twin, { firmware: '1.2.0' });

  await new Promise<void>((resolve, reject) => {
    // Called with the present value first, then upon each change, also one that was made while the device was away.
    twin.on('properties.desired.intervalSeconds', (intervalSeconds: unknown) => {
      if (typeof intervalSeconds !== 'number') return;
      console.log(`Desired interval: ${intervalSeconds} s`);
      const applied = report(twin, { intervalSeconds });
      applied.then(() => intervalSeconds === 0 && resolve(), reject);
    });
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
