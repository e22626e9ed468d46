import { StoreFull, type BlobStore, type Part } from './blob-store';
import { ByteCollector } from './byte-collector';
import type { UploadedFile } from './types';

/** The cost of a part or file besides its content, in bytes. It limits the number of empty parts. */
const OVERHEAD_BYTES = 512;

class MemoryPart implements Part {
  readonly size: number;
  readonly chunks: readonly Buffer[];
  #release: (() => void) | undefined;

  constructor({ size, chunks }: Pick<MemoryPart, 'size' | 'chunks'>, release: () => void) {
    this.size = size;
    this.chunks = chunks;
    this.#release = release;
  }

  discard(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    return Promise.resolve();
  }
}

interface StoredFile {
  readonly info: UploadedFile;
  readonly chunks: readonly Buffer[];
}

/** Device IDs have no slash. */
function keyOf(deviceId: string, blobName: string): string {
  return `${deviceId}/${blobName}`;
}

/** Uploaded files in memory. The oldest ones make room for new ones. */
export class MemoryStore implements BlobStore {
  readonly maxBytes: number;
  /** In the order in which they were written. */
  readonly #files = new Map<string, StoredFile>();
  /** The cost of all parts and files. */
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  canHold(): boolean {
    return true;
  }

  async stage(source: AsyncIterable<Buffer>): Promise<Part> {
    const collector = new ByteCollector();
    let reserved = 0;
    const reserve = (bytes: number): boolean => {
      if (!this.#reserve(bytes)) return false;
      reserved += bytes;
      return true;
    };
    const release = (): void => {
      this.#usedBytes -= reserved;
    };
    try {
      let isFull = !reserve(OVERHEAD_BYTES);
      for await (const chunk of source) {
        isFull ||= !reserve(chunk.length);
        if (!isFull) collector.add(chunk);
      }
      if (isFull) throw new StoreFull();
    } catch (error) {
      release();
      throw error;
    }
    return new MemoryPart({ chunks: collector.finish(), size: collector.size }, release);
  }

  async commit(deviceId: string, blobName: string, parts: readonly Part[]): Promise<UploadedFile> {
    const chunks = parts.flatMap((part) => (part instanceof MemoryPart ? part.chunks : []));
    for (const part of parts) await part.discard();
    const blobSizeInBytes = parts.reduce((sum, { size }) => sum + size, 0);
    const key = keyOf(deviceId, blobName);
    this.#remove(key);
    if (!this.#reserve(blobSizeInBytes + OVERHEAD_BYTES)) throw new StoreFull();
    const info = { deviceId, blobName, blobSizeInBytes, lastUpdatedTime: new Date() };
    this.#files.set(key, { info, chunks });
    return info;
  }

  list(deviceId?: string): Promise<readonly UploadedFile[]> {
    const files = [...this.#files.values()].map(({ info }) => info);
    return Promise.resolve(files.filter((file) => deviceId === undefined || file.deviceId === deviceId));
  }

  find(deviceId: string, blobName: string): Promise<UploadedFile | undefined> {
    return Promise.resolve(this.#files.get(keyOf(deviceId, blobName))?.info);
  }

  read(deviceId: string, blobName: string): Promise<Buffer | undefined> {
    const file = this.#files.get(keyOf(deviceId, blobName));
    return Promise.resolve(file && Buffer.concat(file.chunks));
  }

  delete(deviceId: string, blobName: string): Promise<boolean> {
    return Promise.resolve(this.#remove(keyOf(deviceId, blobName)));
  }

  /** Reserves room, removing the oldest files if necessary. Returns whether there is enough. */
  #reserve(bytes: number): boolean {
    for (const key of this.#files.keys()) {
      if (this.#usedBytes + bytes <= this.maxBytes) break;
      this.#remove(key);
    }
    if (this.#usedBytes + bytes > this.maxBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  #remove(key: string): boolean {
    const file = this.#files.get(key);
    if (file === undefined) return false;
    this.#usedBytes -= file.info.blobSizeInBytes + OVERHEAD_BYTES;
    return this.#files.delete(key);
  }
}
