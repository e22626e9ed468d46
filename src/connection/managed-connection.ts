import { EventEmitter } from 'node:events';
import type { Client, Message } from 'azure-iot-device';
import type { DeviceError } from 'azure-iot-certificates';
import { count } from 'azure-iot-certificates/internal';
import { ConnectionError, reworded, TimeoutError } from '../errors/errors';
import { explainSilence } from '../errors/stages';
import { createHubClient } from '../hub/sdk-client';
import { createSdkHubTransport, type HubTransportFactory } from '../hub/sdk-transport';
import type * as Uploads from '../hub/uploads/file-uploads';
import { ConnectTurns } from '../network/connect-turns';
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
import { promised } from './callbacks';
import { CredentialsKeeper } from './credentials-keeper';
import type {
  CloseOptions,
  DeviceConnection,
  DeviceConnectionEvents,
  MessageQueue,
} from './device-connection';
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

const DEFAULT_MAX_MESSAGES = 1_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_DRAIN_MS = 10_000;
const DEFAULT_MIN_DELAY_MS = 1_000;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_MAX_REFUSED_DELAY_MS = 3_600_000;
const STABLE_AFTER_MS = 10_000;

/**
 * `connectDevice` over the given transports.
 *
 * @param watch gets the connection before its first attempt
 */
