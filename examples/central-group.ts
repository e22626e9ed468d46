// A device of an enrollment group in IoT Central: the application holds a certificate authority (CA) above the device's
// certificate, and the device appears in it by itself.
//
// In IoT Central, once: Permissions > Device connection groups > New, with attestation type Certificates (X.509); upload
// the CA and verify it. Then set these variables and run `npm run example -- central-group`:
//   PROVISIONING_IDSCOPE  the ID scope that Permissions > Device connection groups shows, e.g. 0ne00ABCDEF
//   CERTIFICATE_FILE      the device's certificate, followed by the intermediates between it and the CA
//   KEY_FILE              the private key of the device's certificate
//   MODEL_ID              the ID of the device template, if it is not the one below
// A passphrase and other things have variables as well: docs/options.md.
// Without a subscription: `npm run example -- central-group --emulator`.
import { setTimeout } from 'node:timers/promises';
import { connectDevice, connectionOptionsFromEnv, DeviceError, Message } from 'azure-iot-x509';

async function main(): Promise<void> {
  const options = connectionOptionsFromEnv({ ...process.env, ENROLLMENT_KIND: 'central-group' });
  await using connection = await connectDevice({ modelId: 'dtmi:com:example:Thermostat;1', ...options });
  const { client, registration } = connection;
  console.log(`Connected to ${registration.assignedHub} as ${registration.deviceId}`);

  client.on('message', (message: Message) => {
    console.log(`Message from the cloud: ${message.getBytes().toString()}`);
    void client.complete(message);
  });
  const twin = await client.getTwin();
  twin.on('properties.desired', (desired: unknown) => console.log('Desired properties:', desired));
  const stopped = new Promise<void>((resolve) => {
    client.onDeviceMethod('stop', (_request, response) => {
      void response.send(200, { stopping: true }).then(resolve);
    });
  });

  await client.sendEvent(new Message(JSON.stringify({ temperature: 21.5 })));
  console.log('Telemetry sent. Listening for a minute, or until the direct method "stop" is called');
  await Promise.race([stopped, setTimeout(60_000, undefined, { ref: false })]);
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
