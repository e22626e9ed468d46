import { once } from 'node:events';
import { connect, type MqttClient } from 'mqtt';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { Mosquitto } from '../bench/harness/mosquitto';
import type { Lab } from '../bench/harness/lab';
import type { Enrolled } from './enrolled';
import type { Ledger } from './ledger';

/** Starts mosquitto, and a service that writes down what arrives there. */
export async function startBroker(
  lab: Lab,
  devices: readonly Enrolled[],
  ledger: Ledger,
  closers: (() => Promise<void>)[],
): Promise<Mosquitto> {
  const service = await createSelfSignedCertificate({ commonName: 'service' });
  const trusted = [service.certificate, ...devices.map(({ anchor }) => anchor)];
  const broker = await Mosquitto.start(lab, trusted);
  if (broker === undefined) throw new Error('mosquitto is not installed.');
  closers.push(() => broker[Symbol.asyncDispose]());
  const client = connect(`mqtts://${broker.endpoint}`, {
    ca: broker.ca,
    cert: service.certificate,
    key: service.privateKey,
    reconnectPeriod: 0,
  });
  closers.unshift(() => new Promise((resolve) => client.end(true, () => resolve())));
  await once(client, 'connect');
  await subscribe(client, ledger);
  return broker;
}

async function subscribe(client: MqttClient, ledger: Ledger): Promise<void> {
  client.on('message', (topic, body) => {
    // IoT Hub: devices/{id}/messages/events/{properties, URL-encoded}.
    const [, deviceId = '', , , properties] = topic.split('/');
    ledger.arrive(deviceId, body, Object.fromEntries(new URLSearchParams(properties)));
  });
  await new Promise<void>((resolve, reject) => {
    client.subscribe('devices/+/messages/events/#', { qos: 1 }, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
