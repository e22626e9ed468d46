import { setMaxListeners } from 'node:events';
import type { DeviceError } from 'azure-iot-certificates';
import { closedExplanation } from '../errors/connection-error';
import { ConnectionError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import { abortable } from '../network/deadline';
import type { Registration } from '../options/registration';
import type { Device } from '../provisioning/device';
import { Assignment, type AssignmentParts } from './assignment';
import type { CredentialsKeeper } from './credentials-keeper';
import type { HubTransport } from './hub-transport';
import { isRefusal, lossOf, Outage, type OutageInit, type OutageOptions } from './outage';
import { Renewals, type Renewal } from './renewals';

/** The objects that the supervisor steers, and its observers. */
export interface SupervisorParts extends AssignmentParts {
  readonly credentials: Pick<
    CredentialsKeeper,
    'device' | 'isWatching' | 'refresh' | 'accepted' | 'reject' | 'stop'
  >;
  readonly transport: Pick<HubTransport, 'openLink' | 'attach' | 'detach' | 'finish'>;
  /** The connection is about to be given up after {@link Supervisor.open} has returned it to its owner. */
  readonly onGiveUp: (error: DeviceError) => void;
}

export interface SupervisorOptions extends OutageOptions {
  /** A connection that lasts less than this, in milliseconds, counts as a failed attempt. */
  stableAfterMs: number;
}

/** The number of attempts to make the first connection after which a doubtful answer counts as a refusal. */
const MAX_DOUBTFUL_ATTEMPTS = 5;

/** Connects, watches the connection and connects again. It alone decides on the connection's state. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  readonly #assignment: Assignment;
  /** Made with the first renewal. */
  #renewals: Renewals | undefined;
  #link: HubLink | undefined;
  #opened: Promise<void> | undefined;
  /** True if nobody waits for {@link open} who would get the error. */
  #isOnItsOwn = false;
  #watching: Promise<void> = Promise.resolve();
  /** The attempt to make the connection that replaces the present one. Never rejects. */
  #switching: Promise<unknown> = Promise.resolve();
  /** The outage that lasts at present. */
  #outage: Outage | undefined;
  #finished = false;

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#assignment = new Assignment(parts);
    // Every upload under way listens to it.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The hub and the device ID, once DPS has assigned them. */
  get registration(): Registration | undefined {
    return this.#assignment.current;
  }

  /** Host name of the hub, or of DPS until it has assigned one. */
  get host(): string {
    return this.registration?.assignedHub ?? this.#parts.credentials.device.globalEndpoint;
  }

  /** Aborts when the connection is being closed or is given up. Its reason is the error for pending operations. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The last error of the outage that lasts at present, and the number of its failed attempts. */
  get failure(): { readonly error: DeviceError; readonly attempts: number } | undefined {
    const { error, attempt = 0 } = this.#outage ?? {};
    return error && { error, attempts: attempt - 1 };
  }

  /**
   * Connects for the first time. A further call waits for the same connection. Transient failures are tried again until
   * {@link close}.
   *
   * @param isPatient tries again after other failures too: nobody waits for the result
   */
  open(isPatient = false): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason as DeviceError);
    this.#opened ??= this.#start(isPatient);
    return this.#opened;
  }

  /** Ends everything. Always settles, and may be called at any moment and again. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(this.#closedError());
      this.#parts.transport.detach();
      await this.#link?.close();
    }
    await this.#opened?.catch(() => undefined);
    await this.#renewals?.settled();
    await this.#watching;
    this.#finish(undefined);
  }

  /** See {@link Renewals.renew}. */
  async renew(renewal?: Renewal): Promise<Registration> {
    this.#renewals ??= new Renewals(this.#parts, this.#assignment, this, this.#closing.signal);
    return await this.#renewals.renew(renewal);
  }

  /** True while there is a connection. */
  get isOpen(): boolean {
    return this.#link?.isOpen === true;
  }

  /**
   * Ends the pause before the next attempt, which reads changed files. Returns `false` if there is a connection, or the
   * first attempt is under way.
   */
  hurry(): boolean {
    this.#outage?.hurry();
    return this.#outage !== undefined;
  }

  async replace(device: Device, registration: Registration, adopt: () => void): Promise<void> {
    const { signal } = this.#closing;
    const { transport } = this.#parts;
    const old = this.#link;
    // The hub ends the first connection of a device for the second, and methods are answered on the first.
    const answered = old?.answered() ?? Promise.resolve();
    const opening = answered.then(() => transport.openLink(device, registration, signal));
    const switching = opening.then((link) => {
      adopt();
      transport.detach();
      this.#link = link;
      return link;
    });
    this.#switching = switching.catch(() => undefined);
    const link = await switching;
    // If it breaks at once, it is connected again like any other.
    await this.#attach(link, signal).catch(() => undefined);
    await old?.answered();
    await old?.close();
  }

  async #start(isPatient: boolean): Promise<void> {
    const { signal } = this.#closing;
    this.#isOnItsOwn = isPatient;
    try {
      signal.throwIfAborted();
      this.#parts.status.set({ status: 'connecting' });
      await this.#assignment.load(signal);
      const link = await this.#connectFirst(isPatient, signal);
      this.#isOnItsOwn = true;
      this.#watching = this.#watch(link, signal);
    } catch (error) {
      this.#finish(error as DeviceError);
      throw error;
    }
  }

  async #connectFirst(isPatient: boolean, signal: AbortSignal): Promise<HubLink> {
    const { isRemembered } = this.#assignment;
    let error: DeviceError;
    try {
      return await this.#connect(signal, undefined);
    } catch (reason) {
      error = reason as DeviceError;
    }
    if (isRemembered && !signal.aborted) {
      // It may be out of date.
      this.#assignment.invalidate();
      try {
        return await this.#connect(signal, error);
      } catch (reason) {
        error = reason as DeviceError;
      }
    }
    signal.throwIfAborted();
    const outage = this.#begin({ status: 'connecting', attempt: 1, shortConnections: 0 });
    return await this.#connectAgain(outage, error, signal, isPatient);
  }

  /** Runs until the connection is closed or given up. Never rejects. */
  async #watch(first: HubLink, signal: AbortSignal): Promise<void> {
    let link = first;
    let shortConnections = 0;
    for (;;) {
      const { milliseconds, error } = await lossOf(link);
      // The hub ends a connection when the same device connects again.
      await this.#switching;
      if (signal.aborted) return;
      const present = this.#present();
      if (present && present !== link) {
        link = present;
        continue;
      }
      this.#parts.transport.detach();
      this.#link = undefined;
      // Two processes with one identity end each other's connections without end. The back-off limits the rate.
      shortConnections = milliseconds >= this.#options.stableAfterMs ? 0 : shortConnections + 1;
      const outage = this.#begin({ status: 'reconnecting', attempt: 0, shortConnections });
      try {
        link = await this.#connectAgain(outage, error, signal);
      } catch (reason) {
        this.#finish(reason as DeviceError);
        return;
      }
    }
  }

  #begin(init: Omit<OutageInit, 'onGiveUp'>): Outage {
    return new Outage(this.#options, { ...init, onGiveUp: (error) => this.#finish(error) });
  }

  /**
   * Tries until there is a connection. Rejects when the connection is closed or given up.
   *
   * @param isPatient `false`: rejects with an error that is not transient
   */
  async #connectAgain(
    outage: Outage,
    first: DeviceError,
    signal: AbortSignal,
    isPatient = true,
  ): Promise<HubLink> {
    const { credentials, status } = this.#parts;
    this.#outage = outage;
    try {
      for (let error = first; ;) {
        const { isDpsAway } = this.#assignment;
        // A renewed certificate may not be enrolled yet, and the old one may still be accepted.
        const wereNew = isRefusal(error) && credentials.reject(error);
        const isFinal = !error.isTransient || (isDoubtful(error) && outage.attempt >= MAX_DOUBTFUL_ATTEMPTS);
        if (!isPatient && !wereNew && isFinal && !isDpsAway) throw error;
        // A hub that refuses the device may not be its hub any more, which only DPS knows.
        if (!isRefusal(error) || isDpsAway) outage.failed(error, 'not refused');
        else outage.failed(error, wereNew ? 'open' : 'refused');
        signal.throwIfAborted();
        this.#assignment.failed(error, outage.attempt);
        if (wereNew) this.#assignment.invalidate();
        await outage.pause(status, credentials.isWatching, signal);
        if (await credentials.refresh()) this.#assignment.invalidate();
        try {
          return await this.#connect(signal, error);
        } catch (next) {
          signal.throwIfAborted();
          error = next as DeviceError;
        }
      }
    } finally {
      outage.end();
      this.#outage = undefined;
    }
  }

  async #connect(signal: AbortSignal, error: DeviceError | undefined): Promise<HubLink> {
    const registration = await this.#assignment.forAttempt(error, signal);
    const { generation } = this.#assignment;
    const { transport, credentials } = this.#parts;
    const link = await transport.openLink(credentials.device, registration, signal);
    if (generation !== this.#assignment.generation) {
      // Other credentials or another assignment have come into use meanwhile.
      link.fail({ kind: 'closed' });
      return await this.#connect(signal, error);
    }
    this.#link = link;
    try {
      await this.#attach(link, signal);
    } catch (reason) {
      // A renewal may have replaced it just now.
      await this.#switching;
      const present = this.#present();
      if (present?.isOpen) return present;
      this.#link = undefined;
      throw reason;
    }
    return link;
  }

  async #attach(link: HubLink, signal: AbortSignal): Promise<void> {
    const { transport, credentials, status } = this.#parts;
    try {
      await abortable(transport.attach(link), signal);
    } catch (reason) {
      if (this.#link === link) transport.detach();
      link.fail({ kind: 'closed' });
      throw signal.aborted ? reason : link.explain(reason);
    }
    credentials.accepted();
    status.set({ status: 'connected' });
  }

  #present(): HubLink | undefined {
    return this.#link;
  }

  /** @param cause the error that ends the connection, of no account while its owner closes it */
  #finish(cause: DeviceError | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    const error = this.#closing.signal.aborted ? undefined : cause;
    const reason = error ?? this.#closedError();
    const { credentials, transport, status, onGiveUp } = this.#parts;
    if (error && this.#isOnItsOwn) onGiveUp(error);
    this.#closing.abort(reason);
    credentials.stop();
    status.set({ status: 'closed', ...(error && { error, advice: error.remedy }) });
    transport.finish(reason, error !== undefined);
  }

  /** The error for operations that are pending when the owner closes the connection. */
  #closedError(): ConnectionError {
    const { host } = this;
    return new ConnectionError({ ...closedExplanation(host), service: 'hub', host });
  }
}

/** DPS answers CONNACK 3 to an unknown ID scope, and when it is not available. */
function isDoubtful({ service, serviceCode }: DeviceError): boolean {
  return service === 'dps' && serviceCode === 3;
}
