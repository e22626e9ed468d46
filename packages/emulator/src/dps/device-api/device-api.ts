import type { X509Certificate } from 'node:crypto';
import type { ResolvedOptions } from '../../options/resolve';
import { errorBody, httpStatus } from '../../protocol/error-body';
import type { Requester } from '../allocation/running-allocations';
import { identifierProblem } from '../enrollments/identifiers';
import type { DpsInstance } from '../instance';
import { isAssigning } from '../registrations/operations';
import { readRegisterRequest } from './register-request';
import { assigningBody, outcomeBody, registeredBody, stateBody } from './responses';
import { Throttle } from './throttle';

/** DPS: the largest message, in bytes. */
export const MAX_MESSAGE_BYTES = 96 * 1024;

/** The settings for the answers to registrations. */
export interface DeviceApiSettings {
  /** The `retry-after` that devices are told to wait before a poll, in seconds. */
  readonly retryAfterSeconds: number;
  /** The number of polls that are answered `assigning` before the outcome. */
  readonly pollsBeforeAssigned: number;
  readonly throttling?: ResolvedOptions['throttling'];
}

/** A device that sends a request, with its registration ID and certificates. */
export interface DpsDevice {
  readonly registrationId: string;
  readonly presented: readonly [X509Certificate, ...X509Certificate[]];
  readonly apiVersion: string;
  /** Its connection, for a protocol in which a registration belongs to one. */
  readonly requester?: Requester;
}

/** An answer to a device, over MQTT or HTTP. */
export interface DpsAnswer {
  /** HTTP status, also over MQTT. */
  readonly status: number;
  /** JSON. */
  readonly body: string;
  readonly retryAfterSeconds?: number;
  /** The service's code of a refusal. */
  readonly errorCode?: number;
}

/** A refusal. */
export function refusal(errorCode: number, message: string, retryAfterSeconds?: number): DpsAnswer {
  return {
    status: httpStatus(errorCode),
    body: errorBody(errorCode, message),
    errorCode,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

/** The refusal of DPS for requests beyond its limits. */
function throttled(retryAfterSeconds: number): DpsAnswer {
  return refusal(429001, 'Operations are being throttled for this tenant.', retryAfterSeconds);
}

/** The device API of a DPS instance, for MQTT and HTTP alike. */
export class DeviceApi {
  readonly #instance: DpsInstance;
  readonly #settings: DeviceApiSettings;
  // DPS: registrations are limited for the service, polls for each device.
  readonly #registrations: Throttle;
  readonly #polls: Throttle;

  constructor(instance: DpsInstance, settings: DeviceApiSettings) {
    const { registrationsPerMinute, pollsPerTenSeconds } = settings.throttling ?? {};
    this.#instance = instance;
    this.#settings = settings;
    this.#registrations = new Throttle({ limit: registrationsPerMinute, windowMs: 60_000 });
    this.#polls = new Throttle({ limit: pollsPerTenSeconds, windowMs: 10_000 });
  }

  get idScope(): string {
    return this.#instance.idScope;
  }

  /** Begins a registration. */
  register(device: DpsDevice, text: string): DpsAnswer {
    const wait = this.#registrations.take();
    if (wait !== undefined) return throttled(wait);
    // An enrollment group admits every common name, but DPS restricts the characters of a registration ID.
    const problem = identifierProblem(device.registrationId, 'registrationId');
    if (problem !== undefined) return refusal(400004, problem);
    const request = readRegisterRequest(text, device.registrationId);
    if (typeof request === 'string') return refusal(400004, request);
    const { pollsBeforeAssigned, retryAfterSeconds } = this.#settings;
    const result = this.#instance.register({
      ...device,
      requester: device.requester,
      payload: request.payload,
      polls: pollsBeforeAssigned,
    });
    if ('refusal' in result) return refusal(result.refusal.errorCode, result.refusal.message);
    // DPS: the first answer is always `assigning`, with `retry-after`.
    return { status: 202, body: registeredBody(result), retryAfterSeconds };
  }

  /** Answers a poll. */
  queryOperation({ registrationId, apiVersion }: DpsDevice, operationId: string): DpsAnswer {
    const wait = this.#polls.take(registrationId.toLowerCase());
    if (wait !== undefined) return throttled(wait);
    const operation = this.#instance.operations.find(operationId, registrationId);
    if (operation === undefined) return refusal(404201, 'Operation not found.');
    const { outcome } = operation;
    if (outcome === undefined || isAssigning(operation)) {
      if (operation.remainingPolls > 0) operation.remainingPolls--;
      const { retryAfterSeconds } = this.#settings;
      return { status: 202, body: assigningBody(operation), retryAfterSeconds };
    }
    // DPS: the outcome comes with status 200, also when it is `failed`.
    return { status: 200, body: outcomeBody(operationId, outcome, apiVersion) };
  }

  /** Answers a look-up of the registration record. Only over HTTP. */
  lookUp(device: DpsDevice): DpsAnswer {
    // DPS: a look-up counts as a registration.
    const wait = this.#registrations.take();
    if (wait !== undefined) return throttled(wait);
    const refused = this.authorize(device);
    if (refused !== undefined) return refused;
    const record = this.#instance.registrations.get(device.registrationId);
    if (record === undefined) return refusal(404201, 'Registration not found.');
    return { status: 200, body: stateBody(record, device.apiVersion) };
  }

  /** Handles the end of a connection over which the device may have registered. */
  disconnected({ registrationId, requester }: DpsDevice): void {
    if (requester !== undefined) this.#instance.disconnected(registrationId, requester);
  }

  /** The refusal of a device that no enrollment admits. */
  authorize(device: DpsDevice): DpsAnswer | undefined {
    const refused = this.#instance.refusalOf(device);
    return refused && refusal(refused.errorCode, refused.message);
  }
}
