import type { HttpExchange } from './https/exchange';
import type { MqttService } from './mqtt/service';

/** A service behind a listener. */
export interface DeviceService extends MqttService {
  /** Answers a request over HTTPS. Without it, requests are answered 404. */
  handleRequest?(exchange: HttpExchange): void;
}
