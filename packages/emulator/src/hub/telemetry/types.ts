/** The filter for messages. Default: the messages of all devices and modules of the hub. */
export interface TelemetryFilter {
  /** The device. Without `moduleId`, the device itself and not its modules. */
  deviceId?: string;
  moduleId?: string;
}

/** A file to which telemetry is being written. */
export interface TelemetryFile extends AsyncDisposable {
  readonly path: string;
  /**
   * Writes the messages received so far, and closes the file. Idempotent. Rejects with the `FileError` that ended the
   * writing, if there was one.
   */
  close(): Promise<void>;
}
