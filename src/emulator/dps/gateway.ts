import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import { firstRefusal, type ConnectStep, type ConnectVerdict, type MqttConnection } from '../mqtt/service';
import type { RoutableService } from '../mqtt/router';
import type { UnverifiedBehavior } from '../unverified-behavior';
import { DpsClient } from './client';
import type { DpsInstance } from './instance';
import { parseUsername, type DpsUsername } from './username';

/** How registrations are answered. */
export interface PollingSettings {
  /** What a device is told to wait before it asks again, in seconds. */
  readonly retryAfterSeconds: number;
  /** How many times it is answered `assigning` before it learns the outcome. */
  readonly pollsBeforeAssigned: number;
}

interface ConnectContext {
  readonly clientId: string;
  readonly password: string;
  readonly username: DpsUsername | undefined;
  readonly instance: DpsInstance | undefined;
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
    isRefused: ({ instance }) => instance === undefined,
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
export class DpsGateway implements RoutableService {
  readonly label = 'DPS';
  readonly #instances: readonly DpsInstance[];
  readonly #polling: PollingSettings;
  readonly #unverifiedBehavior: UnverifiedBehavior;

  constructor(
    instances: readonly DpsInstance[],
    polling: PollingSettings,
    unverifiedBehavior: UnverifiedBehavior,
  ) {
    this.#instances = instances;
    this.#polling = polling;
    this.#unverifiedBehavior = unverifiedBehavior;
  }

  isMeantBy(username: string): boolean {
    return parseUsername(username) !== undefined;
  }

  isRequestedBy(_host: string, path: string): boolean {
    return /^\/[^/]+\/registrations\//.test(path);
  }

  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict {
    const username = parseUsername(packet.username ?? '');
    const instance = this.#instances.find(
      ({ idScope }) => idScope.toUpperCase() === username?.idScope.toUpperCase(),
    );
    const [leaf, ...issuers] = connection.certificates;
    const refusal = firstRefusal(CONNECT_STEPS, {
      clientId: packet.clientId,
      password: packet.password?.toString() ?? '',
      username,
      instance,
      leaf,
      unverifiedBehavior: this.#unverifiedBehavior,
    });
    if (refusal !== undefined) return refusal;
    if (instance === undefined || username === undefined || leaf === undefined) {
      return { returnCode: 5, reason: 'a connection that passed every step lacks a part' };
    }
    // DPS keeps no sessions, whatever CleanSession says.
    return {
      returnCode: 0,
      isSessionPresent: false,
      client: new DpsClient({
        connection,
        instance,
        registrationId: username.registrationId,
        presented: [leaf, ...issuers],
        polling: this.#polling,
      }),
    };
  }
}
