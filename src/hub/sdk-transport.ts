import type { DeviceTransport } from 'azure-iot-device';
import { load, loadInTurns } from '../network/sdk-packages';
import { transportUri } from '../network/stream';
import type { Wire } from '../network/wire';
import type { TransportKind } from '../options/types';
import type { HubTarget } from './link';

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
  await loadInTurns([load.device, load.deviceMqtt, load.mqttClient]);
  const { X509AuthenticationProvider } = load.device();
  const { MqttBase } = load.mqttBase();
  const { Mqtt, MqttWs } = load.deviceMqtt();
  const provider = new X509AuthenticationProvider({ host, deviceId, x509 });
  return new (kind === 'mqtt-ws' ? MqttWs : Mqtt)(provider, new MqttBase(wire));
}
