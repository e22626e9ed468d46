import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError } from '../terminal/failure';

/** The prefix of the names of pipes, and of the folders for sockets whose state folder has too long a path. */
const PREFIX = 'azure-iot-emulator-';

/** The number of hexadecimal digits after the prefix. */
const DIGITS = 24;

/** The longest path of a socket that every system takes, in bytes (`sun_path` has 104 on macOS, 108 on Linux). */
const MAX_PATH_BYTES = 100;

/**
 * The address at which the emulator of a state folder listens for commands: a socket in the folder, or a named pipe on
 * Windows.
 */
export function controlAddress(stateDirectory: string): string {
  const directory = resolve(stateDirectory);
  const name = createHash('sha256').update(directory).digest('hex').slice(0, DIGITS);
  if (process.platform === 'win32') return `\\\\.\\pipe\\${PREFIX}${name}`;
  const path = join(directory, 'control.sock');
  return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : join(tmpdir(), PREFIX + name, 'control.sock');
}

/**
 * Checks the folder of a socket that is not in the state folder. Every user can make folders in its place.
 *
 * @throws CommandError when it is somebody else's, or open to others
 */
export async function checkControlFolder(address: string): Promise<void> {
  const folder = dirname(address);
  const isShared =
    dirname(folder) === tmpdir() && new RegExp(`^${PREFIX}[0-9a-f]{${DIGITS}}$`).test(basename(folder));
  if (process.platform === 'win32' || !isShared) return;
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new CommandError({
    code: 'FOLDER_NOT_PRIVATE',
    message: `The folder ${folder}, for the commands of the emulator, belongs to somebody else or is open to others.`,
    remedy: 'Remove it if you can, or choose a state folder with a shorter path with --state.',
  });
}
