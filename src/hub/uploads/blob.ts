import { randomUUID } from 'node:crypto';
import type { HubPeer } from '../../errors/hub-refusal';
import { abortable } from '../../network/deadline';
import { HttpsClient, type HttpsResponse } from './https-client';
import type { HubTarget } from '../link';
import type { UploadPlace } from './hub-files';
import { retried } from './retry';
import { refusedByStorage, toUploadError } from './upload-error';

/** Version of Azure Storage's REST interface. */
const STORAGE_VERSION = '2020-10-02';
/** Blocks under way at once: together with the size of a block this is the memory that an upload needs. */
const CONCURRENT_BLOCKS = 4;

/** The content of a file, block by block. */
export type Blocks = AsyncIterator<Buffer, void, undefined>;

/** Writes one blob at the storage account, to which the hub has given access. */
export class BlobWriter {
  readonly #client: HttpsClient;
  readonly #path: string;
  readonly #query: string;
  readonly #peer: HubPeer;

  /** The storage account asks for no client certificate. */
  constructor(
    place: UploadPlace,
    { ca, enrollment, proxyFor }: Pick<HubTarget, 'ca' | 'enrollment' | 'proxyFor'>,
  ) {
    const { hostName, containerName, blobName, sasToken } = place;
    this.#client = new HttpsClient({ host: hostName, ca, proxy: proxyFor(hostName) });
    this.#path = `/${containerName}/${blobName.split('/').map(encodeURIComponent).join('/')}`;
    this.#query = sasToken.startsWith('?') ? sasToken : `?${sasToken}`;
    this.#peer = { host: hostName, enrollment, ca };
  }

  /**
   * Writes the blob: one block in one request, more blocks in several requests at once.
   *
   * @throws DeviceError, `signal.reason`, or the error of reading the blocks
   */
  async write(first: Buffer, rest: Blocks, signal: AbortSignal): Promise<HttpsResponse> {
    const second = await abortable(rest.next(), signal);
    if (second.done === true) return this.#put('', first, { 'x-ms-blob-type': 'BlockBlob' }, signal);
    const ids = await this.#putBlocks([first, second.value], rest, signal);
    const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
    const xml = `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`;
    return this.#put('&comp=blocklist', Buffer.from(xml), { 'content-type': 'application/xml' }, signal);
  }

  close(): void {
    this.#client.close();
  }

  async #putBlocks(begin: readonly Buffer[], rest: Blocks, signal: AbortSignal): Promise<readonly string[]> {
    // All block IDs of a blob must have the same length, also those of an earlier upload by the official client.
    const prefix = randomUUID();
    const ids: string[] = [];
    // Stops the other requests when one has failed or the upload is aborted.
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort);
    const pending = new Set<Promise<unknown>>();
    const add = async (block: Buffer): Promise<void> => {
      const id = Buffer.from(`${prefix}${String(ids.length).padStart(12, '0')}`).toString('base64');
      ids.push(id);
      const put = this.#put(`&comp=block&blockid=${encodeURIComponent(id)}`, block, {}, stop.signal);
      pending.add(put);
      // A failed request stays in the set, so that the race below rejects.
      put.then(() => pending.delete(put)).catch(() => undefined);
      if (pending.size >= CONCURRENT_BLOCKS) await Promise.race(pending);
    };
    try {
      for (const block of begin) await add(block);
      for (;;) {
        const { done, value } = await abortable(rest.next(), signal);
        if (done === true) break;
        await add(value);
      }
      await Promise.all(pending);
      return ids;
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(pending);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #put(
    operation: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpsResponse> {
    const what = 'the content of the file';
    const send = async (): Promise<HttpsResponse> => {
      const response = await this.#client.send(
        {
          method: 'PUT',
          path: `${this.#path}${this.#query}${operation}`,
          headers: { 'x-ms-version': STORAGE_VERSION, ...headers },
          body,
        },
        signal,
      );
      if (response.status === 201) return response;
      throw refusedByStorage(response, what, this.#peer);
    };
    return await retried(send, (error) => toUploadError(error, what, this.#peer), signal);
  }
}
