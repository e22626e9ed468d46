import { EventEmitter } from 'node:events';
import type { Client } from 'azure-iot-device';
import createDebug from 'debug';
import { ConnectionError, type DeviceError } from '../errors';
import type { Device } from '../provisioning/device';
import { ACKNOWLEDGE_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from '../provisioning/register-device';
import type { Registration } from '../registration';
import { createHubClient } from '../sdk/hub-client';
import { HubLink, type HubCredentials, type HubTransportFactory } from '../sdk/hub-link';
import { WireError } from '../sdk/wire-error';
import { closedExplanation, toConnectionError } from './connection-error';
import type { DeviceConnection, DeviceConnectionEvents } from './device-connection';
import { HubTransport } from './hub-transport';
import type { ConnectionState, NextState } from './state';
import { Supervisor, type SupervisorOptions } from './supervisor';

const debug = createDebug('azure-iot-x509:connection');

const RECONNECTING: SupervisorOptions = {
  minDelayMs: 1_000,
  maxDelayMs: 60_000,
  attemptsBeforeRegistering: 10,
  maxRefusals: 5,
  stableAfterMs: 10_000,
};
const MAX_QUEUED_MESSAGES = 1000;
const OPERATION_TIMEOUT_MS = 30_000;

export interface ManagedConnectionOptions {
  device: Device;
  keepAliveSeconds: number;
  /** One registration with DPS. */
  register: (signal: AbortSignal) => Promise<Registration>;
  /** For tests. */
  createTransport?: HubTransportFactory | undefined;
}

/** Joins client, transport and supervisor into what the user sees. */
export class ManagedConnection extends EventEmitter<DeviceConnectionEvents> implements DeviceConnection {
  readonly client: Client;
  readonly #options: ManagedConnectionOptions;
  readonly #transport: HubTransport;
  readonly #supervisor: Supervisor;
  #state: ConnectionState = { status: 'connecting', since: new Date() };

  constructor(options: ManagedConnectionOptions) {
    super();
    this.#options = options;
    const { modelId } = options.device;
    this.#supervisor = new Supervisor(
      {
        register: options.register,
        connect: (registration, signal) => this.#connect(registration, signal),
        attach: (link) => this.#transport.attach(link),
        detach: () => this.#transport.detach(),
        toError: (reason, registration) => this.#toError(reason, registration),
        onState: (state) => this.#setState(state),
        onReprovisioned: (previous, current) => this.emit('reprovisioned', { previous, current }),
        closed: () => this.#closedError(),
        finish: (error) => this.#finish(error),
      },
      RECONNECTING,
    );
    this.#transport = new HubTransport(
      {
        open: () => this.#supervisor.open(),
        close: () => this.#supervisor.close(),
        lost: (reason) => this.#toError(reason, this.registration),
        queueFull: () => this.#queueFullError(),
      },
      modelId === undefined ? {} : { modelId },
      { maxQueuedMessages: MAX_QUEUED_MESSAGES, operationTimeoutMs: OPERATION_TIMEOUT_MS },
    );
    this.client = createHubClient(this.#transport, () =>
      Promise.resolve(this.#credentials(this.registration)),
    );
  }

  get registration(): Registration {
    const { registration } = this.#supervisor;
    if (!registration) throw new Error('The device is not registered yet.');
    return registration;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects for the first time. */
  async open(): Promise<void> {
    await this.client.open();
  }

  async close(): Promise<void> {
    await this.#supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #credentials(registration: Registration): HubCredentials {
    return {
      host: registration.assignedHub,
      deviceId: registration.deviceId,
      x509: this.#options.device.material.toX509(),
    };
  }

  async #connect(registration: Registration, signal: AbortSignal): Promise<HubLink> {
    const { device, keepAliveSeconds, createTransport } = this.#options;
    try {
      return await HubLink.open(
        {
          credentials: this.#credentials(registration),
          transport: device.transport,
          sdkOptions: this.#transport.sdkOptions,
          wire: {
            ca: device.roots,
            keepAliveSeconds,
            connectTimeoutMs: CONNECT_TIMEOUT_MS,
            acknowledgeTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
          },
        },
        signal,
        createTransport,
      );
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#toError(error, registration);
    }
  }

  #toError(reason: unknown, { assignedHub, deviceId }: Registration): DeviceError {
    const { enrollment } = this.#options.device;
    const peer = { service: 'hub', host: assignedHub, registrationId: deviceId, enrollment } as const;
    if (reason instanceof WireError) return toConnectionError(reason, peer);
    return new ConnectionError({
      code: 'CONNECTION_LOST',
      service: 'hub',
      host: assignedHub,
      message: `The connection of ${deviceId} to ${assignedHub} failed.`,
      remedy: 'Try again.',
      isTransient: true,
      cause: reason,
    });
  }

  /** Where the device is, or is being, connected to: the hub, or DPS until it has named one. */
  get host(): string {
    return this.#supervisor.registration?.assignedHub ?? this.#options.device.globalEndpoint;
  }

  #closedError(): ConnectionError {
    const host = this.host;
    return new ConnectionError({ ...closedExplanation(host), service: 'hub', host });
  }

  #queueFullError(): ConnectionError {
    const host = this.host;
    return new ConnectionError({
      code: 'QUEUE_FULL',
      service: 'hub',
      host,
      message: `The connection to ${host} is down and ${MAX_QUEUED_MESSAGES} messages are waiting for it: the queue is full.`,
      remedy:
        'Send less, keep messages elsewhere until the state is "connected", or drop the least important.',
      isTransient: true,
    });
  }

  #setState(state: NextState): void {
    const { error } = { error: undefined, ...state };
    debug('%s: %s%s', this.#options.device.registrationId, state.status, error ? ` (${error.message})` : '');
    this.#state = { ...state, since: new Date() };
    this.emit('state', this.#state);
  }

  #finish(error: DeviceError | undefined): void {
    this.#transport.finish(error ?? this.#closedError(), error !== undefined);
    this.#setState({ status: 'closed', ...(error && { error, advice: error.remedy }) });
  }
}
