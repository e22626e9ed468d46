// Direct methods: the cloud calls the device, which answers at once, with a status like HTTP's and a payload.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- direct-methods`; without a subscription: `npm run example -- direct-methods --emulator`.
// Call the methods with the portal (the device's page > Direct Method); "shutDown" ends it.
import { connectDevice, connectionOptionsFromEnv, DeviceError } from 'azure-iot-x509';

/** What the cloud sends is input like any other: looked at before it is used. */
function readPercent(payload: unknown): number | undefined {
  if (typeof payload !== 'object' || payload === null || !('percent' in payload)) return undefined;
  const { percent } = payload;
  return typeof percent === 'number' && percent >= 0 && percent <= 100 ? percent : undefined;
}

async function main(): Promise<void> {
  await using connection = await connectDevice(connectionOptionsFromEnv());
  const { client } = connection;
  let openPercent = 0;

  client.onDeviceMethod('openValve', (request, response) => {
    const percent = readPercent(request.payload);
    if (percent === undefined) {
      void response.send(400, { error: 'percent must be a number from 0 to 100' });
      return;
    }
    openPercent = percent;
    console.log(`The valve is open by ${openPercent} %`);
    void response.send(200, { openPercent });
  });

  await new Promise<void>((resolve, reject) => {
    client.onDeviceMethod('shutDown', (_request, response) => {
      // The answer has to be on its way before the connection is closed.
      response.send(200, { openPercent }).then(() => resolve(), reject);
    });
  });
  console.log('Shut down');
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
