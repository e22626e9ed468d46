import type { UploadedFile } from './types';

/** Content that is not part of a file yet. */
export interface Part {
  readonly size: number;
  /** Discards the content. Idempotent. */
  discard(): Promise<void>;
}

/** A store for the files of one hub. */
export interface BlobStore {
  /** The largest total that can be kept, in bytes. */
  readonly maxBytes: number;
  /** Tells whether the store can hold a file of this name. */
  canHold(deviceId: string, blobName: string): boolean;
  /**
   * Keeps content. The source is read to its end even if the content does not fit.
   *
   * @throws StoreFull, or the error of the source. Nothing is kept in that case
   */
  stage(source: AsyncIterable<Buffer>): Promise<Part>;
  /**
   * Makes a file of the parts, which may be repeated. It replaces a file of the same name atomically. The parts are
   * discarded in any case.
   *
   * @throws StoreFull
   */
  commit(deviceId: string, blobName: string, parts: readonly Part[]): Promise<UploadedFile>;
  /** Oldest first. */
  list(deviceId?: string): Promise<readonly UploadedFile[]>;
  find(deviceId: string, blobName: string): Promise<UploadedFile | undefined>;
  read(deviceId: string, blobName: string): Promise<Buffer | undefined>;
  /** Removes a file. Returns whether there was such a file. */
  delete(deviceId: string, blobName: string): Promise<boolean>;
}

/** The content does not fit into the store. */
export class StoreFull extends Error {
  constructor() {
    super('there is no room for more');
    this.name = 'StoreFull';
  }
}
