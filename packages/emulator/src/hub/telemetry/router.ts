import type { FileError } from 'azure-iot-certificates';
import { invalidArgument } from '../../protocol/errors';
import type { TelemetryMessage } from '../types';
import { FileWriter } from './file-writer';
import { BufferedReader, matches, type Source } from './reader';
import type { ReadTelemetryOptions, TelemetryFile, TelemetryFilter, TelemetryReader } from './types';

const DEFAULT_MAX_BUFFERED = 1000;

/** What a router knows of its hub. */
export interface TelemetryRouterInit {
  /** The messages that the hub remembers, oldest first. */
  readonly remembered: () => readonly TelemetryMessage[];
  readonly onFileFailed: (error: FileError) => void;
}

/** Leads the telemetry of a hub to those who want it, no faster than they take it. */
export class TelemetryRouter {
  readonly #init: TelemetryRouterInit;
  readonly #readers = new Set<BufferedReader>();
  readonly #files = new Set<FileWriter>();
  #isClosed = false;

  constructor(init: TelemetryRouterInit) {
    this.#init = init;
  }

  /** A message has come; `source` is its sender's connection, absent for a last will. */
  push(message: TelemetryMessage, source: Source | undefined): void {
    for (const reader of this.#readers) {
      if (reader.wants(message)) reader.push(message, source);
    }
  }

  /** Somebody has connected, who may have to wait before anything is read from him. */
  connected(identity: TelemetryFilter, source: Source): void {
    for (const reader of this.#readers) {
      if (reader.wants(identity)) reader.holdIfFull(source);
    }
  }

  disconnected(source: Source): void {
    for (const reader of this.#readers) reader.forget(source);
  }

  read(options: ReadTelemetryOptions): TelemetryReader {
    return this.#read(options);
  }

  async writeTo(path: string, filter: TelemetryFilter): Promise<TelemetryFile> {
    const { deviceId, moduleId } = filter;
    const reader = this.#read({
      ...(deviceId !== undefined && { deviceId }),
      ...(moduleId !== undefined && { moduleId }),
    });
    return FileWriter.open({ path, reader, open: this.#files, onFailed: this.#init.onFileFailed });
  }

  /** Lets everybody go, after the files are written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.end();
    // Whoever wanted to know about a failure has been told.
    await Promise.allSettled([...this.#files].map((file) => file.close()));
  }

  #read(options: ReadTelemetryOptions): BufferedReader {
    const { deviceId, moduleId, signal, fromStart = false, maxBuffered = DEFAULT_MAX_BUFFERED } = options;
    if (!Number.isSafeInteger(maxBuffered) || maxBuffered < 1) {
      throw invalidArgument('maxBuffered must be a whole number from 1');
    }
    if (moduleId !== undefined && deviceId === undefined) throw invalidArgument('moduleId needs a deviceId');
    const filter: TelemetryFilter = {
      ...(deviceId !== undefined && { deviceId }),
      ...(moduleId !== undefined && { moduleId }),
    };
    const onAbort = (): void => reader.fail(signal?.reason);
    const reader = new BufferedReader({
      filter,
      maxBuffered,
      buffered: fromStart ? this.#init.remembered().filter((message) => matches(filter, message)) : [],
      onEnded: () => {
        signal?.removeEventListener('abort', onAbort);
        this.#readers.delete(reader);
      },
    });
    this.#readers.add(reader);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    if (this.#isClosed) reader.end();
    return reader;
  }
}
