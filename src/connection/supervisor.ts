import { abortable } from '../network/deadline';
import { ConnectionError, ProvisioningError } from '../errors';
import { type DeviceError } from 'azure-iot-certificates';
import type { Registration } from '../options/registration';
import type { HubLink } from '../hub/link';
import { backOff, type BackOffOptions } from '../network/back-off';
import type { NextState } from './state';

/** One identity's way to its hub. Both reject with a `DeviceError`, or with the signal's reason. */
export interface Route {
  /** Registers with DPS. */
  register(signal: AbortSignal): Promise<Registration>;
  /** Connects to the hub. */
  connect(registration: Registration, signal: AbortSignal): Promise<HubLink>;
}

/** What the supervisor steers. */
export interface SupervisorParts {
  /** With the credentials that are in use. */
  readonly route: Route;
  /** The assignment that was remembered from an earlier run. Never rejects. */
  recall(signal: AbortSignal): Promise<Registration | undefined>;
  /** Keeps an assignment for the next run. Never rejects. */
  remember(registration: Registration, signal: AbortSignal): Promise<void>;
  /** Looks whether the credentials have changed; answers whether they have. Never rejects. */
  refreshCredentials(): Promise<boolean>;
  /** Gives up credentials that files brought and nobody accepted yet; answers whether there were any. */
  rejectCredentials(error: DeviceError): boolean;
  /** Takes the link into use; rejects when it breaks meanwhile. */
  attach(link: HubLink): Promise<void>;
  /** The link is gone. */
  detach(): void;
  /** Names the reason for which a link to this hub ended. */
  toError(reason: unknown, registration: Registration): DeviceError;
  /** Is told each change. */
  onState(state: NextState): void;
  /** The device was registered again. */
  onReprovisioned(previous: Registration, current: Registration): void;
  /** The error for what was still going on when the owner closed the connection. */
  closed(): DeviceError;
  /** There will be no further link; `error` says why it was given up, if it was. Called once. */
  finish(error: DeviceError | undefined): void;
}

export interface SupervisorOptions extends BackOffOptions {
  /** How many attempts at the same hub fail before DPS is asked again. */
  attemptsBeforeRegistering: number;
  /** How many refusals in a row, by hub or DPS, end the connection for good. */
  maxRefusals: number;
  /** A connection that lived shorter, in milliseconds, counts as one more failed attempt. */
  stableAfterMs: number;
  /** How long to go on without success, in milliseconds. */
  giveUpAfterMs: number;
}

