import type { ISubscription } from 'mqtt-packet';
import type {
  GrantedQoS,
  IncomingMessage,
  MqttClient,
  MqttConnection,
  SubscribeAnswer,
} from '../../devices/mqtt/client';
import { ProtocolViolation } from '../../devices/mqtt/violation';
import { MAX_MESSAGE_BYTES, type DeviceApi, type DpsAnswer, type DpsDevice } from './device-api';
import type { ResponseSubscribers } from './response-subscribers';
import { parseRequest, type DpsRequest } from './topics';

/** DPS: the only topic filter. */
const RESPONSES = '$dps/registrations/res/#';

/** The parts of a DPS client. */
export interface DpsClientInit {
  readonly connection: MqttConnection;
  readonly api: DeviceApi;
  readonly device: DpsDevice;
  /** The silence after which a device no longer counts as active, in milliseconds. */
  readonly patienceMs: number;
  readonly subscribers: ResponseSubscribers;
}

/** A device that is connected to DPS over MQTT. */
export class DpsClient implements MqttClient {
  readonly #connection: MqttConnection;
  readonly #api: DeviceApi;
  readonly #device: DpsDevice;
  readonly #subscribers: ResponseSubscribers;
  #lastHeard = performance.now();

  constructor({ connection, api, device, patienceMs, subscribers }: DpsClientInit) {
    this.#connection = connection;
    this.#subscribers = subscribers;
    this.#api = api;
    this.#device = {
      ...device,
      requester: {
        isActive: () => performance.now() - this.#lastHeard < patienceMs,
      },
    };
  }

  connected(): void {
    // No message waits for a device that has just connected.
  }

  active(): void {
    this.#lastHeard = performance.now();
  }

  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer {
    const granted = subscriptions.map(({ topic, qos }): GrantedQoS => {
      if (topic !== RESPONSES) throw new ProtocolViolation(`no such topic filter: ${topic}`);
      // DPS: QoS 2 is granted as QoS 1.
      return qos === 0 ? 0 : 1;
    });
    const qos = granted.at(-1);
    if (qos !== undefined) this.#subscribers.add(this.#device, { connection: this.#connection, qos });
    return { granted };
  }

  unsubscribe(filters: readonly string[]): void {
    if (filters.includes(RESPONSES)) this.#subscribers.delete(this.#device, this.#connection);
  }

  publish({ topic, payload }: IncomingMessage): () => void {
    if (payload.length > MAX_MESSAGE_BYTES) throw new ProtocolViolation('message larger than 96 KB');
    const request = parseRequest(topic);
    if (request === undefined) throw new ProtocolViolation(`no such topic: ${topic}`);
    return () => this.#respond(request, this.#answer(request, payload));
  }

  closed(): void {
    this.#subscribers.delete(this.#device, this.#connection);
    this.#api.disconnected(this.#device);
  }

  #answer({ kind, operationId = '' }: DpsRequest, payload: Buffer): DpsAnswer {
    // DPS: the body of a poll is ignored; clients send none, or a blank.
    return kind === 'register'
      ? this.#api.register(this.#device, payload.toString())
      : this.#api.queryOperation(this.#device, operationId);
  }

  #respond({ requestId }: DpsRequest, { status, body, retryAfterSeconds }: DpsAnswer): void {
    const subscriber = this.#subscribers.find(this.#device, this.#connection);
    // DPS: $rid comes first; some clients look for it nowhere else.
    const retryAfter = retryAfterSeconds === undefined ? '' : `&retry-after=${retryAfterSeconds}`;
    const topic = `$dps/registrations/res/${status}/?$rid=${requestId}${retryAfter}`;
    subscriber?.connection.send({ topic, payload: body, qos: subscriber.qos });
    // DPS: the connection of a refused device ends right after the answer.
    if (status === 401) this.#connection.closeAfterFlush('refused');
  }
}
