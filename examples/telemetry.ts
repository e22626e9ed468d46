// Telemetry with properties, which routes and consumers in the cloud can filter by without reading the body.
//
// Set ENROLLMENT_KIND, PROVISIONING_IDSCOPE, CERTIFICATE_FILE and KEY_FILE (docs/options.md) and run
// `npm run example -- telemetry`; without a subscription: `npm run example -- telemetry --emulator`.
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { connectDevice, connectionOptionsFromEnv, DeviceError, Message } from 'azure-iot-x509';

function measurement(temperature: number): Message {
  const message = new Message(JSON.stringify({ temperature }));
  // With both of these, routing queries can look into the body as well.
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  // A message may arrive twice when the connection breaks in the wrong moment: this tells the copies apart.
  message.messageId = randomUUID();
  message.properties.add('level', temperature > 30 ? 'critical' : 'normal');
  return message;
}

async function main(): Promise<void> {
  await using connection = await connectDevice(connectionOptionsFromEnv());
  for (const temperature of [21.5, 22.25, 31]) {
    // Resolves when the hub has the message. While the connection is down, the message waits for it.
    await connection.client.sendEvent(measurement(temperature));
    console.log(`Sent ${temperature} °C`);
    await setTimeout(500);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof DeviceError ? `${error.message}\n${error.remedy}` : error);
  process.exitCode = 1;
});
