import type { GrantedQoS, MqttConnection } from '../mqtt/service';
import { ProtocolViolation } from '../mqtt/violation';
import { subscriptionKind, type SubscriptionKind } from './topics';

/** IoT Hub: topic filters that a device may have at once. */
const MAX_SUBSCRIPTIONS = 5;

/** A device's MQTT session: its subscriptions, which outlive the connection if the device does not want a clean one. */
export class HubSession {
  readonly isClean: boolean;
  readonly #deviceId: string;
  readonly #filters = new Map<string, GrantedQoS>();

  constructor(deviceId: string, isClean: boolean) {
    this.#deviceId = deviceId;
    this.isClean = isClean;
  }

  /** @throws ProtocolViolation for a filter that IoT Hub does not have, or one too many. */
  subscribe(filter: string, qos: GrantedQoS): void {
    if (subscriptionKind(filter, this.#deviceId) === undefined) {
      throw new ProtocolViolation(`no such topic filter: ${filter}`);
    }
    this.#filters.set(filter, qos);
    if (this.#filters.size > MAX_SUBSCRIPTIONS) throw new ProtocolViolation('more than five subscriptions');
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
  }

  /** The QoS granted for that kind of message, `undefined` if the device is not subscribed to it. */
  grantedQoS(kind: SubscriptionKind): GrantedQoS | undefined {
    const granted = [...this.#filters]
      .filter(([filter]) => subscriptionKind(filter, this.#deviceId) === kind)
      .map(([, qos]) => qos);
    // Of overlapping subscriptions the highest QoS counts [MQTT-3.3.5-1].
    return granted.includes(1) ? 1 : granted[0];
  }
}

/** A session with the connection that carries it. */
export interface ActiveSession {
  readonly session: HubSession;
  readonly connection: MqttConnection;
}
