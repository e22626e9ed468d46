// A file that is too large for a message goes to the storage account of the hub, over HTTPS with the same certificate.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- file-upload`; without a subscription: `npm run example -- file-upload --emulator`.
// The hub needs a storage account: portal > IoT hub > File upload.
import { Readable } from 'node:stream';
import { connectDevice, connectionOptionsFromEnv, DeviceError } from 'azure-iot-x509';

async function main(): Promise<void> {
  await using connection = await connectDevice(connectionOptionsFromEnv());
  const log = Buffer.from('pump started\n'.repeat(20_000));
  // Any stream whose length is known, such as that of a file.
  await connection.client.uploadToBlob('pump.log', Readable.from([log]), log.length);
  console.log(`Uploaded ${log.length} bytes as pump.log`);
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
