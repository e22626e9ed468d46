import { setMaxListeners } from 'node:events';
import type { Stream } from 'node:stream';
import { abortable } from '../../network/deadline';
import { DeviceError } from 'azure-iot-certificates';
import { BlobWriter, type Blocks } from './blob';
import { blocksOf } from './blocks';
import {
  notifyUpload,
  requestUpload,
  type UploadOutcome,
  type UploadPlace,
  type UploadTarget,
} from './hub-files';
import { unreadable } from './upload-error';

/** Reading a block failed; told apart from what sending it may fail with. */
class ReadError extends Error {
  constructor(cause: unknown) {
    super('the stream failed', { cause });
    this.name = 'ReadError';
  }
}

/**
 * The file uploads of one device, over HTTPS, whatever its MQTT connection is doing. Each request goes to the hub of the
 * moment, with the certificate of the moment.
 */
export class FileUploads {
  readonly #target: () => UploadTarget;
  readonly #closed = new AbortController();

  constructor(target: () => UploadTarget) {
    this.#target = target;
    // Every request under way listens.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Rejects with a DeviceError. */
  async request(blobName: string): Promise<UploadPlace> {
    return await requestUpload(this.#open(), blobName, this.#closed.signal);
  }

  /** Rejects with a DeviceError. */
  async notify(correlationId: string, outcome: UploadOutcome): Promise<void> {
    await notifyUpload(this.#open(), correlationId, outcome, this.#closed.signal);
  }

  /**
   * Uploads what the stream yields, to its end, and tells the hub how it went. Needs some thirty megabytes of memory,
   * however long the file is. When it fails, the stream is destroyed and no file is there. Rejects with a DeviceError.
   */
  async upload(blobName: string, stream: Stream): Promise<void> {
    const blocks = reading(blocksOf(stream));
    try {
      // Before the hub is asked: a stream that cannot be read should not cost one of the ten uploads that a device may have.
      const first = await abortable(blocks.next(), this.#closed.signal);
      const place = await this.request(blobName);
      await this.#write(place, first.value ?? Buffer.alloc(0), blocks);
    } catch (error) {
      // Not by the iterator, which would wait for what it is reading.
      // The SDK's type allows streams of the old kind, which may have no such method.
      (stream as { destroy?: () => void }).destroy?.();
      if (!(error instanceof ReadError)) throw error;
      throw unreadable(blobName, error.cause, {
        host: this.#target().credentials.host,
        enrollment: this.#target().enrollment,
      });
    }
  }

  /** Ends what is under way with the error given, and lets nothing more begin. */
  close(error: DeviceError): void {
    this.#closed.abort(error);
  }

  #open(): UploadTarget {
    this.#closed.signal.throwIfAborted();
    return this.#target();
  }

  async #write(place: UploadPlace, first: Buffer, rest: Blocks): Promise<void> {
    const writer = new BlobWriter(place, this.#target());
    try {
      const { status } = await writer.write(first, rest, this.#closed.signal);
      await this.notify(place.correlationId, {
        isSuccess: true,
        statusCode: status,
        statusDescription: 'uploaded',
      });
    } catch (error) {
      const statusDescription = error instanceof DeviceError ? error.code : 'the content could not be read';
      const outcome = { isSuccess: false, statusCode: -1, statusDescription };
      // Without it the upload would count among the ten until it expires; whether it succeeds or not changes nothing else.
      await this.notify(place.correlationId, outcome).catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }
}

function reading(blocks: AsyncGenerator<Buffer, void, undefined>): Blocks {
  return {
    next: () =>
      blocks.next().catch((error: unknown) => {
        throw new ReadError(error);
      }),
  };
}
