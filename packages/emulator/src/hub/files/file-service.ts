import type { Socket } from 'node:net';
import { join } from 'node:path';
import createDebug from 'debug';
import { answer, RequestAborted, type Answer, type HttpExchange } from '../../devices/https/exchange';
import type { ResolvedOptions } from '../../options/resolve';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import type { JsonObject } from '../../protocol/json';
import { BlobRequests } from './blob-requests';
import type { BlobStore } from './blob-store';
import { DirectoryStore } from './directory-store';
import { toFileName } from './file-names';
import { HubRequests, isHubPath, refuse, type Completion, type UploadAccess } from './hub-requests';
import { MemoryStore } from './memory-store';
import { refuseStorage, StorageError } from './storage-error';
import type { FileUploadNotification, FileUploads, UploadedFile } from './types';
import { Uploads, type Upload } from './uploads';

const debug = createDebug('azure-iot-x509:emulator:files');

/** The name of the container of the storage account. It is the same for every hub. */
const CONTAINER = 'uploads';
const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;
/** The default lifetime of an upload, as in Azure. */
const DEFAULT_SAS_TTL_SECONDS = 3600;
/** The service version in SAS tokens. */
const SAS_VERSION = '2021-12-02';

/** Tells whether the path is one of a request of a file upload. */
export function isFileUploadPath(path: string): boolean {
  return isHubPath(path) || path.startsWith(`/${CONTAINER}/`);
}

/** The parts of the file uploads of a hub. */
export interface FileServiceInit {
  readonly hubName: string;
  /** The hub's present host name, which is that of the storage account too. */
  readonly hostName: () => string;
  readonly access: UploadAccess;
  readonly options: ResolvedOptions['fileUploads'];
  readonly onNotification: (notification: FileUploadNotification) => void;
}

function createStore(hubName: string, { directory, maxBytes }: ResolvedOptions['fileUploads']): BlobStore {
  return directory === undefined
    ? new MemoryStore(maxBytes ?? DEFAULT_MEMORY_BYTES)
    : new DirectoryStore(join(directory, toFileName(hubName) ?? ''));
}

/** File uploads of one hub: its requests over HTTPS, the blob endpoint, and the files. */
export class FileService implements FileUploads {
  readonly #init: FileServiceInit;
  readonly #store: BlobStore;
  readonly #uploads: Uploads;
  readonly #hubRequests: HubRequests;
  readonly #blobRequests: BlobRequests;
  /** The sockets of the unanswered requests. */
  readonly #sockets = new Set<Socket>();
  readonly #pending = new Set<Promise<void>>();

  constructor(init: FileServiceInit) {
    this.#init = init;
    const { options } = init;
    this.#store = createStore(init.hubName, options);
    this.#uploads = new Uploads(this.#store, (options.sasTtlSeconds ?? DEFAULT_SAS_TTL_SECONDS) * 1000);
    this.#hubRequests = new HubRequests({
      access: init.access,
      uploads: this.#uploads,
      canHold: (deviceId, blobName) => this.#store.canHold(deviceId, blobName),
      describe: (upload) => this.#describe(upload),
      completed: (upload, completion) => this.#completed(upload, completion),
    });
    this.#blobRequests = new BlobRequests({
      container: CONTAINER,
      uploads: this.#uploads,
      store: this.#store,
    });
  }

  /** Answers any request. */
  handle(exchange: HttpExchange): void {
    const { socket } = exchange.request;
    this.#sockets.add(socket);
    const handled = this.#handle(exchange).finally(() => {
      this.#sockets.delete(socket);
      this.#pending.delete(handled);
    });
    this.#pending.add(handled);
  }

  list(deviceId?: string): Promise<readonly UploadedFile[]> {
    return this.#store.list(deviceId);
  }

  async read(deviceId: string, blobName: string): Promise<Buffer> {
    return (await this.#store.read(deviceId, blobName)) ?? missing(deviceId, blobName);
  }

  async delete(deviceId: string, blobName: string): Promise<void> {
    if (!(await this.#store.delete(deviceId, blobName))) missing(deviceId, blobName);
  }

  /** Closes the connections of unanswered requests. */
  disconnectAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends all uploads. Files in a directory stay. */
  async close(): Promise<void> {
    this.disconnectAll();
    await Promise.all(this.#pending);
    await this.#uploads.endAll();
  }

  async #handle({ request, response, certificates }: HttpExchange): Promise<void> {
    try {
      const { url: path = '/' } = request;
      if (!URL.canParse(path, 'https://hub')) {
        await answer(request, response, refuse(invalidArgument('The path of the request is not valid.')));
        return;
      }
      const url = new URL(path, 'https://hub');
      const isForHub = isHubPath(url.pathname);
      const handling = isForHub
        ? this.#hubRequests.handle(request, url, certificates)
        : this.#blobRequests.handle(request, url);
      const result = await handling.catch((error: unknown) => toAnswer(error, isForHub));
      debug('%s: %s %s: %d', this.#init.hubName, request.method, url.pathname, result.status);
      await answer(request, response, result);
    } catch (error) {
      // A defect of the emulator ends this connection and no other.
      debug('%s: %o', this.#init.hubName, error);
      request.socket.destroy();
    }
  }

  #uriOf({ path }: Upload): string {
    return `https://${this.#init.hostName()}/${CONTAINER}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  #describe(upload: Upload): JsonObject {
    const { correlationId, path, signature, expiry } = upload;
    const se = expiry.toISOString().replace(/\.\d+Z$/, 'Z');
    const query = new URLSearchParams({ sv: SAS_VERSION, se, sr: 'b', sp: 'w', sig: signature });
    return {
      correlationId,
      hostName: this.#init.hostName(),
      containerName: CONTAINER,
      blobName: path,
      sasToken: `?${query.toString()}`,
    };
  }

  #completed(upload: Upload, { isSuccess, statusCode, statusDescription }: Completion): void {
    const { deviceId, blobName, file } = upload;
    const outcome = {
      deviceId,
      blobName,
      blobUri: this.#uriOf(upload),
      enqueuedTimeUtc: new Date(),
      ...(statusCode !== undefined && { statusCode }),
      ...(statusDescription !== undefined && { statusDescription }),
    };
    if (!isSuccess || file === undefined) {
      this.#init.onNotification({ ...outcome, isSuccess: false });
      return;
    }
    const { blobSizeInBytes, lastUpdatedTime } = file;
    this.#init.onNotification({ ...outcome, blobSizeInBytes, lastUpdatedTime, isSuccess: true });
  }
}

function toAnswer(error: unknown, isForHub: boolean): Answer {
  if (error instanceof StorageError) return refuseStorage(error);
  if (error instanceof EmulatorError) return refuse(error);
  if (error instanceof RequestAborted) throw error;
  debug('%o', error);
  return isForHub
    ? refuse(new EmulatorError(500001, 'The emulator has a defect.'))
    : refuseStorage(new StorageError('InternalError'));
}

function missing(deviceId: string, blobName: string): never {
  throw new EmulatorError(SERVICE_ERROR.genericNotFound, `Device ${deviceId} has uploaded no ${blobName}`);
}
