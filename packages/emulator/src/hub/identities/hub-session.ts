import type { GrantedQoS, MqttConnection } from '../../devices/mqtt/client';
import { ProtocolViolation } from '../../devices/mqtt/violation';
import { subscriptionKind, type SubscriptionKind, type TopicOwner } from '../messages/topics';

/** IoT Hub: the number of topic filters that a device may have at once. */
const MAX_SUBSCRIPTIONS = 5;

/** A topic filter of a device, and the granted QoS. */
export interface Subscription {
  readonly filter: string;
  readonly qos: GrantedQoS;
}

/** An MQTT session with its subscriptions. They outlive the connection unless CleanSession is set. */
export class HubSession {
  readonly isClean: boolean;
  readonly #owner: TopicOwner;
  readonly #filters = new Map<string, GrantedQoS>();

  constructor(owner: TopicOwner, isClean: boolean) {
    this.#owner = owner;
    this.isClean = isClean;
  }

  /** @throws ProtocolViolation for a filter that IoT Hub does not have, or one too many. */
  subscribe({ filter, qos }: Subscription): void {
    if (subscriptionKind(filter, this.#owner) === undefined) {
      throw new ProtocolViolation(`no such topic filter: ${filter}`);
    }
    this.#filters.set(filter, qos);
    if (this.#filters.size > MAX_SUBSCRIPTIONS) throw new ProtocolViolation('more than five subscriptions');
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
  }

  get subscriptions(): readonly Subscription[] {
    return [...this.#filters].map(([filter, qos]) => ({ filter, qos }));
  }

  /** The subscription for that kind of message, `undefined` if there is none. */
  subscriptionTo(kind: SubscriptionKind): Subscription | undefined {
    const matching = this.subscriptions.filter(
      ({ filter }) => subscriptionKind(filter, this.#owner) === kind,
    );
    // Of overlapping subscriptions the highest QoS counts [MQTT-3.3.5-1].
    return matching.find(({ qos }) => qos === 1) ?? matching[0];
  }
}

/** A session with its connection. */
export interface ActiveSession {
  readonly session: HubSession;
  readonly connection: MqttConnection;
}
