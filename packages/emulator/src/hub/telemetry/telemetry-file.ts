import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { types } from 'node:util';
import { FileError } from 'azure-iot-certificates';
import { invalidArgument } from '../../protocol/errors';
import type { TelemetryMessage } from '../messages/types';
import { toJsonLine } from './json-lines';
import type { TelemetryFile, TelemetryFilter } from './types';

function toFileError(path: string, cause: unknown): FileError {
  const reason = types.isNativeError(cause) ? cause.message : String(cause);
  return new FileError({
    code: 'FILE_NOT_WRITABLE',
    path,
    message: `Telemetry cannot be written to ${path}: ${reason}.`,
    remedy: 'Check that the folder exists, that this user may write there, and that the disk is not full.',
    cause,
  });
}

/** Tells whether the file ends in the middle of a line, as it does after a crash. */
async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString() !== '\n';
}

/** Appends messages to a file, one line each. Messages that come during a write are written with the next one. */
export class TelemetryFileWriter implements TelemetryFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #filter: TelemetryFilter;
  readonly #onEnded: (writer: TelemetryFileWriter, error: FileError | undefined) => void;
  #waiting: TelemetryMessage[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #failure: FileError | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    filter: TelemetryFilter,
    onEnded: (writer: TelemetryFileWriter, error: FileError | undefined) => void,
  ) {
    this.path = path;
    this.#file = file;
    this.#filter = filter;
    this.#onEnded = onEnded;
  }

  /**
   * Opens the file. `onEnded` is called once, when the file has been closed or could not be written.
   *
   * @throws EmulatorError 400004 for a filter with `moduleId` alone, FileError when the file cannot be opened.
   */
  static async open(
    path: string,
    { deviceId, moduleId }: TelemetryFilter,
    onEnded: (writer: TelemetryFileWriter, error: FileError | undefined) => void,
  ): Promise<TelemetryFileWriter> {
    if (moduleId !== undefined && deviceId === undefined) throw invalidArgument('moduleId needs a deviceId');
    const filter = {
      ...(deviceId !== undefined && { deviceId }),
      ...(moduleId !== undefined && { moduleId }),
    };
    const absolute = resolve(path);
    let file: FileHandle | undefined;
    try {
      file = await open(absolute, 'a+');
      if (await endsWithinLine(file)) await file.appendFile('\n');
      return new TelemetryFileWriter(absolute, file, filter, onEnded);
    } catch (error) {
      await file?.close();
      throw toFileError(absolute, error);
    }
  }

  /** Writes a message, if it matches the filter. */
  write(message: TelemetryMessage): void {
    const { deviceId, moduleId } = this.#filter;
    if (deviceId !== undefined && (message.deviceId !== deviceId || message.moduleId !== moduleId)) return;
    if (this.#closing !== undefined || this.#failure !== undefined) return;
    this.#waiting.push(message);
    this.#writing ??= this.#writeAll();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    await this.#file.close();
    this.#onEnded(this, undefined);
  }

  /** Never rejects: a failure ends the writing, and `close` rejects with it. */
  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // One write, so that another writer to the same file cannot write within a line.
        await this.#file.appendFile(this.#waiting.splice(0).map(toJsonLine).join(''));
      }
    } catch (error) {
      this.#failure = toFileError(this.path, error);
      this.#waiting = [];
      // A file that could not be written may also fail to close. No data is lost by that.
      await this.#file.close().catch(() => undefined);
      this.#onEnded(this, this.#failure);
    }
    this.#writing = undefined;
  }
}
