import { randomUUID } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureDirectory } from 'azure-iot-certificates/internal';
import { StoreFull, type BlobStore, type Part } from './blob-store';
import { fromFileName, toFileName } from './file-names';
import type { UploadedFile } from './types';

/** The folder for what is not a file yet; no device's folder begins with a dot. */
const STAGING = '.staging';
/** How long a part may wait to be joined before it counts as left behind, in milliseconds. */
const LEFTOVER_MS = 24 * 60 * 60 * 1000;
/** Files may hold anything, so nobody but their owner may read them. */
const FILE_MODE = 0o600;

class FilePart implements Part {
  readonly path: string;
  readonly size: number;
  #release: (() => void) | undefined;

  constructor(path: string, size: number, release: () => void) {
    this.path = path;
    this.size = size;
    this.#release = release;
  }

  async discard(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    if (release === undefined) return;
    release();
    await rm(this.path, { force: true });
  }
}

function sizeOf(parts: readonly FilePart[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** `undefined` if there is no such file. */
function unlessMissing(error: unknown): undefined {
  // What the file system rejects with carries its error's name.
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

/** Removes the parts that nobody will join any more; those of an emulator that still runs are younger. */
async function clearLeftovers(folder: string): Promise<void> {
  const oldest = Date.now() - LEFTOVER_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const file = await stat(path).catch(unlessMissing);
    if (file !== undefined && file.mtimeMs < oldest) await rm(path, { recursive: true, force: true });
  }
}

/** Files in a folder of the file system, one a blob. What else is in the folder is left alone. */
export class DirectoryStore implements BlobStore {
  readonly maxBytes: number;
  readonly #directory: string;
  /** Settles when what a killed process left is gone. */
  #cleared: Promise<void> | undefined;
  /** What parts and files take, once it has been looked up. */
  #used: Promise<{ bytes: number }> | undefined;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.maxBytes = maxBytes;
  }

  canHold(deviceId: string, blobName: string): boolean {
    return toFileName(deviceId) !== undefined && toFileName(blobName) !== undefined;
  }

  async stage(source: AsyncIterable<Buffer>): Promise<Part> {
    const used = await this.#lookUpUsed();
    const { file, path } = await this.#openStaging();
    let size = 0;
    let isFull = false;
    const release = (): void => {
      used.bytes -= size;
    };
    try {
      for await (const chunk of source) {
        isFull ||= used.bytes + chunk.length > this.maxBytes;
        if (isFull) continue;
        used.bytes += chunk.length;
        size += chunk.length;
        await file.writeFile(chunk);
      }
      if (isFull) throw new StoreFull();
    } catch (error) {
      release();
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    await file.close();
    return new FilePart(path, size, release);
  }

  async commit(deviceId: string, blobName: string, parts: readonly Part[]): Promise<UploadedFile> {
    const staged = parts.filter((part) => part instanceof FilePart);
    const used = await this.#lookUpUsed();
    const path = this.#pathOf(deviceId, blobName);
    // A block may be listed more than once.
    const repeated = sizeOf(staged) - sizeOf([...new Set(staged)]);
    const isRoom = used.bytes + repeated <= this.maxBytes;
    if (isRoom) used.bytes += repeated;
    try {
      if (!isRoom) throw new StoreFull();
      const joined = await this.#join(staged);
      await ensureDirectory(dirname(path));
      const replaced = await stat(path).catch(unlessMissing);
      await rename(joined, path);
      const file = await this.#describe(deviceId, blobName);
      used.bytes += file.blobSizeInBytes - (replaced?.size ?? 0);
      return file;
    } finally {
      if (isRoom) used.bytes -= repeated;
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
    const used = await this.#lookUpUsed();
    await rm(this.#pathOf(deviceId, blobName), { force: true });
    used.bytes -= file.blobSizeInBytes;
    return true;
  }

  async #openStaging(): Promise<{ file: FileHandle; path: string }> {
    const folder = join(this.#directory, STAGING);
    await ensureDirectory(folder);
    this.#cleared ??= clearLeftovers(folder);
    await this.#cleared;
    const path = join(folder, randomUUID());
    return { file: await open(path, 'wx', FILE_MODE), path };
  }

  /** One file with the content of all parts, in their order. */
  async #join(parts: readonly FilePart[]): Promise<string> {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only.path;
    const { file, path } = await this.#openStaging();
    try {
      for (const part of parts) {
        // A stream of a file yields buffers unless it is told an encoding.
        for await (const chunk of createReadStream(part.path)) await file.writeFile(chunk as Buffer);
      }
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  async #describe(deviceId: string, blobName: string): Promise<UploadedFile> {
    const { size, mtime } = await stat(this.#pathOf(deviceId, blobName));
    return { deviceId, blobName, blobSizeInBytes: size, lastUpdatedTime: mtime };
  }

  /** What a folder holds that was named here: folders of devices, or files. */
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

  #lookUpUsed(): Promise<{ bytes: number }> {
    this.#used ??= this.#countUsed().catch((error: unknown) => {
      // The next one looks again.
      this.#used = undefined;
      throw error;
    });
    return this.#used;
  }

  async #countUsed(): Promise<{ bytes: number }> {
    // Without a limit nobody needs to know.
    const files = this.maxBytes === Infinity ? [] : await this.list();
    return { bytes: files.reduce((sum, { blobSizeInBytes }) => sum + blobSizeInBytes, 0) };
  }
}
