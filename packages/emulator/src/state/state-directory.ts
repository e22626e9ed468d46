import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InvalidOptionsError, type OptionProblem } from 'azure-iot-certificates';
import { nameOfTemporary } from 'azure-iot-certificates/internal';
import type { JsonObject } from '../protocol/json';
import type { Persistent } from '../stored/persistent';
import { formatDocument, parseDocument } from './document';
import { FolderLock } from './lock';
import { makeStateDirectory } from './make-directory';
import { brokenFile, notReadable } from './problems';
import { keepServerIdentity, type ServerIdentity } from './server-identity';
import { StateWriter } from './writer';

/** A file of the folder. Each hub and each application has one. */
export interface StateFile {
  readonly kind: 'emulator' | 'dps' | 'central' | 'hub';
  /** The name of the hub or application. */
  readonly name?: string;
}

interface StoredFile extends StateFile {
  readonly text: string;
  readonly content: JsonObject;
}

const SERVER = 'server';
const FILE_NAME = /^(?:(emulator|dps)|(hub|central)-([A-Za-z0-9-]+))\.json$/;

function fileName({ kind, name }: StateFile): string {
  return name === undefined ? `${kind}.json` : `${kind}-${name}.json`;
}

/**
 * The folder with the state of an emulator. One emulator at a time uses it. Files are read once, at the start. Later
 * each file is replaced as a whole, so a file is never half written.
 */
export class StateDirectory {
  readonly path: string;
  readonly #lock: FolderLock;
  readonly #stored: ReadonlyMap<string, StoredFile>;
  readonly #writer: StateWriter;

  private constructor(path: string, lock: FolderLock, stored: ReadonlyMap<string, StoredFile>) {
    this.path = path;
    this.#lock = lock;
    this.#stored = stored;
    this.#writer = new StateWriter(path);
  }

  /**
   * Makes the folder if there is none, for this user alone, and reads all files in it.
   *
   * @throws InvalidOptionsError when another emulator uses the folder.
   * @throws FileError when the folder cannot be made, or a file cannot be read, is damaged or of a later release.
   */
  static async open(directory: string): Promise<StateDirectory> {
    const path = resolve(directory);
    await makeStateDirectory(path);
    const lock = await FolderLock.acquire(path);
    try {
      await removeLeftovers(path);
      return new StateDirectory(path, lock, await readFiles(path));
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The content of the file when the folder was opened. */
  stored(file: StateFile): JsonObject | undefined {
    return this.#stored.get(fileName(file))?.content;
  }

  /** The path of the file. */
  pathOf(file: StateFile): string {
    return join(this.path, fileName(file));
  }

  /** Reads the content of a file. @throws FileError naming the file when `read` throws */
  read<T>(file: StateFile, read: (content: JsonObject) => T): T | undefined {
    const content = this.stored(file);
    if (content === undefined) return undefined;
    try {
      return read(content);
    } catch (error) {
      throw brokenFile(this.pathOf(file), error);
    }
  }

  /** The servers' certificate for these host names, always under the same root. @throws FileError */
  async serverIdentity(hostNames: readonly string[]): Promise<ServerIdentity> {
    return keepServerIdentity(join(this.path, SERVER), hostNames);
  }

  /**
   * Restores a service from its file, and keeps its changes from then on.
   *
   * @throws FileError when the file's content is wrong.
   */
  keep(file: StateFile, persistent: Persistent): void {
    const name = fileName(file);
    this.read(file, (content) => persistent.restore(content));
    this.#writer.add(name, () => formatDocument(persistent.snapshot()));
    persistent.onChange(() => this.#writer.changed(name));
    if (!this.#stored.has(name)) this.#writer.changed(name);
  }

  /** Writes content that does not change while the emulator runs. */
  keepFixed(file: StateFile, content: JsonObject): void {
    const name = fileName(file);
    const text = formatDocument(content);
    this.#writer.add(name, () => text);
    if (this.#stored.get(name)?.text !== text) this.#writer.changed(name);
  }

  /**
   * Writes the missing and changed files. From then on, changes are written soon after they happen. @throws FileError
   */
  async begin(): Promise<void> {
    await this.#writer.begin();
  }

  /**
   * @throws InvalidOptionsError when there are files of other hubs or applications, which would be lost.
   */
  checkNothingLeftOut(hubs: readonly string[], centralApplications: readonly string[]): void {
    const problems: OptionProblem[] = [];
    for (const { kind, name } of this.#stored.values()) {
      if (name === undefined || centralApplications.includes(name)) continue;
      if (kind === 'hub' && (hubs.includes(name) || this.#stored.has(fileName({ kind: 'central', name }))))
        continue;
      const files = kind === 'hub' ? [kind] : ([kind, 'hub'] as const);
      const names = files.map((each) => fileName({ kind: each, name })).join(' and ');
      problems.push({
        option: kind === 'hub' ? 'hubs' : 'centralApplications',
        message: `leaves out ${name}, of which ${this.path} holds ${names}.`,
        remedy: `Name it again. Or remove ${names}, to give up all that is known of its devices.`,
      });
    }
    if (problems.length > 0) throw new InvalidOptionsError(problems);
  }

  /**
   * Writes the changes, if {@link begin} was called, and unlocks the folder. Idempotent, never rejects: see {@link
   * StateWriter.close}.
   */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#lock.release();
  }
}

async function readFiles(directory: string): Promise<ReadonlyMap<string, StoredFile>> {
  const files = new Map<string, StoredFile>();
  for (const fileName of await namesIn(directory)) {
    const [, single, several, name] = FILE_NAME.exec(fileName) ?? [];
    const kind = (single ?? several) as StateFile['kind'] | undefined; // the kinds of the expression
    if (kind === undefined) continue;
    const path = join(directory, fileName);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw notReadable(path, error);
    });
    try {
      const content = parseDocument(text);
      files.set(fileName, { kind, ...(name !== undefined && { name }), text, content });
    } catch (error) {
      throw brokenFile(path, error);
    }
  }
  return files;
}

/** Removes the temporary files and directories of a process that was killed. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (name === SERVER) await removeLeftovers(join(directory, name));
    else if (isOurs(nameOfTemporary(name))) await rm(join(directory, name), { force: true, recursive: true });
  }
}

function isOurs(name: string | undefined): boolean {
  return name !== undefined && (FILE_NAME.test(name) || /^(?:\.gitignore|server|.+\.pem)$/.test(name));
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: unknown) => {
    throw notReadable(directory, error);
  });
}
