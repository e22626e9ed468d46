import { EventEmitter } from 'node:events';
import type { Client } from 'azure-iot-device';
import createDebug from 'debug';
import { RememberedAssignments } from '../provisioning/assignments/remembered';
import { ConnectionError } from '../errors';
import { type DeviceError } from 'azure-iot-certificates';
import type { ConnectOptions, CredentialsUpdate } from '../options/types';
import type { Device } from '../provisioning/device';
import { ACKNOWLEDGE_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from '../provisioning/register-device';
import type { Registration } from '../options/registration';
import { createHubClient } from '../hub/sdk-client';
import { HubLink, type HubCredentials, type HubTransportFactory } from '../hub/link';
import { WireError } from '../errors/wire-error';
import { FileUploads } from '../hub/uploads/file-uploads';
import type { UploadTarget } from '../hub/uploads/hub-files';
import { DEFAULT_KEEP_ALIVE_SECONDS } from '../options/validate';
import { closedExplanation, toConnectionError } from '../errors/connection-error';
import { CredentialsKeeper } from './credentials-keeper';
import type { DeviceConnection, DeviceConnectionEvents } from './device-connection';
import { MethodAnswerer } from './method-answerer';
import type { MethodHandler } from './method-response';
import { HubTransport } from './hub-transport';
import { safely } from './safely';
import type { ConnectionState, NextState } from './state';
import { Supervisor, type Route } from './supervisor';

const debug = createDebug('azure-iot-x509:connection');

const DEFAULT_MIN_DELAY_MS = 1_000;
const DEFAULT_MAX_DELAY_MS = 60_000;
const DEFAULT_QUEUED_MESSAGES = 1_000;
const DEFAULT_EXPIRY_WARNING_DAYS = 30;
const OPERATION_TIMEOUT_MS = 30_000;
/** Microsoft's guidance: after about ten failures ask DPS, the device may have been moved. */
const ATTEMPTS_BEFORE_REGISTERING = 10;
const MAX_REFUSALS = 5;
const STABLE_AFTER_MS = 10_000;

export interface ManagedConnectionOptions {
  options: ConnectOptions;
  device: Device;
  /** One registration with DPS. */
  register: (device: Device, signal: AbortSignal) => Promise<Registration>;
  /** For tests. */
  createTransport?: HubTransportFactory | undefined;
}

/** What keeps the connection from being all that was asked for, by where it comes from. */
type Problems = Partial<Record<'assignments' | 'credentials', DeviceError>>;

/** Joins client, transport, supervisor, credentials and remembered assignment into what the user sees. */
export class ManagedConnection extends EventEmitter<DeviceConnectionEvents> implements DeviceConnection {
  readonly client: Client;
  readonly #settings: ManagedConnectionOptions;
  readonly #transport: HubTransport;
  readonly #supervisor: Supervisor;
  readonly #keeper: CredentialsKeeper;
  readonly #assignments: RememberedAssignments;
  /** Once it is needed. */
  #uploads: FileUploads | undefined;
  #answerer: MethodAnswerer | undefined;
  /** With the credentials that are in use when it is taken. */
  readonly #route: Route = {
    register: (signal) => this.#routeOf(this.#keeper.device).register(signal),
    connect: (registration, signal) => this.#routeOf(this.#keeper.device).connect(registration, signal),
  };
  #problems: Problems = {};
  #state: ConnectionState = { status: 'connecting', since: new Date() };

  constructor(settings: ManagedConnectionOptions) {
    super();
    this.#settings = settings;
    const { options, device } = settings;
    this.#assignments = new RememberedAssignments(options, (problem) => this.#report('assignments', problem));
    this.#keeper = new CredentialsKeeper({
      options,
      device,
      expiryWarningDays: options.expiryWarningDays ?? DEFAULT_EXPIRY_WARNING_DAYS,
      onExpiring: (notAfter) => safely(() => this.emit('credentialsExpiring', { notAfter })),
      onProblem: (problem) => this.#report('credentials', problem),
      onChange: (changed) => void this.#useChangedFiles(changed),
    });
    this.#supervisor = this.#createSupervisor();
    this.#transport = new HubTransport(
      {
        open: () => this.#supervisor.open(),
        close: () => this.#supervisor.close(),
        lost: (reason) => this.#toError(reason, this.registration),
        queueFull: () => this.#queueFullError(),
      },
      device.modelId === undefined ? {} : { modelId: device.modelId },
      { maxQueuedMessages: this.#maxQueuedMessages, operationTimeoutMs: OPERATION_TIMEOUT_MS },
    );
    this.client = createHubClient(this.#transport, () => this.#fileUploads());
  }

  get registration(): Registration {
    const { registration } = this.#supervisor;
    if (!registration) throw new Error('The device is not registered yet.');
    return registration;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Where the device is, or is being, connected to: the hub, or DPS until it has named one. */
  get host(): string {
    return this.#supervisor.registration?.assignedHub ?? this.#settings.device.globalEndpoint;
  }

  /** Connects for the first time. */
  async open(): Promise<void> {
    await this.#keeper.start();
    await this.client.open();
    this.#keeper.watch();
  }

  onMethod(handler: MethodHandler): void {
    this.#answerer = new MethodAnswerer(this.#transport, handler);
  }

  async reprovision(): Promise<Registration> {
    return await this.#supervisor.renew(this.#route, () => undefined, false);
  }

  async updateCredentials(update: CredentialsUpdate): Promise<Registration> {
    const { device, commit } = await this.#keeper.prepare(update);
    return await this.#supervisor.renew(this.#routeOf(device), commit, true);
  }

  async close(): Promise<void> {
    this.#keeper.stop();
    await this.#supervisor.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createSupervisor(): Supervisor {
    const { reconnect = {} } = this.#settings.options;
    const keeper = this.#keeper;
    return new Supervisor(
      {
        route: this.#route,
        recall: (signal) => this.#assignments.load(keeper.device, signal),
        remember: (registration, signal) => this.#assignments.save(keeper.device, registration, signal),
        refreshCredentials: () => keeper.refresh(),
        rejectCredentials: (error) => keeper.reject(error),
        attach: (link) => this.#transport.attach(link),
        detach: () => this.#transport.detach(),
        toError: (reason, registration) => this.#toError(reason, registration),
        onState: (state) => {
          if (state.status === 'connected') keeper.accepted();
          this.#setState(state);
        },
        onReprovisioned: (previous, current) =>
          safely(() => this.emit('reprovisioned', { previous, current })),
        closed: () => this.#closedError(),
        finish: (error) => this.#finish(error),
      },
      {
        minDelayMs: reconnect.minDelayMs ?? DEFAULT_MIN_DELAY_MS,
        maxDelayMs: reconnect.maxDelayMs ?? DEFAULT_MAX_DELAY_MS,
        giveUpAfterMs: reconnect.giveUpAfterMs ?? Infinity,
        attemptsBeforeRegistering: ATTEMPTS_BEFORE_REGISTERING,
        maxRefusals: MAX_REFUSALS,
        stableAfterMs: STABLE_AFTER_MS,
      },
    );
  }

  #routeOf(device: Device): Route {
    return {
      register: (signal) => this.#settings.register(device, signal),
      connect: (registration, signal) => this.#connect(device, registration, signal),
    };
  }

  async #connect(device: Device, registration: Registration, signal: AbortSignal): Promise<HubLink> {
    const { options, createTransport } = this.#settings;
    const linkOptions = {
      credentials: hubCredentials(device, registration),
      transport: device.transport,
      sdkOptions: this.#transport.sdkOptions,
      onMethodCall: (name: string) => this.#answerer?.expect(name),
      wire: {
        ca: device.roots,
        proxy: device.proxyFor(registration.assignedHub),
        keepAliveSeconds: options.keepAliveSeconds ?? DEFAULT_KEEP_ALIVE_SECONDS,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        acknowledgeTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
      },
    };
    try {
      return await HubLink.open(linkOptions, signal, createTransport);
    } catch (error) {
      throw signal.aborted ? signal.reason : this.#toError(error, registration);
    }
  }

  /** The files hold other credentials: they take over, or the old connection stays and the state says why. */
  async #useChangedFiles(device: Device): Promise<void> {
    try {
      await this.#supervisor.renew(this.#routeOf(device), () => this.#keeper.use(device), true);
    } catch (error) {
      this.#keeper.postpone(error as DeviceError);
    }
  }

  /** Also after the end, which it then knows of. */
  #fileUploads(): FileUploads {
    if (this.#uploads === undefined) {
      this.#uploads = new FileUploads(() => this.#uploadTarget());
      if (this.#state.status === 'closed') this.#uploads.close(this.#state.error ?? this.#closedError());
    }
    return this.#uploads;
  }

  #uploadTarget(): UploadTarget {
    const { device } = this.#keeper;
    const { roots: ca, enrollment, proxyFor } = device;
    return { credentials: hubCredentials(device, this.registration), ca, enrollment, proxyFor };
  }

  #toError(reason: unknown, { assignedHub, deviceId }: Registration): DeviceError {
    const { enrollment } = this.#settings.device;
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

  #closedError(): ConnectionError {
    const { host } = this;
    return new ConnectionError({ ...closedExplanation(host), service: 'hub', host });
  }

  get #maxQueuedMessages(): number {
    return this.#settings.options.offlineQueue?.maxMessages ?? DEFAULT_QUEUED_MESSAGES;
  }

  #queueFullError(): ConnectionError {
    const { host } = this;
    return new ConnectionError({
      code: 'QUEUE_FULL',
      service: 'hub',
      host,
      message: `The connection to ${host} is down and ${this.#maxQueuedMessages} messages are waiting for it: the queue is full.`,
      remedy:
        'Send less, keep messages elsewhere until the state is "connected", or allow more with offlineQueue.maxMessages.',
      isTransient: true,
    });
  }

  #report(from: keyof Problems, problem: DeviceError | undefined): void {
    const { [from]: previous, ...others } = this.#problems;
    if (previous?.message === problem?.message) return;
    this.#problems = problem ? { ...others, [from]: problem } : others;
    if (problem) debug('%s: warning: %s', this.#settings.device.registrationId, problem.message);
    if (this.#state.status === 'connected') this.#setState({ status: 'connected' }, this.#state.since);
  }

  #setState(state: NextState, since = new Date()): void {
    const { error } = { error: undefined, ...state };
    debug('%s: %s%s', this.#settings.device.registrationId, state.status, error ? ` (${error.message})` : '');
    const [warning] = Object.values(this.#problems);
    this.#state =
      state.status === 'connected' && warning ? { ...state, since, warning } : { ...state, since };
    const current = this.#state;
    safely(() => this.emit('state', current));
  }

  #finish(error: DeviceError | undefined): void {
    this.#keeper.stop();
    this.#uploads?.close(error ?? this.#closedError());
    this.#transport.finish(error ?? this.#closedError(), error !== undefined);
    this.#setState({ status: 'closed', ...(error && { error, advice: error.remedy }) });
  }
}

function hubCredentials(device: Device, { assignedHub, deviceId }: Registration): HubCredentials {
  return { host: assignedHub, deviceId, x509: device.material.toX509() };
}
