import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf, StateInUseError, systemCode, unusableStateDirectory } from './problems';

/** The time in which the owner of a lock must answer, in milliseconds. A stopped process does not answer. */
const ANSWER_TIMEOUT_MS = 1_000;
/** The longest path of a socket (`sun_path`): 108 bytes with the closing zero on Linux, 104 elsewhere. */
const MAX_PATH_BYTES = 103;
const IS_WINDOWS = process.platform === 'win32';

/**
 * Locks a folder for one emulator, also against other processes and against containers that mount the same folder.
 *
 * The lock is a socket. The system closes it when its process ends in any way. A socket that accepts connections has a
 * living owner; any other socket is removed.
 */
export class FolderLock {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws InvalidOptionsError when another emulator uses the folder, or the folder cannot be locked. */
  static async acquire(directory: string): Promise<FolderLock> {
    const problems: string[] = [];
    for (const path of await pathsFor(directory)) {
      try {
        return new FolderLock(await listen(path, directory));
      } catch (error) {
        if (error instanceof StateInUseError) throw error;
        problems.push(messageOf(error));
      }
    }
    throw unusableStateDirectory(
      `cannot be locked against other emulators: ${problems.join('; ')}.`,
      'Check that this user may write there, or pass a folder of a local disk.',
    );
  }

  /** Idempotent, never rejects. The socket's file is removed with it. */
  async release(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

/**
 * The path of the socket: in the folder itself, or in the folder for temporary files if the folder cannot hold sockets
 * (mounts, long paths).
 */
async function pathsFor(directory: string): Promise<readonly string[]> {
  const path = await realpath(directory);
  const name = `azure-iot-emulator-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
  if (IS_WINDOWS) return [`\\\\.\\pipe\\${name}`];
  return [join(path, '.lock'), join(tmpdir(), `${name}.lock`)].filter(
    (each) => Buffer.byteLength(each) <= MAX_PATH_BYTES,
  );
}

async function listen(path: string, directory: string): Promise<Server> {
  try {
    return await bind(path);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE') throw error;
  }
  const owner = await askOwner(path);
  if (owner !== undefined) throw new StateInUseError(directory, owner);
  await rm(path, { force: true });
  return bind(path);
}

async function bind(path: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid), () => socket.destroy());
  }).unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Other users of the folder must be able to query the owner.
    server.listen({ path, readableAll: true, writableAll: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

/** The process ID of the lock's owner, empty if it does not answer; `undefined` when there is no owner. */
async function askOwner(path: string): Promise<string | undefined> {
  const socket = connect(path);
  const timer = setTimeout(() => socket.destroy(new Error('no answer')), ANSWER_TIMEOUT_MS);
  try {
    return await text(socket);
  } catch (error) {
    return ['ECONNREFUSED', 'ENOENT'].includes(systemCode(error) ?? '') ? undefined : '';
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
