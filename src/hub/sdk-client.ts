import type * as DeviceSdk from 'azure-iot-device';
import type {
  Client,
  DeviceMethodRequest,
  DeviceMethodResponse,
  DeviceTransport,
  Twin,
} from 'azure-iot-device';
import createDebug from 'debug';
import type { Stream } from 'node:stream';
import { failedResponse } from '../options/method-handler';

const debug = createDebug('azure-iot-x509:client');

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
  answerFailedMethods(client);
  allowMissingCallbacks(client);
  return client;
}

type MethodListener = (request: DeviceMethodRequest, response: DeviceMethodResponse) => unknown;

/**
 * A listener that throws is answered with status 500 and the message, and so is one whose promise rejects. The SDK answers
 * the first with status 400, and the second ends the process with no answer.
 */
function answerFailedMethods(client: Client): void {
  const listen = client.onDeviceMethod.bind(client);
  client.onDeviceMethod = (name, listener) => {
    // The SDK refuses what is not a function.
    if (typeof listener !== 'function') listen(name, listener);
    else listen(name, (request, response) => void answered(name, listener, request, response));
  };
}

async function answered(
  name: string,
  listener: MethodListener,
  request: DeviceMethodRequest,
  response: DeviceMethodResponse,
): Promise<void> {
  const send = response.send.bind(response) as (...args: unknown[]) => Promise<void> | undefined;
  response.send = ((...args: unknown[]) => {
    const sent = send(...args);
    // An answer that cannot be sent any more must not end the process of a listener that does not wait for it.
    sent?.catch((error: unknown) => debug('%s: the answer was not sent: %O', name, error));
    return sent;
  }) as DeviceMethodResponse['send'];
  try {
    await listener(request, response);
  } catch (error) {
    const { status, payload } = failedResponse(error);
    warn('DirectMethodWarning', `The listener of the direct method ${name} has failed`, error);
    if (!response.isResponseComplete) await response.send(status, payload).catch(() => undefined);
  }
}

/**
 * `twin.properties.reported.update(patch)` needs no callback. The SDK calls it when it is missing, too, which ends the
 * process.
 */
function allowMissingCallbacks(client: Client): void {
  const getTwin: (...args: unknown[]) => Promise<Twin> = client.getTwin.bind(client);
  const twins = new WeakSet<SdkTwin>();
  client.getTwin = (...args: unknown[]) => {
    const result = getTwin(...args);
    // Private members of the SDK's client and twin. The client makes its twin at the first call.
    const { _twin: twin } = client as unknown as { _twin: SdkTwin };
    if (!twins.has(twin)) {
      twins.add(twin);
      const update = twin._updateReportedProperties.bind(twin);
      twin._updateReportedProperties = (patch, done = warnOfLoss) => update(patch, done);
    }
    return result;
  };
}

interface SdkTwin {
  _updateReportedProperties(patch: unknown, done?: (error?: Error) => void): void;
}

function warnOfLoss(error?: Error | null): void {
  if (error) warn('DeviceTwinWarning', 'The reported properties were not updated', error);
}

/** Tells of a failure that nobody else is told of. */
function warn(type: string, what: string, error: unknown): void {
  debug('%s: %O', what, error);
  const { message } = failedResponse(error).payload as { message: string };
  process.emitWarning(`${what}: ${message}`, { type });
}

function settle(promise: Promise<object> | Promise<void>, done: Done): void {
  promise.then(
    (result) => done(null, typeof result === 'object' ? result : undefined),
    (error: unknown) => done(error as Error),
  );
}
