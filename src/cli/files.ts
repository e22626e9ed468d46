import { dirname } from 'node:path';
import { checkTargets, ensureDirectory, writeFiles } from 'azure-iot-certificates/internal';

/** A file to be written. */
interface NewFile {
  readonly path: string;
  readonly content: string;
  /** Permission bits, whatever the umask: 0600 for what is secret. */
  readonly mode: number;
  /** True if `--force` was given. */
  readonly overwrite: boolean;
}

/**
 * Writes a file: complete or not at all, and never over another one unless that is wanted. Makes its directory.
 *
 * @throws FileError when the file exists or cannot be written
 */
export async function writeNewFile({ path, content, mode, overwrite }: NewFile): Promise<void> {
  await ensureDirectory(dirname(path));
  await checkTargets([path], overwrite);
  await writeFiles([{ path, content, mode }], overwrite);
}

/**
 * Checks beforehand what {@link writeNewFile} is going to find.
 *
 * @throws FileError when the file exists and may not be replaced
 */
export async function checkFree(path: string, overwrite: boolean): Promise<void> {
  await checkTargets([path], overwrite);
}
