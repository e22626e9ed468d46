import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { types } from 'node:util';
import { FileError } from 'azure-iot-certificates';
import { toJsonLine } from './json-lines';
import type { BufferedReader } from './reader';
import type { TelemetryFile } from './types';

/** What is written at once, roughly, in bytes. */
const BATCH_BYTES = 1024 * 1024;

/** What a writer is made of. */
export interface FileWriterInit {
  readonly path: string;
  readonly reader: BufferedReader;
  /** The writers that are not closed, to which this one belongs from its opening to its end. */
  readonly open: Set<FileWriter>;
  readonly onFailed: (error: FileError) => void;
}

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

/** Whether the file ends in the middle of a line, as it does after a crash. */
async function endsWithinLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString() !== '\n';
}

/** Appends messages to a file, one line each. */
export class FileWriter implements TelemetryFile {
  readonly path: string;
  readonly #init: FileWriterInit;
  readonly #file: FileHandle;
  readonly #finished: Promise<void>;

  private constructor(init: FileWriterInit, file: FileHandle) {
    this.path = init.path;
    this.#init = init;
    this.#file = file;
    init.open.add(this);
    this.#finished = this.#run();
    // Told by the event as well; nobody has to close a file that is closed already.
    this.#finished.catch(() => undefined);
  }

  /** Rejects with a FileError when the file cannot be opened. */
  static async open(init: FileWriterInit): Promise<FileWriter> {
    const { reader } = init;
    const path = resolve(init.path);
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'a+');
      if (await endsWithinLine(file)) await file.appendFile('\n');
      return new FileWriter({ ...init, path }, file);
    } catch (error) {
      await reader.return();
      await file?.close();
      throw toFileError(path, error);
    }
  }

  async close(): Promise<void> {
    this.#init.reader.end();
    await this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { path, reader, onFailed } = this.#init;
    try {
      await this.#writeAll();
    } catch (error) {
      const failure = toFileError(path, error);
      onFailed(failure);
      throw failure;
    } finally {
      await reader.return();
      // A file that could not be written may not be closable either, and there is nothing left to lose.
      await this.#file.close().catch(() => undefined);
      this.#init.open.delete(this);
    }
  }

  async #writeAll(): Promise<void> {
    const { reader } = this.#init;
    for (;;) {
      const batch = await reader.nextBatch(BATCH_BYTES);
      if (batch.length === 0) return;
      // One write, so that another writer to the same file never gets between the halves of a line.
      await this.#file.appendFile(batch.map(toJsonLine).join(''));
    }
  }
}
