import { open, readFile, readlink, rename, rm, link } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isObject, temporaryPathFor } from 'azure-iot-certificates/internal';

/** A lock that does not change for this time was left by a process that was ended, or that is stopped. */
const ABANDONED_AFTER_MS = 5_000;
/** The longest pause between two attempts. It is random, so that no process is always second. */
const MAX_PAUSE_MS = 20;

/** The lock was taken away from its owner, which had held it for too long. */
export class LockLostError extends Error {
  constructor(path: string) {
    super(`The lock ${path} was taken over by another process.`);
    this.name = 'LockLostError';
  }
}

/**
 * A file that one process at a time can create. It names its owner, so that it is removed at once when the owner is
 * known to have ended, and otherwise when it has been there for too long.
 */
export class FileLock {
  readonly #path: string;
  readonly #owner: string;

  private constructor(path: string, owner: string) {
    this.#path = path;
    this.#owner = owner;
  }

  /** The path of the lock of a file. */
  static pathFor(file: string): string {
    return join(dirname(file), `.${basename(file)}.lock`);
  }

  /** Waits for the lock of a file. Rejects with the system's error when no lock can be made there. */
  static async acquire(file: string): Promise<FileLock> {
    const path = FileLock.pathFor(file);
    const owner = JSON.stringify({ pid: process.pid, at: await place(), token: crypto.randomUUID() });
    let seen: string | undefined;
    let since = 0;
    while (!(await create(path, owner))) {
      const present = await contentOf(path);
      if (present !== seen) {
        seen = present;
        since = performance.now();
      }
      if (present === undefined) continue;
      const isOld = performance.now() - since > ABANDONED_AFTER_MS;
      if (isOld || (await hasEnded(present))) await takeAway(path, present);
      else await setTimeout(Math.random() * MAX_PAUSE_MS);
    }
    return new FileLock(path, owner);
  }

  /** @throws LockLostError when another process has the lock now */
  async confirm(): Promise<void> {
    if ((await contentOf(this.#path)) !== this.#owner) throw new LockLostError(this.#path);
  }

  /** Never rejects. A lock that cannot be removed is abandoned some time later. */
  async release(): Promise<void> {
    if ((await contentOf(this.#path).catch(() => undefined)) !== this.#owner) return;
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

/** Creates the lock if there is none. */
async function create(path: string, owner: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(owner);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (isTaken((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}

function isTaken(code: string | undefined): boolean {
  // Windows answers EPERM while a file is being removed.
  return code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM');
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Removes an abandoned lock. Another process may have replaced it meanwhile: the lock gets a name of its own first, and
 * one that is not the abandoned one is put back.
 */
async function takeAway(path: string, abandoned: string): Promise<void> {
  const aside = temporaryPathFor(path);
  try {
    await rename(path, aside);
    if ((await contentOf(aside)) !== abandoned) await link(aside, path);
  } catch {
    // Somebody else was first.
  } finally {
    await rm(aside, { force: true });
  }
}

/** Where process IDs are unique: this machine, or this container. */
async function place(): Promise<string> {
  return `${hostname()} ${await readlink('/proc/self/ns/pid').catch(() => '')}`;
}

/** Tells whether the owner of a lock is known to have ended. */
async function hasEnded(content: string): Promise<boolean> {
  try {
    const owner: unknown = JSON.parse(content);
    if (!isObject(owner) || owner['at'] !== (await place()) || !Number.isInteger(owner['pid'])) return false;
    process.kill(owner['pid'] as number, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
