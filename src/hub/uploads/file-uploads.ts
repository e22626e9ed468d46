import type { Stream } from 'node:stream';
import { abortable } from '../../network/deadline';
import { DeviceError } from 'azure-iot-certificates/internal';
import type { HubTarget } from '../link';
import { BlobWriter, type Blocks } from './blob';
import { blocksOf } from './blocks';
import { notifyUpload, requestUpload, type UploadOutcome, type UploadPlace } from './hub-files';
import { unreadable } from './upload-error';

/** The content of a file could not be read. Errors of sending are others. */
class ReadError extends Error {
  constructor(cause: unknown) {
    super('the stream failed', { cause });
    this.name = 'ReadError';
  }
}

/**
 * The file uploads of one device, over HTTPS, independent of the state of its MQTT connection. Each request goes to the
 * present hub with the present certificate.
 */
export class FileUploads {
  readonly #target: () => HubTarget;
  readonly #closing: AbortSignal;

  /** @param closing when it aborts, uploads under way fail with its reason, and no further upload begins */
  constructor(target: () => HubTarget, closing: AbortSignal) {
    this.#target = target;
    this.#closing = closing;
  }

  /** @throws DeviceError */
  async request(blobName: string): Promise<UploadPlace> {
    return await requestUpload(this.#open(), blobName, this.#closing);
  }

  /** @throws DeviceError */
  async notify(correlationId: string, outcome: UploadOutcome): Promise<void> {
    await notifyUpload(this.#open(), correlationId, outcome, this.#closing);
  }

  /**
   * Uploads the stream to its end and notifies the hub of the outcome. Needs some thirty megabytes of memory for a file
   * of any length. When it fails, the stream is destroyed and no file is stored.
   *
   * @throws DeviceError
   */
  async upload(blobName: string, stream: Stream): Promise<void> {
    const blocks = reading(blocksOf(stream));
    try {
      // The stream is read before the hub is asked: an unreadable one must not cost one of the ten uploads of a device.
      const first = await abortable(blocks.next(), this.#closing);
      const place = await this.request(blobName);
      await this.#write(place, first.value ?? Buffer.alloc(0), blocks);
    } catch (error) {
      // The iterator would wait for the chunk that it is reading. The SDK's type allows streams of the old kind, which
      // may have no such method.
      (stream as { destroy?: () => void }).destroy?.();
      if (!(error instanceof ReadError)) throw error;
      throw unreadable(blobName, error.cause, this.#target());
    }
  }

  #open(): HubTarget {
    this.#closing.throwIfAborted();
    return this.#target();
  }

  async #write(place: UploadPlace, first: Buffer, rest: Blocks): Promise<void> {
    const writer = new BlobWriter(place, this.#target());
    try {
      const { status } = await writer.write(first, rest, this.#closing);
      await this.notify(place.correlationId, {
        isSuccess: true,
        statusCode: status,
        statusDescription: 'uploaded',
      });
    } catch (error) {
      const statusDescription = error instanceof DeviceError ? error.code : 'the content could not be read';
      const outcome = { isSuccess: false, statusCode: -1, statusDescription };
      // Without the notification the upload would count among the ten until it expires. Its own failure changes
      // nothing.
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
