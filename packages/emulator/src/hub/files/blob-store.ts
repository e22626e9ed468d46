import type { UploadedFile } from './types';

/** Content that has arrived and is not part of a file yet. */
export interface Part {
  readonly size: number;
  /** Forgets the content. Idempotent. */
  discard(): Promise<void>;
}

/** Where the files of one hub are kept. */
export interface BlobStore {
  /** More can never be kept, in bytes. */
  readonly maxBytes: number;
  /** Whether a file of this name can be kept. */
  canHold(deviceId: string, blobName: string): boolean;
  /**
   * Takes content in, as fast as it can be kept. Reads the source to its end also when the content does not fit.
   *
   * @throws StoreFull, or what the source throws; nothing is kept then
   */
  stage(source: AsyncIterable<Buffer>): Promise<Part>;
  /**
   * Makes a file of the parts, which may be repeated, replacing one of the same name at once and as a whole. The parts are
   * used up, whatever comes of it.
   *
   * @throws StoreFull
   */
  commit(deviceId: string, blobName: string, parts: readonly Part[]): Promise<UploadedFile>;
  /** Oldest first. */
  list(deviceId?: string): Promise<readonly UploadedFile[]>;
  find(deviceId: string, blobName: string): Promise<UploadedFile | undefined>;
  read(deviceId: string, blobName: string): Promise<Buffer | undefined>;
  /** Answers whether there was such a file. */
  delete(deviceId: string, blobName: string): Promise<boolean>;
}

/** There is no room for what comes. */
export class StoreFull extends Error {
  constructor() {
    super('there is no room for more');
    this.name = 'StoreFull';
  }
}
