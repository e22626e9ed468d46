import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startEmulator } from 'azure-iot-emulator';
import { enrollDevice } from './support/enrolled-device';

/* The way of connectDevice must be one that can be read in one sitting. Run from built code: npm run build. */

const ROOT = join(__dirname, '..');
/** Files of the device library, and of the certificates package, before the first packet. */
const MAX_FILES = { library: 22, certificates: 27 };

test('connectDevice runs functions of few files before the first packet', async () => {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  const { options } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
  const program = join(__dirname, 'support/way.cjs');
  const child = spawn(process.execPath, [program, ROOT], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(options));
  const files = JSON.parse(await text(child.stdout)) as readonly string[];
  const certificates = files.filter((file) => file.startsWith('packages/certificates/'));
  const library = files.filter((file) => file.startsWith('dist/'));
  expect(files).toEqual(expect.arrayContaining(['dist/connect.js', 'dist/network/wire.js']));
  expect(files).toHaveLength(library.length + certificates.length);
  expect(library.length).toBeLessThanOrEqual(MAX_FILES.library);
  expect(certificates.length).toBeLessThanOrEqual(MAX_FILES.certificates);
});
