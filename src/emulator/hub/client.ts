import type { ISubscription } from 'mqtt-packet';
import { EmulatorError } from '../errors';
import { isJsonObject, parseJson, type JsonObject } from '../json';
import type {
  DisconnectReason,
  GrantedQoS,
  IncomingMessage,
  MqttClient,
  MqttConnection,
  SubscribeAnswer,
} from '../mqtt/service';
import { ProtocolViolation } from '../mqtt/violation';
import { errorBody, httpStatus } from '../service-error';
import type { Device } from './device';
import { parsePropertyBag, type MessageProperties } from './property-bag';
import { parseDeviceTopic } from './topics';

/** IoT Hub: the largest message of a device, properties included. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** What a device's messages lead to outside of the device. */
export interface HubClientEvents {
  connected(): void;
  subscribed(topicFilter: string): void;
  disconnected(reason: DisconnectReason): void;
  telemetry(body: Buffer, properties: MessageProperties): void;
  reportedPropertiesUpdated(patch: JsonObject): void;
}

/** A last will, published as telemetry when the connection ends without DISCONNECT. */
export interface Will {
  readonly body: Buffer;
  readonly properties: MessageProperties;
}

/** What a client of a hub is made of. */
export interface HubClientInit {
  readonly connection: MqttConnection;
  readonly device: Device;
  readonly will: Will | undefined;
  readonly events: HubClientEvents;
}

/** A device that is connected to the hub. */
export class HubClient implements MqttClient {
  readonly #init: HubClientInit;

  constructor(init: HubClientInit) {
    this.#init = init;
  }

  connected(): void {
    const { device, events } = this.#init;
    events.connected();
    device.deliverQueue();
  }

  active(): void {
    this.#init.device.lastActivityTime = new Date();
  }

  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer {
    const { device, events } = this.#init;
    const granted = subscriptions.map(({ topic, qos }): GrantedQoS => {
      // IoT Hub: QoS 2 is granted as QoS 1.
      const grantedQoS = qos === 0 ? 0 : 1;
      device.session?.subscribe(topic, grantedQoS);
      return grantedQoS;
    });
    return {
      granted,
      afterwards: () => {
        for (const { topic } of subscriptions) events.subscribed(topic);
        device.deliverQueue();
      },
    };
  }

  unsubscribe(filters: readonly string[]): void {
    for (const filter of filters) this.#init.device.session?.unsubscribe(filter);
  }

  publish(incoming: IncomingMessage): () => void {
    const { device } = this.#init;
    const { topic, payload } = incoming;
    const message = parseDeviceTopic(topic, device.deviceId);
    if (message === undefined) throw new ProtocolViolation(`no such topic: ${topic}`);
    switch (message.kind) {
      case 'telemetry':
        return this.#telemetry(incoming, message.propertyBag);
      case 'method-response':
        return () => device.methods.answered(message.requestId, message.status, payload);
      case 'get-twin':
        return () => this.#getTwin(message.requestId);
      case 'update-reported-properties':
        return () => this.#updateReportedProperties(message.requestId, payload);
    }
  }

  closed(reason: DisconnectReason): void {
    const { device, connection, will, events } = this.#init;
    device.disconnected(connection);
    // Published unless the client took leave [MQTT-3.1.2-8, MQTT-3.1.2-10].
    if (will !== undefined && reason !== 'client-disconnected') events.telemetry(will.body, will.properties);
    events.disconnected(reason);
  }

  #telemetry({ payload, retain }: IncomingMessage, propertyBag: string): () => void {
    if (payload.length + Buffer.byteLength(propertyBag) > MAX_MESSAGE_BYTES) {
      throw new ProtocolViolation('message larger than 256 KB');
    }
    const { properties, systemProperties } = parsePropertyBag(propertyBag);
    // IoT Hub retains nothing, and says in a property that the device asked for it.
    const all = retain ? { ...properties, 'mqtt-retain': 'true' } : properties;
    return () => this.#init.events.telemetry(ownBytes(payload), { properties: all, systemProperties });
  }

  #getTwin(requestId: string): void {
    const { desired, reported } = this.#init.device;
    this.#respond(200, `$rid=${requestId}`, JSON.stringify({ desired, reported }));
  }

  #updateReportedProperties(requestId: string, payload: Buffer): void {
    const { device, events } = this.#init;
    const patch = parseJson(payload.toString());
    if (patch === undefined) {
      this.#refuse(requestId, 400006, 'The body is not JSON.');
      return;
    }
    if (!isJsonObject(patch)) {
      this.#refuse(requestId, 400004, 'The body is not a JSON object.');
      return;
    }
    try {
      device.reported.patch(patch);
    } catch (error) {
      if (!(error instanceof EmulatorError)) throw error;
      this.#refuse(requestId, error.code, error.message);
      return;
    }
    this.#respond(204, `$rid=${requestId}&$version=${device.reported.version}`, '');
    events.reportedPropertiesUpdated(patch);
  }

  #refuse(requestId: string, errorCode: number, message: string): void {
    this.#respond(httpStatus(errorCode), `$rid=${requestId}`, errorBody(errorCode, message));
  }

  #respond(status: number, query: string, body: string): void {
    this.#init.device.sender('twin-responses')?.(`$iothub/twin/res/${status}/?${query}`, body);
  }
}

/**
 * Bytes to be kept. A small payload is a view of the socket's much larger buffer and is copied out of it; a large one has
 * a buffer nearly to itself.
 */
function ownBytes(payload: Buffer): Buffer {
  return payload.buffer.byteLength <= 2 * payload.length ? payload : Buffer.from(payload);
}
