import { setTimeout } from 'node:timers/promises';
import type { TwinProperties } from 'azure-iot-device';
import { isObject } from 'azure-iot-certificates/internal';
import type { DeviceError } from 'azure-iot-certificates';
import { TimeoutError } from '../errors/errors';
import type { HubLink } from '../hub/link';
import { backOff } from '../network/back-off';
import { abortable, withDeadline } from '../network/deadline';
import { promised, safely } from './callbacks';

/** The time-out of one operation, waiting for a link included. The SDK has none. */
const OPERATION_TIMEOUT_MS = 30_000;
/** The pause between two tries to read the twin. */
const CATCH_UP_DELAYS = { minDelayMs: 1_000, maxDelayMs: 60_000 };

/** A JSON object of the twin. */
type JsonObject = Record<string, unknown>;

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

/**
 * The device twin, over links that come and go. Reading it and updating its reported properties each wait for a link,
 * have a deadline, are repeated on the next link when theirs breaks, and settle when the connection closes.
 */
export class TwinOperations {
  readonly #onDesiredProperties: (patch: JsonObject) => void;
  readonly #desired = new DesiredProperties();
  readonly #pending = new Set<AbortController>();
  readonly #waiting = new Set<(link: HubLink) => void>();
  #link: HubLink | undefined;
  #closed: DeviceError | undefined;

  /**
   * @param onDesiredProperties gets each change of the desired properties once, also one that was made between two
   * links
   */
  constructor(onDesiredProperties: (patch: JsonObject) => void) {
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
  }

  /** The link is down: operations wait for the next one. */
  stop(): void {
    this.#link = undefined;
  }

  /** Settles everything with the error. */
  close(error: DeviceError): void {
    this.#closed = error;
    this.#link = undefined;
    for (const controller of [...this.#pending]) controller.abort(error);
  }

  /** Reads the twin. */
  async read(): Promise<TwinProperties> {
    const twin = await this.#perform('The reading of the twin', readTwin);
    this.#desired.learn(twin.desired);
    return twin;
  }

  /** Updates the reported properties. */
  async report(patch: unknown): Promise<void> {
    // The SDK does this in a tick of its own, where an exception would end the process.
    JSON.stringify(patch);
    await this.#perform('The update of the reported properties', ({ transport }) =>
      promised((done) => transport.updateTwinReportedProperties(patch, done)),
    );
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
      const twin = await withDeadline(limits, () => readTwin(link)).catch(() => undefined);
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
    const controller = new AbortController();
    const { signal } = controller;
    this.#pending.add(controller);
    const timer = globalThis.setTimeout(() => controller.abort(timeout(what)), OPERATION_TIMEOUT_MS);
    try {
      for (;;) {
        const link = await this.#nextLink(signal);
        try {
          return await abortable(abortable(run(link), link.over), signal);
        } catch (error) {
          if (signal.aborted || link.isOpen) throw error;
        }
      }
    } finally {
      clearTimeout(timer);
      this.#pending.delete(controller);
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

function readTwin({ transport }: HubLink): Promise<TwinProperties> {
  return promised((done) => transport.getTwin(done));
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

/** The JSON merge patch (RFC 7396) from one object to another, or `undefined` if the objects are the same. */
function difference(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const old = new Map(Object.entries(before));
  const patch = new Map<string, unknown>();
  for (const [key, value] of Object.entries(after)) {
    const previous = old.get(key);
    old.delete(key);
    if (isObject(previous) && isObject(value)) {
      const inner = difference(previous, value);
      if (inner) patch.set(key, inner);
    } else if (JSON.stringify(previous) !== JSON.stringify(value)) {
      patch.set(key, value);
    }
  }
  for (const key of old.keys()) patch.set(key, null);
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

/** The result of a JSON merge patch (RFC 7396). Maps, because a key may be called `__proto__`. */
function merged(target: JsonObject, patch: JsonObject): JsonObject {
  const result = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (isObject(value)) {
      const inner = result.get(key);
      result.set(key, merged(isObject(inner) ? inner : {}, value));
    } else result.set(key, value);
  }
  return Object.fromEntries(result);
}
