import type { MqttConnection, GrantedQoS } from '../../devices/mqtt/client';
import type { DpsDevice } from './device-api';

/** A connection that is subscribed to responses. */
export interface ResponseSubscriber {
  readonly connection: MqttConnection;
  readonly qos: GrantedQoS;
}

/** Registration IDs are compared without case. A device is identified by its name and certificate. */
function keyOf({ registrationId, presented: [leaf] }: DpsDevice): string {
  return `${registrationId.toLowerCase()} ${leaf.fingerprint256}`;
}

/**
 * Who gets the responses. Responses go to the connection that asks, if it is subscribed; one that is not leaves them to
 * another connection of the same device, as with `mosquitto_pub` and `mosquitto_sub`, of which one can only publish and
 * the other only subscribe. What DPS does with two connections of a device is not documented.
 */
export class ResponseSubscribers {
  readonly #subscribers = new Map<string, Map<MqttConnection, ResponseSubscriber>>();

  add(device: DpsDevice, subscriber: ResponseSubscriber): void {
    const key = keyOf(device);
    const ofDevice = this.#subscribers.get(key) ?? new Map<MqttConnection, ResponseSubscriber>();
    this.#subscribers.set(key, ofDevice.set(subscriber.connection, subscriber));
  }

  delete(device: DpsDevice, connection: MqttConnection): void {
    const key = keyOf(device);
    const ofDevice = this.#subscribers.get(key);
    ofDevice?.delete(connection);
    if (ofDevice?.size === 0) this.#subscribers.delete(key);
  }

  /** Who gets the response to a request that came over this connection. */
  find(device: DpsDevice, connection: MqttConnection): ResponseSubscriber | undefined {
    const ofDevice = this.#subscribers.get(keyOf(device));
    return ofDevice?.get(connection) ?? ofDevice?.values().next().value;
  }
}
