// A Plug and Play device: it names its model, and follows that model's conventions for telemetry of components, writable
// properties and commands. IoT Central shows such a device without further ado.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- plug-and-play`; without a subscription: `npm run example -- plug-and-play --emulator`.
import { connectDevice, connectionOptionsFromEnv, DeviceError, Message, type Twin } from 'azure-iot-x509';

const MODEL_ID = 'dtmi:com:example:TemperatureController;1';
const COMPONENT = 'thermostat1';

/** Telemetry of a component: its name goes into the message property `$.sub`. */
function telemetryOf(component: string, values: object): Message {
  const message = new Message(JSON.stringify(values));
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('$.sub', component);
  return message;
}

/** The SDK's types leave out what reported properties can do. */
function reportedOf(twin: Twin): { update(patch: object, callback: (error: Error | null) => void): void } {
  return twin.properties.reported as ReturnType<typeof reportedOf>;
}

/** The answer to a writable property: value, status (`ac`), version (`av`) and description (`ad`). */
function acknowledge(
  twin: Twin,
  component: string,
  name: string,
  value: unknown,
  version: number,
): Promise<void> {
  const answer = { value, ac: 200, av: version, ad: 'applied' };
  return new Promise((resolve, reject) => {
    // `__t: "c"` marks a component.
    reportedOf(twin).update({ [component]: { __t: 'c', [name]: answer } }, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function main(): Promise<void> {
  await using connection = await connectDevice({ ...connectionOptionsFromEnv(), modelId: MODEL_ID });
  const { client } = connection;
  await client.sendEvent(telemetryOf(COMPONENT, { temperature: 21.5 }));

  const twin = await client.getTwin();
  twin.on('properties.desired', (desired: Record<string, unknown>) => {
    const thermostat = desired[COMPONENT];
    if (typeof thermostat !== 'object' || thermostat === null || !('targetTemperature' in thermostat)) return;
    const { targetTemperature } = thermostat;
    console.log(`Target temperature: ${String(targetTemperature)} °C`);
    acknowledge(twin, COMPONENT, 'targetTemperature', targetTemperature, Number(desired['$version'])).catch(
      console.error,
    );
  });

  await new Promise<void>((resolve, reject) => {
    // A command of a component is a direct method named `component*command`.
    client.onDeviceMethod(`${COMPONENT}*getMaxMinReport`, (_request, response) => {
      response.send(200, { maxTemp: 21.5, minTemp: 21.5, avgTemp: 21.5 }).then(() => resolve(), reject);
    });
  });
  console.log('Reported, done');
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
