import type { RegistrationResult } from 'azure-iot-provisioning-device';
import createDebug from 'debug';
import { ProvisioningError, type TimeoutError } from '../errors/errors';
import { ConnectTurns } from '../network/connect-turns';
import { abortable, withDeadline } from '../network/deadline';
import type { Wire } from '../network/wire';
import type { Registration } from '../options/registration';
import { preparationTimeout, prepareDevice, type Device } from './device';
import { provisioningTimeout, toProvisioningError } from './provisioning-error';
import type { DpsResponse } from './sdk-dps-responses';
import { runRegistration, type ProvisioningTransportFactory } from './sdk-registration';
import type { ProvisionOptions } from '../options/types';
import { DEFAULT_TIMEOUT_MS, validateProvisionOptions } from '../options/validate';

const debug = createDebug('azure-iot-x509:provisioning');

/** DPS connections are short. The keep-alive only serves to notice a dead one. */
const KEEP_ALIVE_SECONDS = 30;

/** `provisionDevice` over the given transport. */
export async function provisionOver(
  createTransport: ProvisioningTransportFactory,
  options: ProvisionOptions,
): Promise<Registration> {
  validateProvisionOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const turns = new ConnectTurns();
  const waitedMs = () => turns.waitedMs;
  const dps = new DpsClient(createTransport, timeoutMs, turns);
  let device: Device | undefined;
  const onTimeout = () => (device ? dps.timeoutError(device, timeoutMs) : preparationTimeout(timeoutMs));
  return await withDeadline({ timeoutMs, waitedMs, signal, onTimeout }, async (attempt) => {
    await turns.toPrepare();
    attempt.throwIfAborted();
    device = await prepareDevice(options);
    attempt.throwIfAborted();
    return await dps.register(device, attempt);
  });
}

/** Registers a device with the Device Provisioning Service, one registration at a time. */
export class DpsClient {
  readonly #createTransport: ProvisioningTransportFactory;
  readonly #timeoutMs: number;
  readonly #turns: ConnectTurns;
  #underWay: { readonly thumbprint: string; readonly outcome: Promise<Registration> } | undefined;
  /** The last answer of DPS to the registration under way. */
  #lastResponse: DpsResponse | undefined;
  /** The connection of the registration under way. */
  #wire: Wire | undefined;
  #registering = 0;

  /** @param timeoutMs for each registration, in milliseconds; the wait for a turn to connect does not count */
  constructor(createTransport: ProvisioningTransportFactory, timeoutMs: number, turns: ConnectTurns) {
    this.#createTransport = (request, wire) => {
      this.#wire = wire;
      return createTransport(request, wire);
    };
    this.#timeoutMs = timeoutMs;
    this.#turns = turns;
  }

  /**
   * Registers the device once, and returns what DPS has assigned. A call with the credentials of the registration under
   * way shares its outcome. A call with others waits until it is over: with DPS, the connection made last ends the one
   * before.
   *
   * @param signal that of the connection; of calls that share a registration, the first one's ends it
   * @throws {@link ProvisioningError}, {@link ConnectionError}, {@link TimeoutError}, or `signal.reason`
   */
  async register(device: Device, signal: AbortSignal): Promise<Registration> {
    const thumbprint = device.material.thumbprint.sha256;
    while (this.#underWay && this.#underWay.thumbprint !== thumbprint)
      await abortable(this.#underWay.outcome.catch(ignore), signal);
    signal.throwIfAborted();
    if (!this.#underWay) {
      const outcome = this.#registerOnce(device, signal).finally(() => (this.#underWay = undefined));
      this.#underWay = { thumbprint, outcome };
    }
    return await abortable(this.#underWay.outcome, signal);
  }

  async #registerOnce(device: Device, signal: AbortSignal): Promise<Registration> {
    const timeoutMs = this.#timeoutMs;
    const waitedMs = () => this.#turns.waitedMs;
    let last: DpsResponse | undefined;
    const onResponse = (response: DpsResponse) => {
      last = response;
      this.#lastResponse = response;
    };
    const onTimeout = () => provisioningTimeout(device, timeoutMs, last, this.#wire?.waitingFor);
    this.#registering += 1;
    try {
      return await withDeadline({ timeoutMs, waitedMs, signal, onTimeout }, (attempt) =>
        this.#register(device, onResponse, attempt),
      );
    } finally {
      this.#registering -= 1;
      this.#lastResponse = undefined;
    }
  }

  /** The error for a call that has waited for the registration under way until its own deadline, `timeoutMs`. */
  timeoutError(device: Device, timeoutMs: number): TimeoutError {
    return provisioningTimeout(device, timeoutMs, this.#lastResponse, this.#wire?.waitingFor);
  }

  /** True while a registration is under way. */
  get isRegistering(): boolean {
    return this.#registering > 0;
  }

  async #register(
    device: Device,
    onResponse: (response: DpsResponse) => void,
    signal: AbortSignal,
  ): Promise<Registration> {
    const { globalEndpoint: host, idScope, registrationId, payload, transport } = device;
    debug('%s: registering at %s in %s', registrationId, host, idScope);
    const request = {
      ...{ host, idScope, registrationId, payload, transport, onResponse },
      x509: device.material.toX509(),
      turns: this.#turns,
      wire: { ca: device.roots, proxy: device.proxyFor(host), keepAliveSeconds: KEEP_ALIVE_SECONDS },
    };
    let result: RegistrationResult;
    try {
      result = await runRegistration(request, this.#createTransport, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toProvisioningError(error, device);
    }
    const registration = toRegistration(result, device);
    debug('%s: assigned to %s as %s', registrationId, registration.assignedHub, registration.deviceId);
    return registration;
  }
}

function toRegistration(result: RegistrationResult, { registrationId }: Device): Registration {
  const { assignedHub, deviceId } = result;
  // The SDK passes on whatever JSON the service sent.
  if (!isName(assignedHub) || !isName(deviceId)) {
    throw new ProvisioningError({
      code: 'INVALID_RESPONSE',
      message: `The Device Provisioning Service assigned ${registrationId} without naming a hub and a device.`,
      remedy: 'Try again. If it happens again, check that the endpoint is a Device Provisioning Service.',
      isTransient: true,
    });
  }
  const fields = result as Record<string, unknown>;
  return {
    ...{ registrationId, deviceId, assignedHub },
    status: 'assigned',
    ...text(fields, 'substatus'),
    ...(fields['payload'] !== undefined && { payload: fields['payload'] }),
    ...text(fields, 'createdDateTimeUtc'),
    ...text(fields, 'lastUpdatedDateTimeUtc'),
    ...text(fields, 'etag'),
  };
}

function ignore(): void {
  // Who waits for it gets the outcome.
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function text<Name extends string>(
  fields: Record<string, unknown>,
  name: Name,
): Partial<Record<Name, string>> {
  const value = fields[name];
  return typeof value === 'string' ? ({ [name]: value } as Record<Name, string>) : {};
}
