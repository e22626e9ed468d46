import type { IConnectPacket } from 'mqtt-packet';
import type { HttpExchange } from './https/exchange';
import type { MqttConnection } from './mqtt/client';
import type { ConnectVerdict } from './mqtt/connect/verdict';

/** A service behind a listener. */
export interface DeviceService {
  /** The service's name in the log. */
  readonly label: string;
  /** Accepts or refuses a client. */
  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict;
  /** Answers a request over HTTPS. Without this method, requests are answered 404. */
  handleRequest?(exchange: HttpExchange): void;
}
