import type { X509Certificate } from 'node:crypto';
import createDebug from 'debug';
import type { IConnectPacket } from 'mqtt-packet';
import { answer, type HttpExchange } from '../devices/https/exchange';
import type { RoutableService } from '../devices/shared-port';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import { DpsClient } from './device-api/client';
import { DeviceApi, type DeviceApiSettings } from './device-api/device-api';
import { answerRequest } from './device-api/http-requests';
import { ResponseSubscribers } from './device-api/response-subscribers';
import { parseUsername, type DpsUsername } from './connect/username';
import type { DpsInstance } from './instance';
import { firstRefusal, type ConnectStep, type ConnectVerdict } from '../devices/mqtt/connect/verdict';
import type { MqttConnection } from '../devices/mqtt/client';

const debug = createDebug('azure-iot-x509:emulator:dps');

interface ConnectContext {
  readonly clientId: string;
  readonly password: string;
  readonly username: DpsUsername | undefined;
  readonly api: DeviceApi | undefined;
  readonly leaf: X509Certificate | undefined;
  readonly unverifiedBehavior: UnverifiedBehavior;
}

const CONNECT_STEPS: readonly ConnectStep<ConnectContext>[] = [
  {
    reason: 'the username is not {idScope}/registrations/{registrationId}/api-version={version}',
    isRefused: ({ username }) => username === undefined,
    returnCode: 5,
  },
  {
    // Registration IDs are compared without case everywhere in DPS.
    reason: 'ClientId is not the registration ID in the username',
    isRefused: ({ clientId, username }) => clientId.toLowerCase() !== username?.registrationId.toLowerCase(),
    returnCode: 5,
  },
  {
    reason: 'no DPS instance has this ID scope',
    isRefused: ({ api }) => api === undefined,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.unknownIdScope,
  },
  {
    reason: 'a password was sent, and symmetric keys are not emulated',
    isRefused: ({ password }) => password !== '',
    returnCode: 5,
  },
  {
    reason: 'the client sent no certificate',
    isRefused: ({ leaf }) => leaf === undefined,
    returnCode: ({ unverifiedBehavior }) => unverifiedBehavior.missingCertificate,
  },
];

/** The global endpoint: it tells the DPS instances behind it apart by their ID scopes. */
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

  /** Never rejects: a defect of the emulator costs this client its connection and nobody else's. */
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
      api,
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
    // DPS keeps no sessions, whatever CleanSession says.
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
