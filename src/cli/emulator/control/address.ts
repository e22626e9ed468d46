import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The longest path of a socket that every system takes, in bytes (`sun_path` has 104 on macOS, 108 on Linux). */
const MAX_PATH_BYTES = 100;

/** Where the emulator of a state directory listens for commands: a socket in it, or a named pipe on Windows. */
export function controlAddress(stateDirectory: string): string {
  const directory = resolve(stateDirectory);
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\azure-iot-x509-${name}`;
  const path = join(directory, 'control.sock');
  return Buffer.byteLength(path) <= MAX_PATH_BYTES
    ? path
    : join(tmpdir(), `azure-iot-x509-${name}`, 'control.sock');
}