export async function connectOver(
  transports: Transports,
  options: ConnectOptions,
  watch: (connection: DeviceConnection) => void = () => undefined,
): Promise<DeviceConnection> {
  validateConnectOptions(options);
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  let connection: ManagedConnection | undefined;
  const onTimeout = () => connection?.timeoutError(timeoutMs) ?? preparationTimeout(timeoutMs);
  const turns = new ConnectTurns();
  const waitedMs = () => turns.waitedMs;
  return await withDeadline({ timeoutMs, waitedMs, signal, onTimeout }, async (attempt) => {
    await turns.toPrepare();
    attempt.throwIfAborted();
    const device = await prepareDevice(options);
    attempt.throwIfAborted();
    connection = new ManagedConnection(options, device, transports, turns);
    watch(connection);
    await connection.open(attempt, options.start);
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

  constructor(options: ConnectOptions, device: Device, transports: Transports, turns: ConnectTurns) {
    super();
    const { keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS, offlineQueue, timeoutMs = 0, reconnect } = options;
    // The deadline of the first registration is that of the whole call.
    this.#dps = new DpsClient(transports.provisioning, Math.max(timeoutMs, DEFAULT_TIMEOUT_MS), turns);
    this.#status = new ConnectionStatus(this, device.registrationId);
    this.#credentials = new CredentialsKeeper(options, device, this.#status);
    this.#transport = new HubTransport({
      owner: this,
      createTransport: (kind, target, wire) => {
        this.#wire = wire;
        return transports.hub(kind, target, wire);
      },
      turns,
      keepAliveSeconds,
      modelId: device.modelId,
      queueLimits: {
        maxMessages: offlineQueue?.maxMessages ?? DEFAULT_MAX_MESSAGES,
        maxBytes: offlineQueue?.maxBytes ?? DEFAULT_MAX_BYTES,
      },
      onRefused: (error) => this.#status.warn('features', error),
    });
    const parts = {
      dps: this.#dps,
      transport: this.#transport,
      credentials: this.#credentials,
      assignments: new RememberedAssignments(options, this.#status),
      status: this.#status,
      onGiveUp: (error: DeviceError) => this.#raise(error),
    };
    this.#supervisor = new Supervisor(parts, pace(reconnect));
    this.client = createHubClient(this.#transport, () => this.#fileUploads());
  }

  get registration(): Registration {
    const { registration } = this.#supervisor;
    if (registration) return registration;
    const { globalEndpoint: host, registrationId } = this.#credentials.device;
    throw new ConnectionError({
      code: 'NOT_REGISTERED',
      message: `${registrationId} is not registered with ${host} yet.`,
      remedy: 'Wait for whenConnected(), or for the state "connected".',
      isTransient: true,
      service: 'dps',
      host,
    });
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  get queue(): MessageQueue {
    return this.#transport.outbox.queue;
  }

  /**
   * Connects for the first time.
   *
   * @param signal closes the connection when it aborts in the meantime
   * @param start `background`: does not wait for the connection
   */
  async open(signal: AbortSignal, start: ConnectOptions['start'] = 'connected'): Promise<void> {
    const onAbort = () => void this.close({ drainMs: 0 });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#credentials.start();
      this.#credentials.watch(
        (device) => void this.#useChangedFiles(device),
        () => this.#supervisor.hurry(),
      );
      if (start === 'connected') await this.#supervisor.open();
      // By then the caller can have added listeners. The state tells of a failure, or an exception does.
      else setImmediate(() => void this.#supervisor.open(true).catch(() => undefined));
      await this.client.open();
      this.#credentials.announce();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The error for a first connection that is still being made after `timeoutMs`: that of the last attempt, if one failed. */
  timeoutError(timeoutMs: number): DeviceError {
    const { failure, host } = this.#supervisor;
    const seconds = timeoutMs / 1000;
    if (failure) {
      const { error, attempts } = failure;
      return reworded(
        error,
        `${error.message} The device was not connected in ${seconds} s; ${count(attempts, 'attempt')} failed.`,
      );
    }
    if (this.#dps.isRegistering) return this.#dps.timeoutError(this.#credentials.device, timeoutMs);
    const stage = this.#wire?.waitingFor;
    const { message, remedy } = stage
      ? explainSilence(stage, { host, timeoutMs, proxy: this.#credentials.device.proxyFor(host)?.name })
      : { message: '', remedy: 'Check the endpoint and the network.' };
    return new TimeoutError({
      service: 'hub',
      message:
        `The device was not connected after ${seconds} s; it was still connecting to ${host}. ${message}`.trim(),
      remedy: `${remedy} Or give the call more time with timeoutMs.`,
    });
  }

  async whenConnected(signal?: AbortSignal): Promise<void> {
    const { closing } = this.#supervisor;
    for (const one of [signal, closing]) one?.throwIfAborted();
    await this.#status.connected(signal ? [closing, signal] : [closing]);
  }

  onMethod(...args: [name: string, handler: MethodHandler] | [handler: MethodHandler]): void {
    this.#transport.methods.set(args[0], args[1]);
    this.#transport.enableMethods(() => undefined);
  }

  async reportProperties(patch: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#transport.report(patch);
  }

  async reprovision(): Promise<Registration> {
    return await this.#supervisor.renew();
  }

  async updateCredentials(update: CredentialsUpdate): Promise<Registration> {
    return await this.#supervisor.renew(await this.#credentials.prepare(update));
  }

  async sendEvent(message: Message): Promise<void> {
    await promised((done) => this.#transport.outbox.send(message, done));
  }

  async close({ drainMs = DEFAULT_DRAIN_MS }: CloseOptions = {}): Promise<void> {
    this.#credentials.stop();
    await this.#transport.outbox.drain(drainMs);
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

  /** The connection is given up. If nobody hears of it, it is an `error` event that nobody listens to: an exception. */
  #raise(error: DeviceError): void {
    if (this.#status.isHeard || this.client.listenerCount('disconnect') > 0) return;
    process.nextTick(() => this.client.emit('error', error));
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
    maxRefusedDelayMs: options.maxRefusedDelayMs ?? DEFAULT_MAX_REFUSED_DELAY_MS,
    giveUpAfterMs: options.giveUpAfterMs ?? Infinity,
    giveUpAfterRefusedMs: options.giveUpAfterRefusedMs ?? Infinity,
    stableAfterMs: STABLE_AFTER_MS,
  };
}
