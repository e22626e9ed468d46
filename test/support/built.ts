import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';

/** The root of the repository. A program requires it as the package azure-iot-x509. */
export const ROOT = resolve(__dirname, '../..');

/** The command line azure-iot-x509 as it is built. */
export const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

/** The environment in which a program of {@link writeProgram} finds its packages, wherever it is. */
export const PROGRAM_ENV = { NODE_PATH: join(ROOT, 'node_modules') };

/** Writes a program for `node`, given in TypeScript. It gets the packages as they are built: see build.cjs. */
export function writeProgram(file: string, source: string): void {
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs', target: 'node20' });
  writeFileSync(file, code);
}
