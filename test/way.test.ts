import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startEmulator } from 'azure-iot-emulator';
import { enrollDevice } from './support/enrolled-device';

/* The way from connectDevice to the first packet can be read in one sitting. */

const ROOT = join(__dirname, '..');
/** Files of the device library and of the certificates package together. */
const MAX_FILES = 35;

test('connectDevice runs functions of at most 35 files before the first packet', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  const { options } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
  const program = join(__dirname, 'support/way.cjs');
  const child = spawn(process.execPath, [program, ROOT], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(options));
  const files = JSON.parse(await text(child.stdout)) as readonly string[];
  expect(files).toEqual(
    expect.arrayContaining([
      'dist/connect.js',
      'dist/network/wire.js',
      'packages/certificates/dist/checking/inspect.js',
    ]),
  );
  expect(files.length).toBeLessThanOrEqual(MAX_FILES);
});
