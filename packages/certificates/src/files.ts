import { constants, type Stats } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FileError } from './errors';
import { printable } from './text';

/** A file to be written. */
export interface FileContent {
  path: string;
  content: string;
  /** Permission bits, independent of the umask. */
  mode: number;
}

/** A file that is complete under a temporary name in the same directory. */
interface StagedFile extends FileContent {
  temporaryPath: string;
}

function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: the errors of node:fs come from another realm under Jest and in vm contexts.
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function existsError(path: string, cause?: unknown): FileError {
  return new FileError({
    code: 'FILE_EXISTS',
    message: `${printable(path)} exists already; nothing was overwritten.`,
    remedy: 'Choose another name or directory, or pass overwrite: true.',
    path,
    cause,
  });
}

function notWritableError(path: string, cause: unknown): FileError {
  return new FileError({
    code: 'FILE_NOT_WRITABLE',
    message: `Cannot write ${printable(path)}: ${systemCode(cause) ?? String(cause)}.`,
    remedy: 'Check that its directory is one, that this user may write there and that the disk is not full.',
    path,
    cause,
  });
}

/**
 * Creates the directory and those above it with mode 0700. An existing directory stays as it is.
 *
 * @returns whether the directory was created
 * @throws FileError `FILE_NOT_WRITABLE`
 */
export async function ensureDirectory(directory: string): Promise<boolean> {
  try {
    return await makeDirectory(resolve(directory));
  } catch (cause) {
    throw notWritableError(directory, cause);
  }
}

/**
 * A replacement for the recursive `mkdir` of Node.js, which never ends where a parent answers ENOENT, as `/proc` does.
 */
async function makeDirectory(path: string): Promise<boolean> {
  const above = dirname(path);
  try {
    return await makeOneDirectory(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || above === path) throw error;
  }
  await makeDirectory(above);
  return await makeOneDirectory(path);
}

async function makeOneDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    const isThere = await stat(path).then(
      (existing) => existing.isDirectory(),
      () => false,
    );
    if (isThere) return false;
    throw error;
  }
}

/**
 * Checks that all paths can be written.
 *
 * @throws FileError `FILE_EXISTS` when a path is taken, even by a dangling link, and may not be overwritten;
 * `FILE_NOT_WRITABLE` when it is taken by a directory.
 */
export async function checkTargets(paths: readonly string[], overwrite: boolean): Promise<void> {
  for (const path of paths) {
    let existing: Stats;
    try {
      existing = await lstat(path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') continue;
      throw notWritableError(path, error);
    }
    if (!overwrite) throw existsError(path);
    if (existing.isDirectory())
      throw notWritableError(path, Object.assign(new Error('Is a directory'), { code: 'EISDIR' }));
  }
}

const TEMPORARY_NAME = /^\.(.+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** The path in the same directory under which a file or directory is completed, before it gets its own name. */
export function temporaryPathFor(path: string): string {
  // The global loads node:crypto at its first use, and importing the package does not.
  return join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
}

/** The name for which a temporary name was made with {@link temporaryPathFor}; undefined for any other name. */
export function nameOfTemporary(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.[1];
}

async function stage(file: FileContent): Promise<StagedFile> {
  const { path, content, mode } = file;
  const temporaryPath = temporaryPathFor(path);
  try {
    const handle = await open(temporaryPath, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    await rm(temporaryPath, { force: true });
    throw notWritableError(path, cause);
  }
  return { ...file, temporaryPath };
}

/** The error codes of file systems without hard links: FAT, some network and container mounts. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Places a file under a name that must be free. `link` fails if the name is taken; `rename` would replace the file. */
async function placeNew({ path, temporaryPath }: StagedFile): Promise<void> {
  try {
    await link(temporaryPath, path);
  } catch (error) {
    if (!NO_HARD_LINKS.has(systemCode(error) ?? '')) throw error;
    await copyFile(temporaryPath, path, constants.COPYFILE_EXCL);
  }
}

/**
 * Writes all files or none. Each file is completed under a temporary name in the same directory, then put in place.
 * With `overwrite` the files are replaced one after the other, in the order given.
 *
 * @param mayPlace called when the files are complete, before the first gets its name; if it rejects, none does
 * @throws FileError `FILE_EXISTS` or `FILE_NOT_WRITABLE`, or what `mayPlace` rejects with
 */
export async function writeFiles(
  files: readonly FileContent[],
  overwrite: boolean,
  mayPlace?: () => Promise<void>,
): Promise<void> {
  const staged: StagedFile[] = [];
  const placed: StagedFile[] = [];
  try {
    for (const file of files) staged.push(await stage(file));
    await mayPlace?.();
    for (const file of staged) {
      try {
        await (overwrite ? rename(file.temporaryPath, file.path) : placeNew(file));
      } catch (cause) {
        throw systemCode(cause) === 'EEXIST'
          ? existsError(file.path, cause)
          : notWritableError(file.path, cause);
      }
      placed.push(file);
    }
  } catch (error) {
    // New files are removed again. Replaced files cannot be restored.
    if (!overwrite) for (const { path } of placed) await rm(path, { force: true });
    throw error;
  } finally {
    for (const { temporaryPath } of staged) await rm(temporaryPath, { force: true });
  }
}

/**
 * Removes the file if it exists.
 *
 * @throws FileError `FILE_NOT_WRITABLE`
 */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw notWritableError(path, cause);
  }
}
