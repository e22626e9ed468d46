import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { bodyOf, decodePath, readBody, type Answer } from '../../devices/https/exchange';
import { newEtag } from '../../protocol/etag';
import { StoreFull, type BlobStore, type Part } from './blob-store';
import { parseBlockList } from './block-list';
import { StorageError, storageHeaders } from './storage-error';
import { MAX_BLOCKS, type Upload, type Uploads } from './uploads';

/** Azure Storage: the longest block ID, decoded, in bytes. */
const MAX_BLOCK_ID_BYTES = 64;
/** The largest body of Put Block List, in bytes: the maximum number of blocks with the longest IDs. */
const MAX_BLOCK_LIST_BYTES = MAX_BLOCKS * 128;

/** The parts of the blob endpoint. */
export interface BlobRequestsInit {
  readonly container: string;
  readonly uploads: Uploads;
  readonly store: BlobStore;
}

type Operation = (request: IncomingMessage, upload: Upload, query: URLSearchParams) => Promise<Answer>;

/**
 * The part of Azure Storage's Blob service that devices use: Put Blob, Put Block and Put Block List. Requests are
 * authorized by the signature in the query, not by a certificate.
 */
export class BlobRequests {
  readonly #init: BlobRequestsInit;
  /** The operations by the query parameter `comp`. */
  readonly #operations: Readonly<Record<string, Operation>> = {
    '': (request, upload) => this.#putBlob(request, upload),
    block: (request, upload, query) => this.#putBlock(request, upload, query),
    blocklist: (request, upload) => this.#putBlockList(request, upload),
  };

  constructor(init: BlobRequestsInit) {
    this.#init = init;
  }

  /** @throws StorageError, RequestAborted */
  async handle(request: IncomingMessage, { pathname, searchParams }: URL): Promise<Answer> {
    const upload = this.#authorize(pathname, searchParams);
    if (request.method !== 'PUT') {
      const isReading = request.method === 'GET' || request.method === 'HEAD';
      throw new StorageError(isReading ? 'AuthorizationPermissionMismatch' : 'UnsupportedHttpVerb');
    }
    if (request.headers['content-length'] === undefined) throw new StorageError('MissingContentLengthHeader');
    const operation = searchParams.get('comp') ?? '';
    const operate = Object.hasOwn(this.#operations, operation) ? this.#operations[operation] : undefined;
    if (operate === undefined) throw new StorageError('UnsupportedQueryParameter');
    return operate(request, upload, searchParams);
  }

  #authorize(pathname: string, query: URLSearchParams): Upload {
    const { container, uploads } = this.#init;
    const path = decodePath(pathname) ?? '';
    const prefix = `/${container}/`;
    const upload = path.startsWith(prefix)
      ? uploads.findSigned(path.slice(prefix.length), query.get('sig') ?? '')
      : undefined;
    if (upload === undefined) throw new StorageError('AuthenticationFailed');
    return upload;
  }

  async #putBlob(request: IncomingMessage, upload: Upload): Promise<Answer> {
    const type = request.headers['x-ms-blob-type'];
    if (type === undefined) throw new StorageError('MissingRequiredHeader');
    if (type !== 'BlockBlob') throw new StorageError('InvalidHeaderValue');
    await this.#checkConditions(request, upload);
    const { part, headers } = await this.#stage(request, upload, 0);
    await this.#commit(upload, [part]);
    return created({ ...headers, ...blobHeaders(upload) });
  }

  async #putBlock(request: IncomingMessage, upload: Upload, query: URLSearchParams): Promise<Answer> {
    const id = query.get('blockid') ?? '';
    if (!isBlockId(id) || id.length !== (upload.blockIdLength ?? id.length))
      throw new StorageError('InvalidBlockId');
    const before = upload.block(id);
    if (before === undefined && upload.blockCount >= MAX_BLOCKS)
      throw new StorageError('BlockCountExceedsLimit');
    const { part, headers } = await this.#stage(request, upload, upload.stagedBytes - (before?.size ?? 0));
    await upload.addBlock(id, part);
    return created(headers);
  }

  async #putBlockList(request: IncomingMessage, upload: Upload): Promise<Answer> {
    const body = await readBody(request, MAX_BLOCK_LIST_BYTES);
    const list = body && parseBlockList(body.toString());
    if (list === undefined) throw new StorageError('InvalidXmlDocument');
    if (list.length > MAX_BLOCKS) throw new StorageError('BlockCountExceedsLimit');
    await this.#checkConditions(request, upload);
    // Blocks of an earlier blob of the same name are not kept, so `Committed` finds none.
    const parts = list.map(({ kind, id }) => (kind === 'Committed' ? undefined : upload.block(id)));
    const found = parts.filter((part) => part !== undefined);
    if (found.length < parts.length) throw new StorageError('InvalidBlockList');
    await this.#commit(upload, found);
    return created(blobHeaders(upload));
  }

  async #checkConditions({ headers }: IncomingMessage, upload: Upload): Promise<void> {
    if (headers['if-none-match'] !== '*') return;
    const { store } = this.#init;
    const existing = await store.find(upload.deviceId, upload.blobName);
    if (existing !== undefined) throw new StorageError('BlobAlreadyExists');
  }

  /** Keeps the request's body, and checks its MD5. */
  async #stage(
    request: IncomingMessage,
    upload: Upload,
    stagedBytes: number,
  ): Promise<{ part: Part; headers: OutgoingHttpHeaders }> {
    const { store, uploads } = this.#init;
    const length = Number(request.headers['content-length']);
    // The length is checked before other files are removed to make room.
    if (stagedBytes + length > store.maxBytes) throw new StorageError('RequestBodyTooLarge');
    const hash = createHash('md5');
    const part = await store.stage(hashing(bodyOf(request), hash)).catch(toStorageError);
    const md5 = hash.digest('base64');
    const expected = request.headers['content-md5'];
    const isCurrent = uploads.find(upload.deviceId, upload.correlationId) !== undefined;
    if (isCurrent && (expected === undefined || expected === md5)) {
      return { part, headers: { 'content-md5': md5 } };
    }
    await part.discard();
    // The upload may have ended while its content was still coming.
    throw new StorageError(isCurrent ? 'Md5Mismatch' : 'AuthenticationFailed');
  }

  async #commit(upload: Upload, parts: readonly Part[]): Promise<void> {
    await this.#init.uploads.commit(upload, parts).catch(toStorageError);
  }
}

async function* hashing(source: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

function toStorageError(error: unknown): never {
  throw error instanceof StoreFull ? new StorageError('InsufficientStorage') : error;
}

function isBlockId(id: string): boolean {
  const bytes = Buffer.from(id, 'base64');
  return bytes.length > 0 && bytes.length <= MAX_BLOCK_ID_BYTES && bytes.toString('base64') === id;
}

function blobHeaders({ file }: Upload): OutgoingHttpHeaders {
  return { etag: `"${newEtag()}"`, 'last-modified': file?.lastUpdatedTime.toUTCString() };
}

function created(headers: OutgoingHttpHeaders): Answer {
  const encrypted = { 'x-ms-request-server-encrypted': 'true' };
  return { status: 201, headers: { ...storageHeaders(), ...encrypted, ...headers } };
}
