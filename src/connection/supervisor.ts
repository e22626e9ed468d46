import { abortable } from '../deadline';
import { ConnectionError, ProvisioningError, type DeviceError } from '../errors';
import type { Registration } from '../registration';
import type { HubLink } from '../sdk/hub-link';
import { backOff, type BackOffOptions } from './back-off';
import type { NextState } from './state';

/** What the supervisor steers. */
export interface SupervisorParts {
  /** Registers with DPS. Rejects with a `DeviceError`, or with the signal's reason. */
  register(signal: AbortSignal): Promise<Registration>;
  /** Connects to the hub. Rejects with a `DeviceError`, or with the signal's reason. */
  connect(registration: Registration, signal: AbortSignal): Promise<HubLink>;
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
}

/** Connects, watches, connects again: the one writer of the connection's state. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #registration: Registration | undefined;
  /** The hub may have become the wrong one: ask DPS before the next attempt. */
  #mustRegister = true;
  #link: HubLink | undefined;
  #opened: Promise<void> | undefined;
  #watching: Promise<void> = Promise.resolve();
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
    await this.#watching;
    this.#finish(undefined);
  }

  async #start(): Promise<void> {
    const { signal } = this.#closing;
    try {
      signal.throwIfAborted();
      this.#parts.onState({ status: 'connecting' });
      const link = await this.#connect(signal, undefined);
      this.#watching = this.#watch(link, signal);
    } catch (error) {
      this.#finish(signal.aborted ? undefined : (error as DeviceError));
      throw error;
    }
  }

  /** Runs until the connection is closed or given up. Never rejects. */
  async #watch(first: HubLink, signal: AbortSignal): Promise<void> {
    let link: HubLink | undefined = first;
    let failures = 0;
    while (link) {
      const { milliseconds, error } = await this.#lossOf(link);
      if (signal.aborted) return;
      this.#parts.detach();
      this.#link = undefined;
      // Two processes with one identity throw each other out for ever: that must not go at full speed.
      failures = milliseconds >= this.#options.stableAfterMs ? 0 : failures + 1;
      link = await this.#reconnect(error, failures, signal);
    }
  }

  async #reconnect(first: DeviceError, failures: number, signal: AbortSignal): Promise<HubLink | undefined> {
    let error = first;
    let refusals = 0;
    for (let attempt = 1; ; attempt += 1) {
      if (isRefusal(error)) refusals += 1;
      if (refusals >= this.#options.maxRefusals) {
        this.#finish(error);
        return undefined;
      }
      // A hub that refuses or has no address is no longer this device's; neither, perhaps, is one that stays away.
      this.#mustRegister ||= isWrongHub(error) || attempt % this.#options.attemptsBeforeRegistering === 0;
      try {
        await this.#pause(error, attempt, failures, signal);
        return await this.#connect(signal, error);
      } catch (next) {
        if (signal.aborted) return undefined;
        error = next as DeviceError;
      }
    }
  }

  async #pause(error: DeviceError, attempt: number, failures: number, signal: AbortSignal): Promise<void> {
    const delay = backOff(attempt + failures, this.#options);
    const waiting = { status: 'reconnecting', error, attempt, advice: advice(error) } as const;
    this.#parts.onState({ ...waiting, nextAttemptAt: new Date(Date.now() + delay) });
    await sleep(delay, signal);
    this.#parts.onState(waiting);
  }

  async #connect(signal: AbortSignal, error: DeviceError | undefined): Promise<HubLink> {
    const registration = await this.#assignment(signal, error);
    const link = await this.#parts.connect(registration, signal);
    this.#link = link;
    try {
      await abortable(this.#parts.attach(link), signal);
    } catch (reason) {
      this.#parts.detach();
      this.#link = undefined;
      link.fail({ kind: 'closed' });
      throw signal.aborted ? reason : this.#parts.toError(reason, registration);
    }
    this.#parts.onState({ status: 'connected' });
    return link;
  }

  async #assignment(signal: AbortSignal, error: DeviceError | undefined): Promise<Registration> {
    const previous = this.#registration;
    if (previous && !this.#mustRegister) return previous;
    this.#parts.onState({ status: 'provisioning', ...(error && { error }) });
    const current = await this.#parts.register(signal);
    this.#registration = current;
    this.#mustRegister = false;
    if (previous) this.#parts.onReprovisioned(previous, current);
    return current;
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
  return isRefusal(error)
    ? `The device registers again and then connects. If that does not help: ${error.remedy}`
    : `Connecting again by itself; nothing needs to be done unless it goes on. ${error.remedy}`;
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await abortable(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}
