import { StoreFull, type BlobStore, type Part } from './blob-store';
import { ByteCollector } from './byte-collector';
import type { UploadedFile } from './types';

/** What a part or a file costs besides its content, in bytes: many empty ones must not be free. */
const OVERHEAD_BYTES = 512;

class MemoryPart implements Part {
  readonly size: number;
  readonly chunks: readonly Buffer[];
  readonly #release: () => void;

  constructor(chunks: readonly Buffer[], size: number, release: () => void) {
    this.chunks = chunks;
    this.size = size;
    this.#release = release;
  }

  discard(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }
}

/** What a part takes of the memory that there is. */
class Reservation {
  readonly #budget: Budget;
  #bytes = 0;
  #isExceeded = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Whether it once asked for more than there was. */
  get isExceeded(): boolean {
    return this.#isExceeded;
  }

  /** Asks for more; answers whether there was enough, now and before. */
  extend(bytes: number): boolean {
    this.#isExceeded ||= !this.#budget.reserve(bytes);
    if (!this.#isExceeded) this.#bytes += bytes;
    return !this.#isExceeded;
  }

  release(): void {
    this.#budget.release(this.#bytes);
    this.#bytes = 0;
  }
}

/** The memory that there is. */
interface Budget {
  readonly reserve: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
}

interface StoredFile {
  readonly info: UploadedFile;
  readonly chunks: readonly Buffer[];
}

/** Device IDs have no slash. */
function keyOf(deviceId: string, blobName: string): string {
  return `${deviceId}/${blobName}`;
}

/** Files in memory, the oldest of which make room for new ones. */
export class MemoryStore implements BlobStore {
  readonly maxBytes: number;
  /** In the order in which they were written. */
  readonly #files = new Map<string, StoredFile>();
  readonly #budget: Budget = {
    reserve: (bytes) => this.#reserve(bytes),
    release: (bytes) => {
      this.#usedBytes -= bytes;
    },
  };
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  canHold(): boolean {
    return true;
  }

  async stage(source: AsyncIterable<Buffer>): Promise<Part> {
    const collector = new ByteCollector();
    const room = new Reservation(this.#budget);
    try {
      room.extend(OVERHEAD_BYTES);
      for await (const chunk of source) {
        if (room.extend(chunk.length)) collector.add(chunk);
      }
      if (room.isExceeded) throw new StoreFull();
    } catch (error) {
      room.release();
      throw error;
    }
    return new MemoryPart(collector.finish(), collector.size, () => room.release());
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

  /** Makes room at the expense of the oldest files; answers whether there is enough. */
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
