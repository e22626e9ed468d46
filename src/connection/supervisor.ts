import { setMaxListeners } from 'node:events';
import type { DeviceError } from 'azure-iot-certificates';
import { closedExplanation } from '../errors/connection-error';
import { ConnectionError, ProvisioningError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import { backOff, type BackOffOptions } from '../network/back-off';
import { abortable } from '../network/deadline';
import type { Registration } from '../options/registration';
import type { RememberedAssignments } from '../provisioning/assignments/remembered';
import type { Device } from '../provisioning/device';
import type { DpsClient } from '../provisioning/dps-client';
import type { CredentialsKeeper } from './credentials-keeper';
import type { HubTransport } from './hub-transport';
import type { ConnectionStatus } from './state';

/** The objects that the supervisor steers, and its observer. */
export interface SupervisorParts {
  readonly dps: Pick<DpsClient, 'register'>;
  readonly credentials: Pick<CredentialsKeeper, 'device' | 'refresh' | 'accepted' | 'reject' | 'stop'>;
  readonly assignments: Pick<RememberedAssignments, 'load' | 'save'>;
  readonly transport: Pick<HubTransport, 'openLink' | 'attach' | 'detach' | 'finish'>;
  readonly status: Pick<ConnectionStatus, 'set' | 'reprovisioned'>;
}

/** Other credentials for the device. */
export interface Renewal {
  readonly device: Device;
  /** Makes them the credentials in use. */
  commit(): void;
}

export interface SupervisorOptions extends BackOffOptions {
  /** The number of failed attempts at the same hub after which the device registers with DPS again. */
  attemptsBeforeRegistering: number;
  /** The number of successive refusals, by the hub or DPS, that end the connection. */
  maxRefusals: number;
  /** A connection that lasts less than this, in milliseconds, counts as a failed attempt. */
  stableAfterMs: number;
  /** The time without a connection after which the supervisor gives up, in milliseconds. */
  giveUpAfterMs: number;
}

/** Connects, watches the connection and connects again. It alone decides on the connection's state. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #registration: Registration | undefined;
  /** True if the device registers with DPS before the next attempt, because its hub may have changed. */
  #mustRegister = true;
  /** True if DPS has made the assignment in the present attempt. */
  #isFresh = false;
  #link: HubLink | undefined;
  #opened: Promise<void> | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** The last renewal of the queue. Renewals run one after the other. Never rejects. */
  #renewing: Promise<unknown> = Promise.resolve();
  /** The attempt to make the connection that replaces the present one. Never rejects. */
  #switching: Promise<unknown> = Promise.resolve();
  /** Counts the assignments, so that a connection made for an earlier one is recognized. */
  #generation = 0;
  /** Ends the present pause between two attempts. */
  #hurry: () => void = () => undefined;
  #finished = false;

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    this.#parts = parts;
    this.#options = options;
    // Every upload under way listens to it.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The hub and the device ID, once DPS has assigned them. */
  get registration(): Registration | undefined {
    return this.#registration;
  }

  /** Host name of the hub, or of DPS until it has assigned one. */
  get host(): string {
    return this.#registration?.assignedHub ?? this.#parts.credentials.device.globalEndpoint;
  }

  /** Aborts when the connection is being closed or is given up. Its reason is the error for pending operations. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Connects for the first time. A further call waits for the same attempt. A failed first attempt is not repeated: the
   * caller gets the error.
   */
  open(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason as DeviceError);
    this.#opened ??= this.#start();
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
    await this.#renewing;
    await this.#watching;
    this.#finish(undefined);
  }

  /**
   * Registers, with the renewed credentials if there are any. If the credentials or the assignment have changed,
   * connects again and then closes the present connection. If anything fails, the present connection stays. Without a
   * connection the next attempt uses the new credentials and the new assignment.
   */
  async renew(renewal?: Renewal): Promise<Registration> {
    const turn = this.#renewing.then(() => this.#renew(renewal));
    this.#renewing = turn.catch(() => undefined);
    return await turn;
  }

  async #renew(renewal: Renewal | undefined): Promise<Registration> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const { dps, credentials, assignments, transport } = this.#parts;
    const { device } = renewal ?? credentials;
    const current = await dps.register(device, signal);
    const previous = this.#registration;
    const old = this.#link;
    const adopt = () => {
      renewal?.commit();
      this.#adopt(current);
    };
    if (!old?.isOpen) {
      adopt();
      this.#hurry();
    } else if (renewal || !previous || !isSameAssignment(previous, current)) {
      // The hub ends the first connection of a device for the second, and methods are answered on the first.
      const opening = old.answered().then(() => transport.openLink(device, current, signal));
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
      await old.answered();
      await old.close();
    } else {
      adopt();
    }
    await assignments.save(credentials.device, current, signal);
    return current;
  }

  async #start(): Promise<void> {
    const { signal } = this.#closing;
    try {
      signal.throwIfAborted();
      const { assignments, credentials, status } = this.#parts;
      status.set({ status: 'connecting' });
      this.#registration = await assignments.load(credentials.device, signal);
      this.#mustRegister = !this.#registration;
      this.#watching = this.#watch(await this.#connectFirst(signal), signal);
    } catch (error) {
      this.#finish(signal.aborted ? undefined : (error as DeviceError));
      throw error;
    }
  }

  async #connectFirst(signal: AbortSignal): Promise<HubLink> {
    if (this.#mustRegister) return await this.#connect(signal, undefined);
    try {
      return await this.#connect(signal, undefined);
    } catch (error) {
      if (signal.aborted) throw error;
      // The remembered assignment may be out of date.
      this.#mustRegister = true;
      return await this.#connect(signal, error as DeviceError);
    }
  }

  /** Runs until the connection is closed or given up. Never rejects. */
  async #watch(first: HubLink, signal: AbortSignal): Promise<void> {
    let link: HubLink | undefined = first;
    let failures = 0;
    while (link) {
      const { milliseconds, error } = await this.#lossOf(link);
      // The hub ends a connection when the same device connects again.
      await this.#switching;
      if (signal.aborted) return;
      if (this.#link !== link) {
        link = this.#link;
        continue;
      }
      this.#parts.transport.detach();
      this.#link = undefined;
      // Two processes with one identity end each other's connections without end. The back-off limits the rate.
      failures = milliseconds >= this.#options.stableAfterMs ? 0 : failures + 1;
      link = await this.#reconnect(error, failures, signal);
    }
  }

  async #reconnect(first: DeviceError, failures: number, signal: AbortSignal): Promise<HubLink | undefined> {
    const since = performance.now();
    let error = first;
    let refusals = this.#isFinal(first) ? 1 : 0;
    for (let attempt = 1; ; attempt += 1) {
      if (refusals >= this.#options.maxRefusals || performance.now() - since >= this.#options.giveUpAfterMs) {
        this.#finish(error);
        return undefined;
      }
      // The device may have been moved when its hub refuses it, has no address, or has failed to answer several times.
      this.#mustRegister ||= isWrongHub(error) || attempt % this.#options.attemptsBeforeRegistering === 0;
      try {
        await this.#pause(error, attempt, failures, signal);
        if (await this.#parts.credentials.refresh()) this.#mustRegister = true;
        return await this.#connect(signal, error);
      } catch (next) {
        if (signal.aborted) return undefined;
        error = next as DeviceError;
        // A renewed certificate may not be enrolled yet, and the old one may still be accepted.
        const wereNew = isRefusal(error) && this.#parts.credentials.reject(error);
        this.#mustRegister ||= wereNew;
        refusals = this.#isFinal(error) && !wereNew ? refusals + 1 : 0;
      }
    }
  }

  async #pause(error: DeviceError, attempt: number, failures: number, signal: AbortSignal): Promise<void> {
    const delay = backOff(attempt + failures, this.#options);
    const waiting = { status: 'reconnecting', error, attempt, advice: advice(error) } as const;
    this.#parts.status.set({ ...waiting, nextAttemptAt: new Date(Date.now() + delay) });
    await this.#sleep(delay, signal);
    this.#parts.status.set(waiting);
  }

  async #connect(signal: AbortSignal, error: DeviceError | undefined): Promise<HubLink> {
    const registration = await this.#assignment(signal, error);
    const generation = this.#generation;
    const { transport, credentials } = this.#parts;
    const link = await transport.openLink(credentials.device, registration, signal);
    if (generation !== this.#generation) {
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

  async #assignment(signal: AbortSignal, error: DeviceError | undefined): Promise<Registration> {
    const previous = this.#registration;
    this.#isFresh = false;
    if (previous && !this.#mustRegister) return previous;
    const { dps, credentials, assignments, status } = this.#parts;
    status.set({ status: 'provisioning', ...(error && { error }) });
    let current: Registration;
    try {
      current = await dps.register(credentials.device, signal);
    } catch (reason) {
      if (!previous || signal.aborted || isRefusal(reason as DeviceError)) throw reason;
      // DPS cannot be reached at present. The hub may be back all the same.
      this.#mustRegister = false;
      return previous;
    }
    this.#adopt(current);
    this.#isFresh = true;
    await assignments.save(credentials.device, current, signal);
    return current;
  }

  #adopt(current: Registration): void {
    const previous = this.#registration;
    this.#registration = current;
    this.#mustRegister = false;
    this.#generation += 1;
    if (previous) this.#parts.status.reprovisioned(previous, current);
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await abortable(
        new Promise<void>((resolve) => {
          this.#hurry = resolve;
          timer = setTimeout(resolve, milliseconds);
        }),
        signal,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for the end of a link. Returns why it ended, and how long it lived. */
  async #lossOf(link: HubLink): Promise<{ milliseconds: number; error: DeviceError }> {
    // The wall clock may jump.
    const since = performance.now();
    if (link.isOpen) {
      await new Promise<void>((resolve) => {
        link.over.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return {
      milliseconds: performance.now() - since,
      error: link.explain(link.over.reason),
    };
  }

  /** DPS refused the device, or the hub that DPS has assigned just now did. */
  #isFinal(error: DeviceError): boolean {
    return isRefusal(error) && (error.service === 'dps' || this.#isFresh);
  }

  #present(): HubLink | undefined {
    return this.#link;
  }

  #finish(error: DeviceError | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    const reason = error ?? this.#closedError();
    this.#closing.abort(reason);
    const { credentials, transport, status } = this.#parts;
    credentials.stop();
    transport.finish(reason, error !== undefined);
    status.set({ status: 'closed', ...(error && { error, advice: error.remedy }) });
  }

  /** The error for operations that are pending when the owner closes the connection. */
  #closedError(): ConnectionError {
    const { host } = this;
    return new ConnectionError({ ...closedExplanation(host), service: 'hub', host });
  }
}

/** A service refused the device, as opposed to not answering. */
function isRefusal(error: DeviceError): boolean {
  return error.code === 'UNAUTHORIZED' || (error instanceof ProvisioningError && !error.isTransient);
}

function isWrongHub(error: DeviceError): boolean {
  return (
    error instanceof ConnectionError &&
    error.service === 'hub' &&
    (error.code === 'UNAUTHORIZED' || error.code === 'HOST_NOT_FOUND')
  );
}

function advice(error: DeviceError): string {
  const remedy = beyondTrying(error.remedy);
  if (!isRefusal(error))
    return `Connecting again by itself; nothing needs to be done unless it goes on. ${remedy}`.trimEnd();
  const next = 'The device registers again and then connects.';
  return remedy === '' ? next : `${next} If that does not help: ${remedy}`;
}

/** A remedy without the advice to try again, because the supervisor tries again by itself. */
function beyondTrying(remedy: string): string {
  return remedy.replace(/^Try again\b[^.]*\.\s*/, '').replace(/: try again\b[^.]*\./, '.');
}

function isSameAssignment(one: Registration, other: Registration): boolean {
  return one.assignedHub === other.assignedHub && one.deviceId === other.deviceId;
}
