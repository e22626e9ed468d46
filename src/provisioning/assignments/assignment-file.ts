import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileError, isObject, nameOfTemporary, writeFiles } from 'azure-iot-certificates/internal';
import type { AssignmentKey } from '../../options/assignment-store';
import { deviceOf, type Entry } from './entry';
import { FileLock, LockLostError } from './file-lock';

const FORMAT_VERSION = 1;
/** The number of attempts to write when the lock is lost, which takes a pause of seconds between two system calls. */
const MAX_ATTEMPTS = 3;

/** An entry, and the text that stands for it in the file. */
interface WrittenEntry extends Entry {
  readonly text: string;
}

/** The files in use, so that all stores of one file share its content and its writes. */
const files = new Map<string, WeakRef<AssignmentFile>>();

/**
 * A JSON file of assignments, which several processes may share. Writers hold a lock while they read, change and
 * replace the file. Who saves or loads while the file is in use waits for the next write or read, which serves all of
 * them. The file is parsed again only when it has changed.
 */
export class AssignmentFile {
  readonly #path: string;
  #entries: ReadonlyMap<string, WrittenEntry> = new Map();
  /** The identity of the file that {@link AssignmentFile.#entries} was read from. */
  #version: string | undefined;
  #unsaved = new Map<string, WrittenEntry>();
  /** The last read or write. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #nextRead: Promise<void> | undefined;
  #nextWrite: Promise<void> | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @param path absolute */
  static at(path: string): AssignmentFile {
    let file = files.get(path)?.deref();
    if (!file) {
      file = new AssignmentFile(path);
      files.set(path, new WeakRef(file));
    }
    return file;
  }

  async load(key: AssignmentKey): Promise<Entry | undefined> {
    this.#nextRead ??= this.#then(async () => {
      this.#nextRead = undefined;
      await this.#read();
    });
    await this.#nextRead;
    return this.#entries.get(deviceOf(key));
  }

  /** @throws FileError `FILE_NOT_WRITABLE` */
  async save(entry: Entry): Promise<void> {
    this.#unsaved.set(deviceOf(entry.key), written(entry));
    this.#nextWrite ??= this.#then(async () => {
      this.#nextWrite = undefined;
      const unsaved = this.#unsaved;
      this.#unsaved = new Map();
      await this.#write(unsaved);
    });
    await this.#nextWrite;
  }

  #then(run: () => Promise<void>): Promise<void> {
    const next = this.#last.then(run);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #write(unsaved: ReadonlyMap<string, WrittenEntry>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#writeLocked(unsaved);
        return;
      } catch (error) {
        if (error instanceof FileError) throw error;
        if (!(error instanceof LockLostError) || attempt === MAX_ATTEMPTS) throw this.#notWritable(error);
      }
    }
  }

  async #writeLocked(unsaved: ReadonlyMap<string, WrittenEntry>): Promise<void> {
    const lock = await FileLock.acquire(this.#path);
    try {
      await this.#read();
      await this.#removeLeftovers();
      const entries = new Map(this.#entries);
      for (const [device, entry] of unsaved) {
        // Behind the others, like an entry that is new.
        entries.delete(device);
        entries.set(device, entry);
      }
      const texts = [...entries.values()].map(({ text }) => text);
      const content = `{\n  "version": ${FORMAT_VERSION},\n  "assignments": [\n${texts.join(',\n')}\n  ]\n}\n`;
      const file = { path: this.#path, content, mode: 0o600 };
      await writeFiles([file], true, () => lock.confirm());
      this.#entries = entries;
      this.#version = await versionOf(this.#path);
    } finally {
      await lock.release();
    }
  }

  /** An unreadable file counts as empty: its devices register again, and the file is written anew. */
  async #read(): Promise<void> {
    const version = await versionOf(this.#path);
    if (version !== undefined && version === this.#version) return;
    this.#entries =
      version === undefined ? new Map() : parse(await readFile(this.#path, 'utf8').catch(() => ''));
    this.#version = version;
  }

  /** Removes what processes have left that were ended while they wrote. */
  async #removeLeftovers(): Promise<void> {
    const directory = dirname(this.#path);
    const ours = [basename(this.#path), basename(FileLock.pathFor(this.#path))];
    for (const name of await readdir(directory)) {
      const of = nameOfTemporary(name);
      if (of !== undefined && ours.includes(of)) await rm(join(directory, name), { force: true });
    }
  }

  #notWritable(cause: unknown): FileError {
    const { code, message } = cause as NodeJS.ErrnoException;
    return new FileError({
      code: 'FILE_NOT_WRITABLE',
      path: this.#path,
      message: `Cannot write ${this.#path}: ${code ?? message}.`,
      remedy:
        'Check that its directory exists, that this user may write there and that the disk is not full.',
      cause,
    });
  }
}

/** A value that differs for each content of the file; `undefined` when there is no file. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}

function written(entry: Entry): WrittenEntry {
  const { key, registration } = entry;
  const text = JSON.stringify({ key, registration }, undefined, 2).replace(/^/gm, '    ');
  return { key, registration, text };
}

function parse(content: string): ReadonlyMap<string, WrittenEntry> {
  try {
    const parsed: unknown = JSON.parse(content);
    if (!isObject(parsed) || parsed['version'] !== FORMAT_VERSION) return new Map();
    const { assignments } = parsed;
    const entries = Array.isArray(assignments) ? assignments.filter(isEntry) : [];
    return new Map(entries.map((entry) => [deviceOf(entry.key), written(entry)]));
  } catch {
    return new Map();
  }
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { key, registration } = value;
  return (
    isObject(key) &&
    ['idScope', 'globalEndpoint', 'registrationId', 'thumbprint'].every((name) => isText(key[name])) &&
    isObject(registration) &&
    ['registrationId', 'deviceId', 'assignedHub'].every((name) => isText(registration[name])) &&
    registration['status'] === 'assigned'
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
