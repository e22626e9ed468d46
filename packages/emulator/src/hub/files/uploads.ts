import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import type { BlobStore, Part } from './blob-store';
import type { UploadedFile } from './types';

/** IoT Hub: the number of open uploads of one device. */
const MAX_UPLOADS_PER_DEVICE = 10;
/** Azure Storage: the number of blocks of one blob. */
export const MAX_BLOCKS = 50_000;

/** One upload of one device, from its request to its notification. */
export class Upload {
  readonly correlationId = randomUUID();
  readonly deviceId: string;
  readonly blobName: string;
  /** The secret in the SAS token. */
  readonly signature = randomBytes(32).toString('base64');
  readonly expiry: Date;
  /** The uploaded file; `undefined` until it is complete. */
  file: UploadedFile | undefined;
  readonly #blocks = new Map<string, Part>();
  #stagedBytes = 0;

  constructor(deviceId: string, blobName: string, expiry: Date) {
    this.deviceId = deviceId;
    this.blobName = blobName;
    this.expiry = expiry;
  }

  /** The path of the blob below the container. */
  get path(): string {
    return `${this.deviceId}/${this.blobName}`;
  }

  get isExpired(): boolean {
    return Date.now() >= this.expiry.getTime();
  }

  /** The size of all blocks together. */
  get stagedBytes(): number {
    return this.#stagedBytes;
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  /** The length of the block IDs, if there are any blocks. */
  get blockIdLength(): number | undefined {
    const [first] = this.#blocks.keys();
    return first?.length;
  }

  block(id: string): Part | undefined {
    return this.#blocks.get(id);
  }

  /** Keeps a block. Replaces one of the same ID. */
  async addBlock(id: string, part: Part): Promise<void> {
    const replaced = this.#blocks.get(id);
    this.#blocks.set(id, part);
    this.#stagedBytes += part.size - (replaced?.size ?? 0);
    await replaced?.discard();
  }

  isSignedWith(signature: string): boolean {
    const [given, own] = [Buffer.from(signature), Buffer.from(this.signature)];
    return given.length === own.length && timingSafeEqual(given, own);
  }

  async discardBlocks(): Promise<void> {
    const parts = [...this.#blocks.values()];
    this.#blocks.clear();
    this.#stagedBytes = 0;
    for (const part of parts) await part.discard();
  }
}

/** The open uploads of a hub. */
export class Uploads {
  readonly #store: BlobStore;
  readonly #ttlMs: number;
  /** By correlation ID. All have the same lifetime, so the first is the first to expire. */
  readonly #uploads = new Map<string, Upload>();

  constructor(store: BlobStore, ttlMs: number) {
    this.#store = store;
    this.#ttlMs = ttlMs;
  }

  /** Rejects with an EmulatorError 403006 when the device has ten already. */
  async begin(deviceId: string, blobName: string): Promise<Upload> {
    await this.#endExpired();
    const count = [...this.#uploads.values()].filter((upload) => upload.deviceId === deviceId).length;
    if (count >= MAX_UPLOADS_PER_DEVICE) {
      throw new EmulatorError(
        SERVICE_ERROR.maximumActiveFileUploadsExceeded,
        'Number of active file upload requests exceeded limit',
      );
    }
    const upload = new Upload(deviceId, blobName, new Date(Date.now() + this.#ttlMs));
    this.#uploads.set(upload.correlationId, upload);
    return upload;
  }

  /** The upload with that correlation ID, if it is the device's. */
  find(deviceId: string, correlationId: string): Upload | undefined {
    const upload = this.#uploads.get(correlationId);
    return upload?.deviceId === deviceId && !upload.isExpired ? upload : undefined;
  }

  /** The upload with that path below the container and that signature. */
  findSigned(path: string, signature: string): Upload | undefined {
    return [...this.#uploads.values()].find(
      (upload) => upload.path === path && !upload.isExpired && upload.isSignedWith(signature),
    );
  }

  /** Makes the blob of the parts. @throws StoreFull */
  async commit(upload: Upload, parts: readonly Part[]): Promise<UploadedFile> {
    const file = await this.#store.commit(upload.deviceId, upload.blobName, parts);
    upload.file = file;
    await upload.discardBlocks();
    return file;
  }

  /** Ends an upload upon the notification of the device. */
  async end(upload: Upload): Promise<void> {
    this.#uploads.delete(upload.correlationId);
    await upload.discardBlocks();
  }

  async endAll(): Promise<void> {
    for (const upload of this.#uploads.values()) await this.end(upload);
  }

  async #endExpired(): Promise<void> {
    for (const upload of this.#uploads.values()) {
      if (!upload.isExpired) return;
      await this.end(upload);
    }
  }
}
