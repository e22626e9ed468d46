import { randomUUID } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureDirectory } from 'azure-iot-certificates/internal';
import type { BlobStore, Part } from './blob-store';
import { fromFileName, toFileName } from './file-names';
import type { UploadedFile } from './types';

/** The folder for incomplete files. No device's folder begins with a dot. */
const STAGING = '.staging';
/** The file modes: only the owner may read the files. */
const FILE_MODE = 0o600;

class FilePart implements Part {
  readonly path: string;
  readonly size: number;

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Turns the error of a missing file into `undefined`. */
function unlessMissing(error: unknown): undefined {
  // The errors of node:fs have the system's code.
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

/** Uploaded files in a folder of the file system. Other files in the folder stay unchanged. */
export class DirectoryStore implements BlobStore {
  readonly maxBytes = Infinity;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  canHold(deviceId: string, blobName: string): boolean {
    return toFileName(deviceId) !== undefined && toFileName(blobName) !== undefined;
  }

  async stage(source: AsyncIterable<Buffer>): Promise<Part> {
    let size = 0;
    const path = await this.#write(async (file) => {
      for await (const chunk of source) {
        size += chunk.length;
        await file.writeFile(chunk);
      }
    });
    return new FilePart(path, size);
  }

  async commit(deviceId: string, blobName: string, parts: readonly Part[]): Promise<UploadedFile> {
    const staged = parts.filter((part) => part instanceof FilePart);
    const path = this.#pathOf(deviceId, blobName);
    try {
      const joined = await this.#join(staged);
      await ensureDirectory(dirname(path));
      await rename(joined, path);
      return await this.#describe(deviceId, blobName);
    } finally {
      for (const part of staged) await part.discard();
    }
  }

  async list(deviceId?: string): Promise<readonly UploadedFile[]> {
    const deviceIds =
      deviceId === undefined
        ? await this.#namesIn(this.#directory, (entry) => entry.isDirectory())
        : [deviceId];
    const files: UploadedFile[] = [];
    for (const owner of deviceIds) {
      for (const blobName of await this.#namesIn(this.#folderOf(owner), (entry) => entry.isFile())) {
        const file = await this.find(owner, blobName);
        if (file !== undefined) files.push(file);
      }
    }
    return files.sort((a, b) => a.lastUpdatedTime.getTime() - b.lastUpdatedTime.getTime());
  }

  async find(deviceId: string, blobName: string): Promise<UploadedFile | undefined> {
    return this.canHold(deviceId, blobName)
      ? await this.#describe(deviceId, blobName).catch(unlessMissing)
      : undefined;
  }

  async read(deviceId: string, blobName: string): Promise<Buffer | undefined> {
    return this.canHold(deviceId, blobName)
      ? await readFile(this.#pathOf(deviceId, blobName)).catch(unlessMissing)
      : undefined;
  }

  async delete(deviceId: string, blobName: string): Promise<boolean> {
    const file = await this.find(deviceId, blobName);
    if (file === undefined) return false;
    await rm(this.#pathOf(deviceId, blobName), { force: true });
    return true;
  }

  /** Writes a new file in the staging folder. Nothing is left of one that fails. */
  async #write(write: (file: FileHandle) => Promise<void>): Promise<string> {
    const folder = join(this.#directory, STAGING);
    await ensureDirectory(folder);
    const path = join(folder, randomUUID());
    const file = await open(path, 'wx', FILE_MODE);
    try {
      await write(file);
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  /** One file with the content of all parts, in their order. */
  async #join(parts: readonly FilePart[]): Promise<string> {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only.path;
    return this.#write(async (file) => {
      for (const part of parts) {
        // A stream of a file without an encoding yields buffers.
        for await (const chunk of createReadStream(part.path)) await file.writeFile(chunk as Buffer);
      }
    });
  }

  async #describe(deviceId: string, blobName: string): Promise<UploadedFile> {
    const { size, mtime } = await stat(this.#pathOf(deviceId, blobName));
    return { deviceId, blobName, blobSizeInBytes: size, lastUpdatedTime: mtime };
  }

  /** The decoded names of the entries that the store has made in a folder. */
  async #namesIn(folder: string, isMeant: (entry: Dirent) => boolean): Promise<readonly string[]> {
    const entries = (await readdir(folder, { withFileTypes: true }).catch(unlessMissing)) ?? [];
    return entries
      .filter(isMeant)
      .map(({ name }) => fromFileName(name))
      .filter((name) => name !== undefined);
  }

  #folderOf(deviceId: string): string {
    return join(this.#directory, toFileName(deviceId) ?? '');
  }

  #pathOf(deviceId: string, blobName: string): string {
    return join(this.#folderOf(deviceId), toFileName(blobName) ?? '');
  }
}
