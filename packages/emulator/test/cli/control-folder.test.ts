import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkControlFolder, controlAddress } from '../../src/cli/control/address';

/* The control socket of an emulator whose state folder has a long path lies where anybody can make folders. */

const address = controlAddress(join(tmpdir(), 'x'.repeat(120), String(process.pid)));
const folder = dirname(address);

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a control folder of this user alone is accepted, and so is none', async () => {
  await checkControlFolder(address);
  mkdirSync(folder, { mode: 0o700 });
  await checkControlFolder(address);
});

if (process.platform !== 'win32') {
  test('a control folder that others can write to is refused', async () => {
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    await expect(checkControlFolder(address)).rejects.toMatchObject({
      code: 'FOLDER_NOT_PRIVATE',
      message: expect.stringContaining(folder) as unknown,
    });
  });
}
