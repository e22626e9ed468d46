import { setTimeout } from 'node:timers/promises';
import type { TwinProperties } from 'azure-iot-device';
import { DeviceError, InvalidOptionsError, isObject } from 'azure-iot-certificates/internal';
import { TimeoutError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import { backOff } from '../network/back-off';
import { abortable, withDeadline } from '../network/deadline';
import { safely } from './callbacks';
import type { Features } from './features';
import { difference, merged, type JsonObject } from './merge-patch';

/** The time-out of one operation, waiting for a link included. The SDK has none. */
const OPERATION_TIMEOUT_MS = 30_000;
/** IoT Hub closes the connection on a larger message. */
const MAX_PATCH_BYTES = 256 * 1024;
/** The pause between two tries to read the twin. */
const CATCH_UP_DELAYS = { minDelayMs: 1_000, maxDelayMs: 60_000 };

/**
 * The desired properties that the device has received. A comparison with the twin shows the changes that it has missed.
 */
class DesiredProperties {
  #known: JsonObject | undefined;
  /** The highest version received on the present connection. Versions may start anew with a connection. */
  #heard: number | undefined;
  /** True if the whole section was read on the present connection, so that versions can be compared. */
  #isCurrent = false;

  /** True if the section was read before, on this connection or an earlier one. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** Another connection begins, perhaps to another hub. */
  begin(): void {
    this.#heard = undefined;
    this.#isCurrent = false;
  }

  /** Takes over the whole section of a twin that was read. */
  learn(document: JsonObject): void {
    this.#known = document;
    this.#isCurrent = true;
  }

  /**
   * Takes over a change. Returns `false` for a change that the twin as read included already. The hub may repeat such a
   * change.
   */
  apply(patch: JsonObject): boolean {
    const known = version(this.#known);
    const next = version(patch);
    if (this.#isCurrent && known !== undefined && next !== undefined && next <= known) return false;
    this.#heard = next ?? this.#heard;
    if (this.#known) this.#known = merged(this.#known, patch);
    return true;
  }

  /** Tells whether the section as read is older than a change received since, and must be read again. */
  isStale(document: JsonObject): boolean {
    return this.#heard !== undefined && (version(document) ?? 0) < this.#heard;
  }

  /**
   * Takes over the whole section of a twin that was read. Returns the change from the section known before: `undefined`
   * when nothing changed or nothing was known. Contents are compared, not versions.
   */
  catchUp(document: JsonObject): JsonObject | undefined {
    const before = this.#known;
    this.learn(document);
    if (!before) return undefined;
    const { $version: _before, ...old } = before;
    const { $version, ...now } = document;
    const change = difference(old, now);
    return change && { ...change, $version };
  }
}

/** One operation that has not settled. */
interface Operation {
  readonly controller: AbortController;
  readonly what: string;
  /** True if no earlier update is under way. */
  hasTurn: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The device twin, over links that come and go. Reading it and updating its reported properties each wait for a link,
 * have a deadline, are repeated on the next link when theirs breaks, and settle when the connection closes. One update is
 * under way at a time, and every operation waits for the updates that were called before it: a repeated update cannot
 * undo a later one.
 */
export class TwinOperations {
  readonly #features: Pick<Features, 'accepted' | 'refusal' | 'refused'>;
  readonly #onDesiredProperties: (patch: JsonObject) => void;
  readonly #desired = new DesiredProperties();
  readonly #pending = new Set<Operation>();
  readonly #waiting = new Set<(link: HubLink) => void>();
  /** Settles with the last update that was called, and those before it. Never rejects. */
  #updates: Promise<unknown> = Promise.resolve();
  #link: HubLink | undefined;
  #closed: DeviceError | undefined;

  /**
   * @param onDesiredProperties gets each change of the desired properties once, also one that was made between two
   * links
   */
  constructor(
    features: Pick<Features, 'accepted' | 'refusal' | 'refused'>,
    onDesiredProperties: (patch: JsonObject) => void,
  ) {
    this.#features = features;
    this.#onDesiredProperties = onDesiredProperties;
  }

  /** Gets the changes of a fresh link, which is not in use yet. */
  listen({ transport }: HubLink): void {
    this.#desired.begin();
    transport.on('twinDesiredPropertiesUpdate', (patch: JsonObject) => {
      if (this.#desired.apply(patch)) this.#onDesiredProperties(patch);
    });
  }

  /** Starts the waiting operations on this link, and from now on each operation at once. */
  start(link: HubLink): void {
    this.#link = link;
    for (const proceed of [...this.#waiting]) proceed(link);
    for (const operation of this.#pending) this.#time(operation);
  }

  /** The link is down: operations wait for the next one. */
  stop(): void {
    this.#link = undefined;
    for (const operation of this.#pending) this.#time(operation);
  }

  /** Settles everything with the error. */
  close(error: DeviceError): void {
    this.#closed = error;
    this.#link = undefined;
    for (const { controller } of [...this.#pending]) controller.abort(error);
  }

  /**
   * Reads the twin.
   *
   * @throws {@link ConnectionError}, {@link TimeoutError}
   */
  async read(): Promise<TwinProperties> {
    const twin = await this.#perform('The reading of the twin', (link) => link.readTwin());
    this.#desired.learn(twin.desired);
    return twin;
  }

  /**
   * Updates the reported properties.
   *
   * @throws {@link InvalidOptionsError}, {@link ConnectionError}, {@link TimeoutError}
   */
  async report(patch: unknown): Promise<void> {
    const copy = jsonObject(patch);
    const update = this.#perform('The update of the reported properties', (link) =>
      link.updateReported(copy),
    );
    // An update that fails early must not let the next one overtake those before it.
    this.#updates = Promise.allSettled([this.#updates, update]);
    await update;
  }

  /**
   * Reports what has changed in the desired properties while no link listened to them. Goes on until it has read the
   * twin or the link is over, and holds up nothing else: a hub may throttle twin reads. Never rejects.
   */
  async catchUp(link: HubLink): Promise<void> {
    if (!this.#desired.isKnown) return;
    const onTimeout = () => new Error('The twin was not read in time.');
    const limits = { timeoutMs: OPERATION_TIMEOUT_MS, signal: link.over, onTimeout };
    for (let attempt = 1; link.isOpen; attempt += 1) {
      const twin = await withDeadline(limits, () => this.#run(link, () => link.readTwin())).catch(
        () => undefined,
      );
      if (twin && !this.#desired.isStale(twin.desired)) {
        const change = this.#desired.catchUp(twin.desired);
        if (change) safely(() => this.#onDesiredProperties(change));
        return;
      }
      const delay = backOff(attempt, CATCH_UP_DELAYS);
      await setTimeout(delay, undefined, { signal: link.over }).catch(() => undefined);
    }
  }

  async #perform<T>(what: string, run: (link: HubLink) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#closed;
    const operation: Operation = {
      controller: new AbortController(),
      what,
      hasTurn: false,
      timer: undefined,
    };
    const { signal } = operation.controller;
    this.#pending.add(operation);
    this.#time(operation);
    try {
      await abortable(this.#updates, signal);
      operation.hasTurn = true;
      this.#time(operation);
      for (;;) {
        const link = await this.#nextLink(signal);
        try {
          return await abortable(
            this.#run(link, () => run(link)),
            signal,
          );
        } catch (error) {
          if (signal.aborted) throw error;
          if (link.isOpen) throw link.explain(error);
        }
      }
    } finally {
      clearTimeout(operation.timer);
      this.#pending.delete(operation);
    }
  }

  /** Runs an operation on a link, unless the hub refuses twin operations. */
  async #run<T>(link: HubLink, run: () => Promise<T>): Promise<T> {
    const refusal = this.#features.refusal('twin');
    if (refusal) throw refusal;
    try {
      const result = await abortable(run(), link.over);
      this.#features.accepted('twin');
      return result;
    } catch (error) {
      if (!link.isOpen) throw error;
      if (!(error instanceof DeviceError)) throw this.#features.refused('twin', link.explain(error));
      this.#features.accepted('twin');
      throw error;
    }
  }

  /**
   * Starts or stops the clock of an operation. It runs while there is no link, and when it is the operation's turn: an
   * operation must not fail because those before it take their time.
   */
  #time(operation: Operation): void {
    if (operation.hasTurn || !this.#link) {
      operation.timer ??= globalThis.setTimeout(
        () => operation.controller.abort(timeout(operation.what)),
        OPERATION_TIMEOUT_MS,
      );
    } else {
      clearTimeout(operation.timer);
      operation.timer = undefined;
    }
  }

  async #nextLink(signal: AbortSignal): Promise<HubLink> {
    if (this.#link?.isOpen) return this.#link;
    let proceed: ((link: HubLink) => void) | undefined;
    const next = new Promise<HubLink>((resolve) => {
      proceed = resolve;
      this.#waiting.add(resolve);
    });
    try {
      return await abortable(next, signal);
    } finally {
      if (proceed) this.#waiting.delete(proceed);
    }
  }
}

/**
 * A copy of reported properties, as JSON has them. The SDK makes the JSON in a tick of its own, where an exception would
 * end the process.
 *
 * @throws {@link InvalidOptionsError}
 */
function jsonObject(patch: unknown): JsonObject {
  let json: unknown;
  try {
    json = JSON.stringify(patch);
  } catch (error) {
    throw invalid(`cannot be written as JSON: ${String(error)}.`, 'Report values that JSON has.');
  }
  // JSON has no functions and no undefined.
  const copy: unknown = typeof json === 'string' ? JSON.parse(json) : undefined;
  if (!isObject(copy))
    throw invalid('must be a JSON object.', 'Give an object such as { temperature: 21.5 }.');
  if (Buffer.byteLength(String(json)) > MAX_PATCH_BYTES) {
    throw invalid('is larger than 256 KB.', 'Report less: a hub keeps up to 32 KB of reported properties.');
  }
  return copy;
}

function invalid(message: string, remedy: string): InvalidOptionsError {
  return new InvalidOptionsError([{ option: 'patch', message, remedy }]);
}

function timeout(what: string): TimeoutError {
  return new TimeoutError({
    service: 'hub',
    message: `${what} was not done in time.`,
    remedy: 'Try again when the connection is up.',
  });
}

function version(object: JsonObject | undefined): number | undefined {
  const value = object?.['$version'];
  return typeof value === 'number' ? value : undefined;
}
