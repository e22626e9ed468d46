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
 * The connections that are subscribed to responses. A response goes to the connection that sent the request, if that is
 * subscribed, else to another connection of the same device. So a device can be `mosquitto_pub`, which only publishes,
 * and `mosquitto_sub`, which only subscribes. Azure does not document how DPS treats two connections of a device.
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

  /** The subscriber that gets the response to a request that came over this connection. */
  find(device: DpsDevice, connection: MqttConnection): ResponseSubscriber | undefined {
    const ofDevice = this.#subscribers.get(keyOf(device));
    return ofDevice?.get(connection) ?? ofDevice?.values().next().value;
  }
}
