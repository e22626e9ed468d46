import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..', '..');

/** Builds the package unless its build is newer than its sources: it is what users run that is measured. */
export async function ensureBuilt(log: (line: string) => void): Promise<void> {
  if ((await builtAt()) > (await changedAt())) return;
  log('Building');
  const compiler = require.resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: ROOT });
}

async function builtAt(): Promise<number> {
  const times = await Promise.all(
    ['index.js', 'emulator/index.js'].map((file) =>
      stat(join(ROOT, 'dist', file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.min(...times);
}

async function changedAt(): Promise<number> {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const times = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).mtimeMs),
  );
  return Math.max(...times);
}
