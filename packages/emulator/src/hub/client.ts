import type { ISubscription } from 'mqtt-packet';
import type {
  DisconnectReason,
  GrantedQoS,
  IncomingMessage,
  MqttClient,
  MqttConnection,
  SubscribeAnswer,
} from '../devices/mqtt/client';
import { ProtocolViolation } from '../devices/mqtt/violation';
import { errorBody, httpStatus } from '../protocol/error-body';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../protocol/errors';
import { isJsonObject, parseJson, type JsonObject } from '../protocol/json';
import type { Will } from './connect/will';
import type { Identity } from './identities/identity';
import { parsePropertyBag, type MessageProperties } from './messages/property-bag';
import { parseDeviceTopic, type DeviceMessage } from './messages/topics';
import { deviceView } from './twins/property-collection';

/** IoT Hub: the largest message of a device, properties included, in bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** The events of a connected device. */
export interface HubClientEvents {
  connected(): void;
  subscribed(topicFilter: string): void;
  disconnected(reason: DisconnectReason): void;
  telemetry(body: Buffer, properties: MessageProperties): void;
  /** The connection has ended without DISCONNECT, so that its last will is published. */
  lastWill(will: Will): void;
  reportedPropertiesUpdated(patch: JsonObject, reported: JsonObject): void;
}

/** The parts of a hub's client. */
export interface HubClientInit {
  readonly connection: MqttConnection;
  readonly identity: Identity;
  /** The API version; `undefined` when the client named none. */
  readonly apiVersion: string | undefined;
  readonly will: Will | undefined;
  readonly events: HubClientEvents;
}

/** A client's request to its twin. */
type TwinRequest = Extract<DeviceMessage, { kind: 'get-twin' | 'update-reported-properties' }>;

/** A device or module that is connected to the hub. */
export class HubClient implements MqttClient {
  readonly #init: HubClientInit;

  constructor(init: HubClientInit) {
    this.#init = init;
  }

  connected(): void {
    const { identity, events } = this.#init;
    events.connected();
    identity.ready();
  }

  active(): void {
    this.#init.identity.connection.active();
  }

  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer {
    const { identity, events } = this.#init;
    const granted = subscriptions.map(({ topic, qos }): GrantedQoS => {
      // IoT Hub: QoS 2 is granted as QoS 1.
      const grantedQoS = qos === 0 ? 0 : 1;
      identity.connection.subscribe({ filter: topic, qos: grantedQoS });
      return grantedQoS;
    });
    return {
      granted,
      afterwards: () => {
        for (const { topic } of subscriptions) events.subscribed(topic);
        identity.ready();
      },
    };
  }

  unsubscribe(filters: readonly string[]): void {
    for (const filter of filters) this.#init.identity.connection.unsubscribe(filter);
  }

  publish(incoming: IncomingMessage): () => void {
    const { identity } = this.#init;
    const { topic, payload } = incoming;
    const message = parseDeviceTopic(topic, identity);
    if (message === undefined) throw new ProtocolViolation(`no such topic: ${topic}`);
    switch (message.kind) {
      case 'telemetry':
        return this.#telemetry(incoming, message.propertyBag);
      case 'method-response':
        return () => identity.methods.answered(message.requestId, message.status, payload);
      case 'get-twin':
      case 'update-reported-properties':
        return () => this.#twin(message, payload);
    }
  }

  closed(reason: DisconnectReason): void {
    const { identity, connection, will, events } = this.#init;
    identity.disconnected(connection);
    // The will is published unless the client sent DISCONNECT [MQTT-3.1.2-8, MQTT-3.1.2-10].
    if (will !== undefined && reason !== 'client-disconnected') events.lastWill(will);
    events.disconnected(reason);
  }

  #telemetry({ payload, retain }: IncomingMessage, propertyBag: string): () => void {
    if (payload.length + Buffer.byteLength(propertyBag) > MAX_MESSAGE_BYTES) {
      throw new ProtocolViolation('message larger than 256 KB');
    }
    const { properties, systemProperties } = parsePropertyBag(propertyBag);
    // IoT Hub retains no message. A property tells that the device set the retain flag.
    const all = retain ? { ...properties, 'mqtt-retain': 'true' } : properties;
    return () => this.#init.events.telemetry(ownBytes(payload), { properties: all, systemProperties });
  }

  /** Answers a request for the twin. A refusal has the service's error body. */
  #twin(request: TwinRequest, payload: Buffer): void {
    const { requestId } = request;
    try {
      // A client without an API version gets the first version, which had no twins. The observed status is 400.
      if (this.#init.apiVersion === undefined) {
        const text = 'The api-version in the username is missing: there are no twins without it.';
        throw new EmulatorError(SERVICE_ERROR.invalidProtocolVersion, text);
      }
      if (request.kind === 'get-twin') this.#getTwin(requestId);
      else this.#updateReportedProperties(requestId, request.version, payload);
    } catch (error) {
      if (!(error instanceof EmulatorError)) throw error;
      const { code, message } = error;
      this.#respond(httpStatus(code), `$rid=${requestId}`, errorBody(code, message));
    }
  }

  #getTwin(requestId: string): void {
    this.#respond(200, `$rid=${requestId}`, JSON.stringify(this.#init.identity.twin.deviceView()));
  }

  /** @throws EmulatorError */
  #updateReportedProperties(requestId: string, version: number | undefined, payload: Buffer): void {
    const { identity, events } = this.#init;
    const patch = parseJson(payload.toString());
    if (patch === undefined) throw new EmulatorError(SERVICE_ERROR.formatError, 'The body is not JSON.');
    if (!isJsonObject(patch)) throw invalidArgument('The body is not a JSON object.');
    if (Number.isNaN(version)) throw invalidArgument('$version is not a number.');
    const newVersion = identity.twin.report(patch, version);
    this.#respond(204, `$rid=${requestId}&$version=${newVersion}`, '');
    events.reportedPropertiesUpdated(patch, deviceView(identity.twin.content.reported));
  }

  #respond(status: number, query: string, body: string): void {
    this.#init.identity.connection.sender('twin-responses')?.(`$iothub/twin/res/${status}/?${query}`, body);
  }
}

/**
 * The bytes of a payload that is kept. A small payload is a view of the socket's much larger buffer, so it is copied. A
 * large payload fills most of its buffer.
 */
function ownBytes(payload: Buffer): Buffer {
  return payload.buffer.byteLength <= 2 * payload.length ? payload : Buffer.from(payload);
}
