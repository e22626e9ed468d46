import { join } from 'node:path';
import { ensureDirectory, writeFiles } from 'azure-iot-certificates/internal';

const GITIGNORE = `# Made by the Azure IoT emulator: there are private keys here. Remove this file to put the others under version control.
*
`;

/**
 * Makes the folder if there is none, for this user alone. A new folder gets a `.gitignore`, because it holds private
 * keys. An existing folder stays unchanged.
 *
 * @throws FileError when it cannot be made.
 */
export async function makeStateDirectory(path: string): Promise<void> {
  if (!(await ensureDirectory(path))) return;
  await writeFiles([{ path: join(path, '.gitignore'), content: GITIGNORE, mode: 0o600 }], true);
}
