/** Whose messages are meant. Default: those of all devices and modules of the hub. */
export interface TelemetryFilter {
  /** Without `moduleId`, the device itself and not its modules. */
  deviceId?: string;
  moduleId?: string;
}

/** A file to which telemetry is being written. */
export interface TelemetryFile extends AsyncDisposable {
  readonly path: string;
  /**
   * Writes the messages that have come until now, and closes the file. Idempotent. Rejects with the `FileError` that ended
   * the writing, if one did.
   */
  close(): Promise<void>;
}
