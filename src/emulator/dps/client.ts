import type { X509Certificate } from 'node:crypto';
import type { ISubscription } from 'mqtt-packet';
import { isJsonObject, parseJson, type JsonValue } from '../json';
import type {
  GrantedQoS,
  IncomingMessage,
  MqttClient,
  MqttConnection,
  SubscribeAnswer,
} from '../mqtt/service';
import { ProtocolViolation } from '../mqtt/violation';
import { errorBody, httpStatus } from '../service-error';
import type { PollingSettings } from './gateway';
import type { DpsInstance } from './instance';

import { parseRequest, type DpsRequest } from './requests';
import { assigningBody, outcomeBody, registeredBody } from './responses';

/** DPS: the only topic filter there is. */
const RESPONSES = '$dps/registrations/res/#';

/** DPS: the largest message. */
const MAX_MESSAGE_BYTES = 96 * 1024;

/** What a client of DPS is made of. */
export interface DpsClientInit {
  readonly connection: MqttConnection;
  readonly instance: DpsInstance;
  readonly registrationId: string;
  readonly presented: readonly [X509Certificate, ...X509Certificate[]];
  readonly polling: PollingSettings;
}

interface RegisterBody {
  readonly payload?: JsonValue;
}

/** A device that is connected to DPS. */
export class DpsClient implements MqttClient {
  readonly #init: DpsClientInit;
  #responseQoS: GrantedQoS | undefined;

  constructor(init: DpsClientInit) {
    this.#init = init;
  }

  connected(): void {
    // Nothing waits for a device that has just connected.
  }

  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer {
    const granted = subscriptions.map(({ topic, qos }): GrantedQoS => {
      if (topic !== RESPONSES) throw new ProtocolViolation(`no such topic filter: ${topic}`);
      // DPS: QoS 2 is granted as QoS 1.
      return qos === 0 ? 0 : 1;
    });
    this.#responseQoS = granted.at(-1);
    return { granted };
  }

  unsubscribe(filters: readonly string[]): void {
    if (filters.includes(RESPONSES)) this.#responseQoS = undefined;
  }

  publish({ topic, payload }: IncomingMessage): () => void {
    if (payload.length > MAX_MESSAGE_BYTES) throw new ProtocolViolation('message larger than 96 KB');
    const request = parseRequest(topic);
    if (request === undefined) throw new ProtocolViolation(`no such topic: ${topic}`);
    return request.kind === 'register'
      ? () => this.#register(request, payload.toString())
      : () => this.#queryStatus(request);
  }

  closed(): void {
    this.#responseQoS = undefined;
  }

  #register({ requestId }: DpsRequest, text: string): void {
    const { instance, registrationId, presented, polling, connection } = this.#init;
    const body = this.#parseBody(text);
    if (typeof body === 'string') {
      this.#refuse(requestId, 400004, body);
      return;
    }
    const result = instance.register({ registrationId, presented, payload: body.payload });
    if ('refusal' in result) {
      this.#refuse(requestId, result.refusal.errorCode, result.refusal.message);
      // DPS: the connection of a device that is not let in ends right after the answer.
      connection.closeAfterFlush('refused');
      return;
    }
    const operation = instance.operations.start(result, polling.pollsBeforeAssigned);
    // DPS: the first answer is always `assigning`, and says when to ask again.
    this.#respond(202, requestId, registeredBody(operation), polling.retryAfterSeconds);
  }

  #queryStatus({ requestId, operationId = '' }: DpsRequest): void {
    const { instance, registrationId, polling } = this.#init;
    const operation = instance.operations.find(operationId, registrationId);
    if (operation === undefined) {
      this.#refuse(requestId, 404201, 'Operation not found.');
      return;
    }
    if (operation.remainingPolls > 0) {
      operation.remainingPolls--;
      this.#respond(202, requestId, assigningBody(operation), polling.retryAfterSeconds);
      return;
    }
    // DPS: the outcome comes with status 200, also when it is `failed`.
    this.#respond(200, requestId, outcomeBody(operation));
  }

  /** The request's body, or what is wrong with it. Clients may leave it empty, and the registration ID out. */
  #parseBody(text: string): RegisterBody | string {
    if (text.trim() === '') return {};
    const body = parseJson(text);
    if (!isJsonObject(body)) return 'The body of the request is not a JSON object.';
    const { registrationId, payload } = body;
    const expected = this.#init.registrationId.toLowerCase();
    if (registrationId !== undefined && registrationId !== null) {
      const given = typeof registrationId === 'string' ? registrationId.toLowerCase() : undefined;
      if (given !== expected) return 'The registration ID in the body is not the one in the username.';
    }
    return payload === undefined ? {} : { payload };
  }

  #refuse(requestId: string, errorCode: number, message: string): void {
    this.#respond(httpStatus(errorCode), requestId, errorBody(errorCode, message));
  }

  #respond(status: number, requestId: string, payload: string, retryAfterSeconds?: number): void {
    if (this.#responseQoS === undefined) return;
    // DPS: $rid goes first; there are clients that look for it nowhere else.
    const retryAfter = retryAfterSeconds === undefined ? '' : `&retry-after=${retryAfterSeconds}`;
    const topic = `$dps/registrations/res/${status}/?$rid=${requestId}${retryAfter}`;
    this.#init.connection.send({ topic, payload, qos: this.#responseQoS });
  }
}
