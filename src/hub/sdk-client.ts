import type * as DeviceSdk from 'azure-iot-device';
import type { Client, DeviceTransport } from 'azure-iot-device';
import type { Stream } from 'node:stream';

/** The operations of the client over HTTPS. */
export interface HubFiles {
  upload(blobName: string, stream: Stream): Promise<void>;
  request(blobName: string): Promise<object>;
  notify(correlationId: string, outcome: UploadResult): Promise<void>;
}

/** The SDK's `BlobUploadResult`. */
interface UploadResult {
  readonly isSuccess: boolean;
  readonly statusCode: number;
  readonly statusDescription: string;
}

type Done = (error?: Error | null, result?: object) => void;

/** The object that the SDK's client calls to upload files. */
class ClientUploads {
  readonly #files: () => HubFiles;

  constructor(files: () => HubFiles) {
    this.#files = files;
  }

  setOptions(): void {
    // The transport knows which options may be set.
  }

  uploadToBlob(blobName: string, stream: Stream, _streamLength: number, done: Done): void {
    settle(this.#files().upload(blobName, stream), done);
  }

  getBlobSharedAccessSignature(blobName: string, done: Done): void {
    settle(this.#files().request(blobName), done);
  }

  notifyUploadComplete(correlationId: string, outcome: UploadResult, done: Done): void {
    settle(this.#files().notify(correlationId, outcome), done);
  }
}

/**
 * The official client on a transport of ours, with file uploads of ours. Its own uploads trust no further roots, cannot
 * reach a hub at another port, go on after `close()`, and do not report the cause of a failure.
 *
 * @param files returns the uploads when a file is to be uploaded
 */
export function createHubClient(transport: DeviceTransport, files: () => HubFiles): Client {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
  const { Client: HubClient } = require('azure-iot-device') as typeof DeviceSdk;
  const uploads = new ClientUploads(files);
  // The constructor's types name a class with private members and overloads with promises; the client calls nothing but
  // the methods above, with callbacks.
  const client = new HubClient(transport, undefined, uploads as never, uploads as never);
  // Retries of its own cannot be cancelled and would go on after close(). The transport does not need them.
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => -1 });
  return client;
}

function settle(promise: Promise<object> | Promise<void>, done: Done): void {
  promise.then(
    (result) => done(null, typeof result === 'object' ? result : undefined),
    (error: unknown) => done(error as Error),
  );
}
