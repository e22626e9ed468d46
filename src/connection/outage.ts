import type { DeviceError } from 'azure-iot-certificates';
import { ProvisioningError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import { backOff, type BackOffOptions } from '../network/back-off';
import { abortable } from '../network/deadline';
import type { ConnectionStatus, NextState } from './state';

/** The pace of the attempts, and when they end. All values are in milliseconds. */
export interface OutageOptions extends BackOffOptions {
  /** The largest bound of a delay while DPS refuses the device. */
  maxRefusedDelayMs: number;
  /** The time without a connection after which the connection is given up. */
  giveUpAfterMs: number;
  /** The time from the first of successive refusals after which the connection is given up. */
  giveUpAfterRefusedMs: number;
}

/** What an outage begins with. */
export interface OutageInit {
  /** `connecting`: there was no connection yet. */
  readonly status: 'connecting' | 'reconnecting';
  /** The number of the last attempt: 1 after a failed first connection, 0 after a lost one. */
  readonly attempt: number;
  /** The number of connections in a row that were lost soon after they had been made. */
  readonly shortConnections: number;
  /** Called once, with the last error, when the time to give up has come. */
  readonly onGiveUp: (error: DeviceError) => void;
}

/**
 * What a failed attempt says about the device. `open`: it was refused with new credentials, which neither begins nor ends
 * a row of refusals.
 */
export type Verdict = 'refused' | 'not refused' | 'open';

/** The time between two connections, or before the first one: its failed attempts, its pauses, and its limits. */
export class Outage {
  readonly #options: OutageOptions;
  readonly #init: OutageInit;
  readonly #since = performance.now();
  #attempt: number;
  /** The number of doublings of the bound of the delay, and one. */
  #step: number;
  #error: DeviceError | undefined;
  /** The first of the present row of refusals, by the wall clock and by the monotonic one. */
  #refused: { readonly at: Date; readonly since: number } | undefined;
  #limit: NodeJS.Timeout | undefined;
  /** True if the next pause is left out. */
  #isHurried = false;
  /** Ends the present pause. */
  #wake: () => void = () => undefined;

  constructor(options: OutageOptions, init: OutageInit) {
    this.#options = options;
    this.#init = init;
    this.#attempt = init.attempt;
    this.#step = init.shortConnections;
  }

  /** The number of the attempt that comes next or is under way. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The error of the last attempt, or of the lost connection before the first one. */
  get error(): DeviceError | undefined {
    return this.#error;
  }

  /**
   * An attempt has failed, or the connection was lost. Gives up at once if the time has come.
   *
   * @param verdict whether the attempt belongs to a row of refusals
   */
  failed(error: DeviceError, verdict: Verdict): void {
    this.#error = error;
    this.#attempt += 1;
    this.#step = Math.min(this.#step, this.#stepsTo(this.#maxDelayMs) - 1) + 1;
    if (verdict === 'not refused') this.#refused = undefined;
    if (verdict === 'refused') this.#refused ??= { at: new Date(), since: performance.now() };
    this.#setLimit(error);
  }

  /**
   * Waits before the next attempt, and shows it. Rejects with `signal.reason`.
   *
   * @param areFilesWatched changed files of the credentials end the pause
   */
  async pause(
    status: Pick<ConnectionStatus, 'set'>,
    areFilesWatched: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { minDelayMs } = this.#options;
    const delay = this.#isHurried ? 0 : backOff(this.#step, { minDelayMs, maxDelayMs: this.#maxDelayMs });
    status.set(this.#state(new Date(Date.now() + delay), areFilesWatched));
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, delay);
    });
    try {
      await abortable(over, signal);
    } finally {
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    this.#isHurried = false;
    status.set(this.#state(undefined, areFilesWatched));
  }

  /** Ends the present pause, or leaves out the next one if an attempt is under way. */
  hurry(): void {
    this.#isHurried = true;
    this.#wake();
  }

  #state(nextAttemptAt: Date | undefined, areFilesWatched: boolean): NextState {
    const error = this.#error;
    if (!error) return { status: 'connecting' };
    return {
      status: this.#init.status,
      error,
      attempt: this.#attempt,
      advice: advice(error, nextAttemptAt, areFilesWatched),
      ...(this.#refused && { refusedSince: this.#refused.at }),
      ...(nextAttemptAt && { nextAttemptAt }),
    };
  }

  /** There is a connection, or there will be none. */
  end(): void {
    clearTimeout(this.#limit);
  }

  /** DPS refuses a device until somebody changes the enrollment. A hub may refuse it only because it was moved. */
  get #maxDelayMs(): number {
    const { maxDelayMs, maxRefusedDelayMs } = this.#options;
    const error = this.#error;
    return error && isRefusal(error) && error.service === 'dps' ? maxRefusedDelayMs : maxDelayMs;
  }

  /** The number of steps after which the bound of the delay has reached `maxDelayMs`. */
  #stepsTo(maxDelayMs: number): number {
    const { minDelayMs } = this.#options;
    return minDelayMs > 0 && maxDelayMs > minDelayMs ? Math.ceil(Math.log2(maxDelayMs / minDelayMs)) + 1 : 1;
  }

  #setLimit(error: DeviceError): void {
    clearTimeout(this.#limit);
    const { giveUpAfterMs, giveUpAfterRefusedMs } = this.#options;
    const end = Math.min(
      this.#since + giveUpAfterMs,
      this.#refused ? this.#refused.since + giveUpAfterRefusedMs : Infinity,
    );
    if (end === Infinity) return;
    const left = end - performance.now();
    // Also while a pause or an attempt is under way.
    if (left > 0) this.#limit = setTimeout(this.#init.onGiveUp, left, error);
    else this.#init.onGiveUp(error);
  }
}

/** Waits for the end of a link. Returns why it ended, and how long it lived. */
export async function lossOf(link: HubLink): Promise<{ milliseconds: number; error: DeviceError }> {
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

/** A service refused the device, as opposed to not answering. */
export function isRefusal(error: DeviceError): boolean {
  return error.code === 'UNAUTHORIZED' || (error instanceof ProvisioningError && !error.isTransient);
}

function advice(error: DeviceError, nextAttemptAt: Date | undefined, areFilesWatched: boolean): string {
  const remedy = beyondTrying(error.remedy);
  if (!isRefusal(error))
    return `Connecting again by itself; nothing needs to be done unless it goes on. ${remedy}`.trimEnd();
  const sentences = [
    `The device registers again${nextAttemptAt ? ` at ${nextAttemptAt.toISOString()}` : ''} and then connects.`,
    areFilesWatched && 'Changed files of its certificate or key are used within a minute.',
    remedy !== '' && `If that does not help: ${remedy}`,
  ];
  return sentences.filter(Boolean).join(' ');
}

/** A remedy without the advice to try again, because the supervisor tries again by itself. */
function beyondTrying(remedy: string): string {
  return remedy.replace(/^Try again\b[^.]*\.\s*/, '').replace(/: try again\b[^.]*\./, '.');
}
