import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { MqttBase } from 'azure-iot-mqtt-base';
import { ProvisioningDeviceClient, type RegistrationResult } from 'azure-iot-provisioning-device';
import { Mqtt as ProvisioningMqtt } from 'azure-iot-provisioning-device-mqtt';
import { X509Security } from 'azure-iot-security-x509';
import { connect, type IClientOptions } from 'mqtt';

/** What a device knows before its first registration. */
export interface DeviceSettings {
  /** `host:port` of DPS. */
  readonly globalEndpoint: string;
  readonly idScope: string;
  readonly registrationId: string;
  /** Leaf first, then the intermediates, as PEM. */
  readonly cert: string;
  readonly key: string;
  /** The root that the servers' certificates come from, as PEM. */
  readonly ca: string;
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** Registers as Microsoft's sample does, without anything of this library. */
export async function registerByHand(settings: DeviceSettings): Promise<RegistrationResult> {
  const { globalEndpoint, idScope, registrationId, cert, key, ca, payload } = settings;
  // The DPS transport ignores `ca`, so that it has to be added where the transport calls MQTT.js.
  const mqttBase = new MqttBase({
    connect: (uri: string, options: IClientOptions) => connect(uri, { ...options, ca }),
  });
  // Two copies of azure-iot-mqtt-base are installed, whose classes the compiler takes for different ones.
  const transport = new ProvisioningMqtt(mqttBase as never);
  const security = new X509Security(registrationId, { cert, key });
  const client = ProvisioningDeviceClient.create(globalEndpoint, idScope, transport, security);
  if (payload !== undefined) client.setProvisioningPayload(payload);
  const result = await client.register();
  // Typed as if there could be none, because the same method also takes a callback.
  if (result === undefined) throw new Error('register() resolved with nothing');
  return result;
}

/** Connects to a hub as Microsoft's sample does, without anything of this library. */
async function openByHand(settings: DeviceSettings, assignedHub: string, deviceId: string): Promise<Client> {
  const { cert, key, ca } = settings;
  const client = Client.fromConnectionString(`HostName=${assignedHub};DeviceId=${deviceId};x509=true`, Mqtt);
  // Once only: a second call would replace the options of the first.
  await client.setOptions({ cert, key, ca });
  await client.open();
  return client;
}

/** Registration and connection in a row. */
export async function connectByHand(settings: DeviceSettings): Promise<Client> {
  const { assignedHub, deviceId } = await registerByHand(settings);
  return openByHand(settings, assignedHub, deviceId);
}
