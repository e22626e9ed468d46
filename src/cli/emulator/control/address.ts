import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CommandError } from '../../command-error';

/** Of the folders for sockets whose state directory has a path that is too long. */
const PREFIX = 'azure-iot-x509-';

/** The longest path of a socket that every system takes, in bytes (`sun_path` has 104 on macOS, 108 on Linux). */
const MAX_PATH_BYTES = 100;

/** Where the emulator of a state directory listens for commands: a socket in it, or a named pipe on Windows. */
export function controlAddress(stateDirectory: string): string {
  const directory = resolve(stateDirectory);
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\azure-iot-x509-${name}`;
  const path = join(directory, 'control.sock');
  return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : join(tmpdir(), PREFIX + name, 'control.sock');
}

/**
 * Checks the folder of a socket that is not in the state directory: anybody can make folders where it is.
 *
 * @throws CommandError when it is somebody else's, or open to others
 */
export async function checkControlFolder(address: string): Promise<void> {
  const folder = dirname(address);
  if (process.platform === 'win32' || !folder.startsWith(join(tmpdir(), PREFIX))) return;
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new CommandError({
    code: 'FOLDER_NOT_PRIVATE',
    message: `The folder ${folder}, for the commands of the emulator, belongs to somebody else or is open to others.`,
    remedy: 'Remove it if you can, or choose a state directory with a shorter path with --state.',
  });
}
