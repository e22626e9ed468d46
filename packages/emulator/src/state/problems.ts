import { FileError, InvalidOptionsError } from 'azure-iot-certificates';
import { NewerFormatError } from './formats';

/** The system's name of what went wrong, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: the errors of node:fs come from another realm under Jest and in vm contexts.
  const isCoded = typeof error === 'object' && error !== null && 'code' in error;
  return isCoded && typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, without its name. */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage ? String(error.message) : String(error);
}

const REMEDY =
  'Correct the file or put a copy of it back. Or move it away, to begin with nothing in its place.';

/** A file of the state directory is damaged, or was edited and is wrong now. */
export function brokenFile(path: string, cause: unknown, remedy: string = REMEDY): FileError {
  return new FileError({
    code: 'FILE_NOT_READABLE',
    path,
    message: `${path} cannot be used: ${messageOf(cause)}. The emulator has not changed it.`,
    remedy:
      cause instanceof NewerFormatError
        ? 'Use the release of azure-iot-emulator that has written it or a later one, or pass another stateDirectory.'
        : remedy,
    cause,
  });
}

/** The system does not let us read a file or folder. */
export function notReadable(path: string, cause: unknown): FileError {
  return new FileError({
    code: 'FILE_NOT_READABLE',
    path,
    message: `Cannot read ${path}: ${systemCode(cause) ?? messageOf(cause)}.`,
    remedy: 'Check that this user may read it, or pass another stateDirectory.',
    cause,
  });
}

/** Another emulator has the state directory. */
export class StateInUseError extends InvalidOptionsError {
  /** The ID of its process, as far as it is known, and where it runs when it is another machine or container. */
  readonly owner: string;

  constructor(directory: string, owner: string) {
    const message = `is in use: the emulator of process ${owner} keeps its state in ${directory}.`;
    const remedy =
      'Stop that emulator ("azure-iot-emulator stop", if the command line has started it), or pass another folder.';
    super([{ option: 'stateDirectory', message, remedy }]);
    // What it is for users of the library, who do not know this class.
    this.name = 'InvalidOptionsError';
    this.owner = owner;
  }
}

/** The option `stateDirectory` is right in itself and does not work now. */
export function unusableStateDirectory(message: string, remedy: string): InvalidOptionsError {
  return new InvalidOptionsError([{ option: 'stateDirectory', message, remedy }]);
}