/** Connects, watches, connects again: the one writer of the connection's state. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #registration: Registration | undefined;
  /** The hub may have become the wrong one: ask DPS before the next attempt. */
  #mustRegister = true;
  /** Whether the assignment of the present attempt was made in it. */
  #isFresh = false;
  #link: HubLink | undefined;
  #opened: Promise<void> | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** The last of the renewals that wait for each other; never rejects. */
  #renewing: Promise<unknown> = Promise.resolve();
  /** The connection that is to replace the present one is being made; never rejects. */
  #switching: Promise<unknown> = Promise.resolve();
  /** Counts the assignments, so that a connection made for an earlier one can be told. */
  #generation = 0;
  /** Ends the present pause between two attempts. */
  #hurry: () => void = () => undefined;
  #finished = false;

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** The hub and the device ID, once DPS has told them. */
  get registration(): Registration | undefined {
    return this.#registration;
  }

  /**
   * Connects for the first time; calling it again waits for the same attempt. The first attempt is not repeated: its
   * caller decides, and sees why it failed.
   */
  open(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason as DeviceError);
    this.#opened ??= this.#start();
    return this.#opened;
  }

  /** Ends everything. Always settles, and may be called at any moment and again. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(this.#parts.closed());
      this.#parts.detach();
      await this.#link?.close();
    }
    await this.#opened?.catch(() => undefined);
    await this.#renewing;
    await this.#watching;
    this.#finish(undefined);
  }

  /**
   * Registers along another route (with other credentials), connects, and moves over to the new connection; until then,
   * and if anything fails, the present one stays. Without a connection it is the next attempt that takes the new route.
   *
   * @param commit makes the new route the one in use
   * @param mustReconnect whether to connect anew even if hub and device are the same as before
   */
  async renew(route: Route, commit: () => void, mustReconnect: boolean): Promise<Registration> {
    const renewal = this.#renewing.then(() => this.#renew(route, commit, mustReconnect));
    this.#renewing = renewal.catch(() => undefined);
    return await renewal;
  }

  async #renew(route: Route, commit: () => void, mustReconnect: boolean): Promise<Registration> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const current = await route.register(signal);
    const previous = this.#registration;
    const old = this.#link;
    const adopt = () => {
      commit();
      this.#adopt(current);
    };
    if (!old?.isOpen) {
      adopt();
      this.#hurry();
    } else if (mustReconnect || !previous || !isSameAssignment(previous, current)) {
      const switching = route.connect(current, signal).then((link) => {
        adopt();
        this.#parts.detach();
        this.#link = link;
        return link;
      });
      this.#switching = switching.catch(() => undefined);
      const link = await switching;
      // If it breaks at once, it is connected again like any other.
      await this.#attach(link, signal, current).catch(() => undefined);
      await old.close();
    } else {
      adopt();
    }
    await this.#parts.remember(current, signal);
    return current;
  }

  async #start(): Promise<void> {
    const { signal } = this.#closing;
    try {
      signal.throwIfAborted();
      this.#parts.onState({ status: 'connecting' });
      this.#registration = await this.#parts.recall(signal);
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
      // What was remembered may be out of date: DPS knows.
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
      // The hub ends a connection when it accepts the one that is to replace it.
      await this.#switching;
      if (signal.aborted) return;
      if (this.#link !== link) {
        link = this.#link;
        continue;
      }
      this.#parts.detach();
      this.#link = undefined;
      // Two processes with one identity throw each other out for ever: that must not go at full speed.
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
      // A hub that refuses or has no address is no longer this device's; neither, perhaps, is one that stays away.
      this.#mustRegister ||= isWrongHub(error) || attempt % this.#options.attemptsBeforeRegistering === 0;
      try {
        await this.#pause(error, attempt, failures, signal);
        if (await this.#parts.refreshCredentials()) this.#mustRegister = true;
        return await this.#connect(signal, error);
      } catch (next) {
        if (signal.aborted) return undefined;
        error = next as DeviceError;
        // A renewed certificate that is not enrolled yet: the old one may still do.
        const wereNew = isRefusal(error) && this.#parts.rejectCredentials(error);
        this.#mustRegister ||= wereNew;
        refusals = this.#isFinal(error) && !wereNew ? refusals + 1 : 0;
      }
    }
  }

  async #pause(error: DeviceError, attempt: number, failures: number, signal: AbortSignal): Promise<void> {
    const delay = backOff(attempt + failures, this.#options);
    const waiting = { status: 'reconnecting', error, attempt, advice: advice(error) } as const;
    this.#parts.onState({ ...waiting, nextAttemptAt: new Date(Date.now() + delay) });
    await this.#sleep(delay, signal);
    this.#parts.onState(waiting);
  }

  async #connect(signal: AbortSignal, error: DeviceError | undefined): Promise<HubLink> {
    const registration = await this.#assignment(signal, error);
    const generation = this.#generation;
    const link = await this.#parts.route.connect(registration, signal);
    if (generation !== this.#generation) {
      // Other credentials have come into use meanwhile.
      link.fail({ kind: 'closed' });
      return await this.#connect(signal, error);
    }
    this.#link = link;
    try {
      await this.#attach(link, signal, registration);
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

  async #attach(link: HubLink, signal: AbortSignal, registration: Registration): Promise<void> {
    try {
      await abortable(this.#parts.attach(link), signal);
    } catch (reason) {
      if (this.#link === link) this.#parts.detach();
      link.fail({ kind: 'closed' });
      throw signal.aborted ? reason : this.#parts.toError(reason, registration);
    }
    this.#parts.onState({ status: 'connected' });
  }

  async #assignment(signal: AbortSignal, error: DeviceError | undefined): Promise<Registration> {
    const previous = this.#registration;
    this.#isFresh = false;
    if (previous && !this.#mustRegister) return previous;
    this.#parts.onState({ status: 'provisioning', ...(error && { error }) });
    let current: Registration;
    try {
      current = await this.#parts.route.register(signal);
    } catch (reason) {
      if (!previous || signal.aborted || isRefusal(reason as DeviceError)) throw reason;
      // DPS cannot be asked at present; the hub may be back all the same.
      this.#mustRegister = false;
      return previous;
    }
    this.#adopt(current);
    this.#isFresh = true;
    await this.#parts.remember(current, signal);
    return current;
  }

  #adopt(current: Registration): void {
    const previous = this.#registration;
    this.#registration = current;
    this.#mustRegister = false;
    this.#generation += 1;
    if (previous) this.#parts.onReprovisioned(previous, current);
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

  /** Waits for the end of a link; answers why it ended, and how long it lived. */
  async #lossOf(link: HubLink): Promise<{ milliseconds: number; error: DeviceError }> {
    const registration = this.#registration;
    if (!registration) throw new Error('A link without a registration.');
    // Not the wall clock, which may jump.
    const since = performance.now();
    if (link.isOpen) {
      await new Promise<void>((resolve) => {
        link.over.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return {
      milliseconds: performance.now() - since,
      error: this.#parts.toError(link.over.reason, registration),
    };
  }

  /** Whether somebody who knows said no: DPS, or a hub that DPS has named just now. */
  #isFinal(error: DeviceError): boolean {
    return isRefusal(error) && (error.service === 'dps' || this.#isFresh);
  }

  #present(): HubLink | undefined {
    return this.#link;
  }

  #finish(error: DeviceError | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#closing.abort(error ?? this.#parts.closed());
    this.#parts.finish(error);
  }
}

/** Whether somebody said no, as opposed to nobody answering. */
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

/** A remedy without its advice to try again, which happens by itself here. */
function beyondTrying(remedy: string): string {
  return remedy.replace(/^Try again\b[^.]*\.\s*/, '').replace(/: try again\b[^.]*\./, '.');
}

function isSameAssignment(one: Registration, other: Registration): boolean {
  return one.assignedHub === other.assignedHub && one.deviceId === other.deviceId;
}
