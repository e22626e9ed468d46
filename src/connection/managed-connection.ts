import { EventEmitter } from 'node:events';
import type { Client } from 'azure-iot-device';
import type { DeviceError } from 'azure-iot-certificates';
import { TimeoutError } from '../errors/errors';
import { explainSilence } from '../errors/stages';
import { createHubClient } from '../hub/sdk-client';
import { createSdkHubTransport, type HubTransportFactory } from '../hub/sdk-transport';
import type * as Uploads from '../hub/uploads/file-uploads';
import { withDeadline } from '../network/deadline';
import type { Wire } from '../network/wire';
import type { Registration } from '../options/registration';
import type { ConnectOptions, CredentialsUpdate, ReconnectOptions } from '../options/types';
import { DEFAULT_KEEP_ALIVE_SECONDS, DEFAULT_TIMEOUT_MS, validateConnectOptions } from '../options/validate';
import { RememberedAssignments } from '../provisioning/assignments/remembered';
import { preparationTimeout, prepareDevice, type Device } from '../provisioning/device';
import { DpsClient } from '../provisioning/dps-client';
import {
  createSdkProvisioningTransport,
  type ProvisioningTransportFactory,
} from '../provisioning/sdk-registration';
import { CredentialsKeeper } from './credentials-keeper';
import type { DeviceConnection, DeviceConnectionEvents } from './device-connection';
import { HubTransport, hubTarget } from './hub-transport';
import type { MethodHandler } from '../options/method-handler';
import { ConnectionStatus, type ConnectionState } from './state';
import { Supervisor, type SupervisorOptions } from './supervisor';

/** The transports under the SDK's clients. Tests replace the SDK's transports. */
export interface Transports {
  readonly provisioning: ProvisioningTransportFactory;
  readonly hub: HubTransportFactory;
}

/** The transports of the official SDK. */
export const SDK_TRANSPORTS: Transports = {
  provisioning: createSdkProvisioningTransport,
  hub: createSdkHubTransport,
};

const DEFAULT_QUEUED_MESSAGES = 1_000;
const DEFAULT_MIN_DELAY_MS = 1_000;
const DEFAULT_MAX_DELAY_MS = 60_000;
/** Microsoft's guidance: after about ten failures a device registers again, because it may have been moved. */
const ATTEMPTS_BEFORE_REGISTERING = 10;
const MAX_REFUSALS = 5;
const STABLE_AFTER_MS = 10_000;

/** `connectDevice` over the given transports. */
export async function connectOver(
  transports: Transports,
  options: ConnectOptions,
): Promise<DeviceConnection> {
  validateConnectOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  let connection: ManagedConnection | undefined;
  const onTimeout = () => connection?.timeoutError(timeoutMs) ?? preparationTimeout(timeoutMs);
  return await withDeadline({ timeoutMs, signal, onTimeout }, async (attempt) => {
    const device = await prepareDevice(options);
    attempt.throwIfAborted();
    connection = new ManagedConnection(options, device, transports);
    await connection.open(attempt);
    return connection;
  });
}

/** The connection that `connectDevice` returns: joins the client with the parts that keep it connected. */
export class ManagedConnection extends EventEmitter<DeviceConnectionEvents> implements DeviceConnection {
  readonly client: Client;
  readonly #dps: DpsClient;
  readonly #status: ConnectionStatus;
  readonly #credentials: CredentialsKeeper;
  readonly #transport: HubTransport;
  readonly #supervisor: Supervisor;
  /** The latest connection to the hub. */
  #wire: Wire | undefined;
  #uploads: Uploads.FileUploads | undefined;

