// Messages from the cloud: they wait in the hub until the device has got them, also while it is away.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- cloud-to-device`; without a subscription: `npm run example -- cloud-to-device --emulator`.
// Send it messages with the portal (the device's page > Message to Device); "goodbye" ends it.
import { connectDevice, connectionOptionsFromEnv, DeviceError, type Message } from 'azure-iot-x509';

async function main(): Promise<void> {
  await using connection = await connectDevice(connectionOptionsFromEnv());
  await new Promise<void>((resolve) => {
    // The message is acknowledged, and leaves the hub, when this listener has got it.
    connection.client.on('message', (message: Message) => {
      const body = message.getBytes().toString();
      const properties = message.properties.propertyList.map(({ key, value }) => `${key}=${value}`);
      console.log(`Message ${message.messageId}: ${body}`, properties);
      if (body === 'goodbye') resolve();
    });
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
