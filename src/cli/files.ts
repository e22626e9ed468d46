import { dirname } from 'node:path';
import { checkTargets, ensureDirectory, writeFiles } from 'azure-iot-certificates/internal';

/** A file to be written. */
interface NewFile {
  readonly path: string;
  readonly content: string;
  /** Permission bits, independent of the umask: 0600 for secrets. */
  readonly mode: number;
  /** True if `--force` was given. */
  readonly overwrite: boolean;
}

/**
 * Writes a file, completely or not at all. Replaces an existing file only if `overwrite` is true. Makes the directory.
 *
 * @throws FileError when the file exists or cannot be written
 */
export async function writeNewFile({ path, content, mode, overwrite }: NewFile): Promise<void> {
  await ensureDirectory(dirname(path));
  await checkTargets([path], overwrite);
  await writeFiles([{ path, content, mode }], overwrite);
}

/**
 * Checks beforehand whether {@link writeNewFile} can write the file.
 *
 * @throws FileError when the file exists and may not be replaced
 */
export async function checkFree(path: string, overwrite: boolean): Promise<void> {
  await checkTargets([path], overwrite);
}