  constructor(options: ConnectOptions, device: Device, transports: Transports) {
    super();
    const { keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS, offlineQueue, timeoutMs = 0, reconnect } = options;
    // The deadline of the first registration is that of the whole call.
    this.#dps = new DpsClient(transports.provisioning, Math.max(timeoutMs, DEFAULT_TIMEOUT_MS));
    this.#status = new ConnectionStatus(this, device.registrationId);
    this.#credentials = new CredentialsKeeper(options, device, this.#status);
    this.#transport = new HubTransport({
      owner: this,
      createTransport: (kind, target, wire) => {
        this.#wire = wire;
        return transports.hub(kind, target, wire);
      },
      keepAliveSeconds,
      modelId: device.modelId,
      maxQueuedMessages: offlineQueue?.maxMessages ?? DEFAULT_QUEUED_MESSAGES,
    });
    const parts = {
      dps: this.#dps,
      transport: this.#transport,
      credentials: this.#credentials,
      assignments: new RememberedAssignments(options, this.#status),
      status: this.#status,
    };
    this.#supervisor = new Supervisor(parts, pace(reconnect));
    this.client = createHubClient(this.#transport, () => this.#fileUploads());
  }

  get registration(): Registration {
    const { registration } = this.#supervisor;
    if (!registration) throw new Error('The device is not registered yet.');
    return registration;
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  /**
   * Connects for the first time.
   *
   * @param signal closes the connection when it aborts in the meantime
   */
  async open(signal: AbortSignal): Promise<void> {
    const onAbort = () => void this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#credentials.start();
      await this.#supervisor.open();
      await this.client.open();
      this.#credentials.watch((device) => void this.#useChangedFiles(device));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The error for a first connection that is still being made after `timeoutMs`. */
  timeoutError(timeoutMs: number): TimeoutError {
    if (this.#dps.isRegistering) return this.#dps.timeoutError(this.#credentials.device, timeoutMs);
    const { host } = this.#supervisor;
    const stage = this.#wire?.waitingFor;
    const { message, remedy } = stage
      ? explainSilence(stage, { host, timeoutMs, proxy: this.#credentials.device.proxyFor(host)?.name })
      : { message: '', remedy: 'Check the endpoint and the network.' };
    return new TimeoutError({
      service: 'hub',
      message:
        `The device was not connected after ${timeoutMs / 1000} s; it was still connecting to ${host}. ${message}`.trim(),
      remedy: `${remedy} Or give the call more time with timeoutMs.`,
    });
  }

  onMethod(...args: [name: string, handler: MethodHandler] | [handler: MethodHandler]): void {
    this.#transport.methods.set(args[0], args[1]);
    this.#transport.enableMethods(() => undefined);
  }

  async reprovision(): Promise<Registration> {
    return await this.#supervisor.renew();
  }

  async updateCredentials(update: CredentialsUpdate): Promise<Registration> {
    return await this.#supervisor.renew(await this.#credentials.prepare(update));
  }

  async close(): Promise<void> {
    this.#credentials.stop();
    await this.#supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Changes over to the credentials of changed files. If they are refused, the present connection stays. */
  async #useChangedFiles(device: Device): Promise<void> {
    try {
      await this.#supervisor.renew({ device, commit: () => this.#credentials.use(device) });
    } catch (error) {
      this.#credentials.postpone(error as DeviceError);
    }
  }

  #fileUploads(): Uploads.FileUploads {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- few devices upload files, which takes ten more files of ours
    const { FileUploads } = require('../hub/uploads/file-uploads') as typeof Uploads;
    this.#uploads ??= new FileUploads(
      () => hubTarget(this.#credentials.device, this.registration),
      this.#supervisor.closing,
    );
    return this.#uploads;
  }
}

function pace(options: ReconnectOptions = {}): SupervisorOptions {
  return {
    minDelayMs: options.minDelayMs ?? DEFAULT_MIN_DELAY_MS,
    maxDelayMs: options.maxDelayMs ?? DEFAULT_MAX_DELAY_MS,
    giveUpAfterMs: options.giveUpAfterMs ?? Infinity,
    attemptsBeforeRegistering: ATTEMPTS_BEFORE_REGISTERING,
    maxRefusals: MAX_REFUSALS,
    stableAfterMs: STABLE_AFTER_MS,
  };
}
