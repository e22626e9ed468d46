import type { IConnectPacket } from 'mqtt-packet';
import type { MqttConnection } from './client';
import type { ConnectVerdict } from './connect/verdict';

/** A service that is spoken to over MQTT. */
export interface MqttService {
  /** The service's name in the log. */
  readonly label: string;
  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict;
}
