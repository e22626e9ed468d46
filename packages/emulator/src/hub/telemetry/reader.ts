import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import type { TelemetryMessage } from '../types';
import type { MqttConnection } from '../../devices/mqtt/service';
import type { TelemetryFilter, TelemetryReader } from './types';

/** Whom a message comes from, if that is still there. */
export type Source = Pick<MqttConnection, 'hold'>;

type Result = IteratorResult<TelemetryMessage, undefined>;

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/** What a reader is made of. */
export interface ReaderInit {
  readonly filter: TelemetryFilter;
  readonly maxBuffered: number;
  readonly buffered: readonly TelemetryMessage[];
  /** The reader takes no more messages. */
  readonly onEnded: () => void;
}

/** Whether the messages of the device or module are meant. */
export function matches(filter: TelemetryFilter, { deviceId, moduleId }: TelemetryFilter): boolean {
  return filter.deviceId === undefined || (filter.deviceId === deviceId && filter.moduleId === moduleId);
}

const DONE: Result = { done: true, value: undefined };

/** Messages that wait for somebody to read them. When they are too many, those who send more are held. */
export class BufferedReader implements TelemetryReader {
  readonly #init: ReaderInit;
  readonly #waiting: Waiting[] = [];
  #held = new Map<Source, () => void>();
  #buffer: TelemetryMessage[];
  /** Those in the buffer whose senders cannot be held: last wills. */
  readonly #wills = new Set<TelemetryMessage>();
  #isEnded = false;
  /** What the next call of `next` rejects with. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(init: ReaderInit) {
    this.#init = init;
    this.#buffer = [...init.buffered];
  }

  wants(identity: TelemetryFilter): boolean {
    return matches(this.#init.filter, identity);
  }

  /** Takes a message and, if there are enough of them, holds its sender. */
  push(message: TelemetryMessage, source: Source | undefined): void {
    if (this.#isEnded) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: message });
      return;
    }
    this.#buffer.push(message);
    if (source !== undefined) {
      this.holdIfFull(source);
      return;
    }
    this.#wills.add(message);
    const { maxBuffered } = this.#init;
    if (this.#wills.size <= maxBuffered) return;
    const text = `More than ${maxBuffered} last wills wait for the reader, and those they come from cannot be held up.`;
    this.fail(new EmulatorError(SERVICE_ERROR.maximumQueueDepthExceeded, text));
  }

  /** Reads nothing more from the sender until there is room. */
  holdIfFull(source: Source): void {
    const isFull = !this.#isEnded && this.#buffer.length >= this.#init.maxBuffered;
    if (isFull && !this.#held.has(source)) this.#held.set(source, source.hold());
  }

  /** The sender has gone. */
  forget(source: Source): void {
    this.#held.delete(source);
  }

  next(): Promise<Result> {
    const value = this.#buffer.shift();
    if (value !== undefined) {
      this.#wills.delete(value);
      if (this.#buffer.length <= this.#init.maxBuffered / 2) this.#release();
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== undefined) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason of a signal may be anything
      return Promise.reject(reason);
    }
    if (this.#isEnded) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** What waits, at least one message and up to so many that their bodies reach `maxBytes`; none at the end. */
  async nextBatch(maxBytes: number): Promise<readonly TelemetryMessage[]> {
    const batch: TelemetryMessage[] = [];
    let size = 0;
    do {
      const { value } = await this.next();
      if (value === undefined) break;
      batch.push(value);
      size += value.body.length;
    } while (this.#buffer.length > 0 && size < maxBytes);
    return batch;
  }

  return(): Promise<Result> {
    this.#buffer = [];
    this.#failure = undefined;
    this.end();
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes no more; what waits can still be read. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#release();
    this.#init.onEnded();
    for (const { resolve } of this.#waiting.splice(0)) resolve(DONE);
  }

  /** Ends at once; whoever reads learns why. */
  fail(reason: unknown): void {
    if (this.#isEnded) return;
    this.#buffer = [];
    const [first, ...others] = this.#waiting.splice(0);
    if (first === undefined) this.#failure = { reason };
    else first.reject(reason);
    for (const { resolve } of others) resolve(DONE);
    this.end();
  }

  #release(): void {
    const held = this.#held;
    if (held.size === 0) return;
    this.#held = new Map();
    for (const release of held.values()) release();
  }
}
