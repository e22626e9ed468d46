/* eslint-disable @typescript-eslint/no-require-imports --
   The SDK costs more than a hundred milliseconds and is loaded when a call first needs it. `require` is the one way
   to load it late that works from CommonJS, from bundlers and under Jest alike. */
import type * as DeviceSdk from 'azure-iot-device';
import type { DeviceTransport } from 'azure-iot-device';
import type * as DeviceMqttSdk from 'azure-iot-device-mqtt';
import type * as MqttBaseSdk from 'azure-iot-mqtt-base';
import { loadInTurns } from '../network/sdk-mqtt-client';
import { transportUri } from '../network/stream';
import type { Wire } from '../network/wire';
import type { TransportKind } from '../options/types';
import type { HubTarget } from './link';

const load = {
  device: () => require('azure-iot-device') as typeof DeviceSdk,
  deviceMqtt: () => require('azure-iot-device-mqtt') as typeof DeviceMqttSdk,
  mqttBase: () => require('azure-iot-mqtt-base') as typeof MqttBaseSdk,
};

/** Makes the transport of the SDK's `Client`. Tests give one of their own. */
export type HubTransportFactory = (
  kind: TransportKind,
  target: HubTarget,
  wire: Wire,
) => DeviceTransport | Promise<DeviceTransport>;

/** The SDK's transport. The connection is opened first, and the SDK is loaded while the hub's answers are under way. */
export async function createSdkHubTransport(
  kind: TransportKind,
  { host, deviceId, x509 }: HubTarget,
  wire: Wire,
): Promise<DeviceTransport> {
  wire.dial(transportUri(kind, host), x509);
  await loadInTurns([load.device, load.deviceMqtt]);
  const { X509AuthenticationProvider } = load.device();
  const { MqttBase } = load.mqttBase();
  const { Mqtt, MqttWs } = load.deviceMqtt();
  const provider = new X509AuthenticationProvider({ host, deviceId, x509 });
  return new (kind === 'mqtt-ws' ? MqttWs : Mqtt)(provider, new MqttBase(wire));
}
