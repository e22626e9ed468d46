import createDebug from 'debug';
import type { IConnectPacket } from 'mqtt-packet';
import { answer, type HttpExchange } from '../../devices/https/exchange';
import type { MqttConnection } from '../../devices/mqtt/client';
import { firstRefusal, type ConnectVerdict } from '../../devices/mqtt/connect/verdict';
import type { RoutableService } from '../../devices/shared-port';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import { CONNECT_STEPS } from '../connect/steps';
import { parseUsername } from '../connect/username';
import type { DpsInstance } from '../instance';
import { DpsClient } from './client';
import { DeviceApi, type DeviceApiSettings } from './device-api';
import { answerRequest } from './http-requests';
import { ResponseSubscribers } from './response-subscribers';

const debug = createDebug('azure-iot-x509:emulator:dps');

/** The global endpoint of all DPS instances. The ID scope names the instance. */
export class GlobalEndpoint implements RoutableService {
  readonly label = 'DPS';
  readonly #apis: readonly DeviceApi[];
  readonly #subscribers = new Map<DeviceApi, ResponseSubscribers>();
  readonly #patienceMs: number;
  readonly #unverifiedBehavior: UnverifiedBehavior;

  constructor(
    instances: readonly DpsInstance[],
    settings: DeviceApiSettings,
    unverifiedBehavior: UnverifiedBehavior,
  ) {
    this.#apis = instances.map((instance) => new DeviceApi(instance, settings));
    this.#patienceMs = (2 * settings.retryAfterSeconds + 5) * 1000;
    this.#unverifiedBehavior = unverifiedBehavior;
  }

  acceptsUsername(username: string): boolean {
    return parseUsername(username) !== undefined;
  }

  acceptsRequest(_host: string, path: string): boolean {
    return /^\/[^/]+\/registrations\//.test(path);
  }

  /** A defect of the emulator ends this connection and no other. */
  handleRequest({ request, response, certificates }: HttpExchange): void {
    const respond = async (): Promise<void> => {
      const found = await answerRequest({ request, certificates }, (idScope) => this.#find(idScope));
      await answer(request, response, found);
    };
    respond().catch((error: unknown) => {
      debug('closing a client: %o', error);
      request.socket.destroy();
    });
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const username = parseUsername(packet.username ?? '');
    const api = this.#find(username?.idScope);
    const [leaf, ...issuers] = connection.certificates;
    const refusal = firstRefusal(CONNECT_STEPS, {
      clientId: packet.clientId,
      password: packet.password?.toString() ?? '',
      username,
      isKnownIdScope: api !== undefined,
      leaf,
      unverifiedBehavior: this.#unverifiedBehavior,
    });
    if (refusal !== undefined) return refusal;
    if (api === undefined || username === undefined || leaf === undefined) {
      return { returnCode: 5, reason: 'a connection that passed every step lacks a part' };
    }
    const { registrationId, apiVersion } = username;
    const device = { registrationId, apiVersion, presented: [leaf, ...issuers] as const };
    const patienceMs = this.#patienceMs;
    // DPS keeps no sessions, also without CleanSession.
    return {
      returnCode: 0,
      isSessionPresent: false,
      client: new DpsClient({ connection, api, device, patienceMs, subscribers: this.#subscribersOf(api) }),
    };
  }

  #subscribersOf(api: DeviceApi): ResponseSubscribers {
    const subscribers = this.#subscribers.get(api) ?? new ResponseSubscribers();
    this.#subscribers.set(api, subscribers);
    return subscribers;
  }

  /** ID scopes are compared without case. */
  #find(idScope: string | undefined): DeviceApi | undefined {
    return this.#apis.find((api) => api.idScope.toLowerCase() === idScope?.toLowerCase());
  }
}
