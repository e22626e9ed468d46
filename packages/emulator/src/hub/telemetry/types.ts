import type { TelemetryMessage } from '../types';

/** Whose messages are meant. Default: those of all devices and modules of the hub. */
export interface TelemetryFilter {
  /** Without `moduleId`, the device itself and not its modules. */
  deviceId?: string;
  moduleId?: string;
}

/** What {@link HubEmulator.readTelemetry} takes. */
export interface ReadTelemetryOptions extends TelemetryFilter {
  /** Ends the reading: it rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Begin with the messages that `receivedTelemetry()` still has. Default: with the next one that comes. */
  fromStart?: boolean;
  /**
   * How many messages may wait for the reader, from 1. When so many do, the hub takes one more from each of the devices whose
   * messages it wants, and then reads nothing from them until half of what may wait is left. Default 1000.
   */
  maxBuffered?: number;
}

/** Messages as they come. Must be iterated, returned from or disposed of: what waits for it holds up devices. */
export interface TelemetryReader extends AsyncIterable<TelemetryMessage>, AsyncDisposable {
  next(): Promise<IteratorResult<TelemetryMessage, undefined>>;
  return(): Promise<IteratorResult<TelemetryMessage, undefined>>;
  [Symbol.asyncIterator](): TelemetryReader;
}

/** A file to which telemetry is being written. */
export interface TelemetryFile extends AsyncDisposable {
  readonly path: string;
  /**
   * Writes what has come until now, and closes the file. Idempotent. Rejects with the `FileError` that ended the
   * writing, if one did.
   */
  close(): Promise<void>;
}
