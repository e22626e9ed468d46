import { FileError, InvalidOptionsError } from 'azure-iot-certificates';
import { NewerFormatError } from './document';

/** The system's error code, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  // Not `instanceof Error`: the errors of node:fs come from another realm under Jest and in vm contexts.
  const isCoded = typeof error === 'object' && error !== null && 'code' in error;
  return isCoded && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of an error, without its name. */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage ? String(error.message) : String(error);
}

const REMEDY =
  'Correct the file or put a copy of it back. Or move it away, to begin with nothing in its place.';

/** The error for a file of the state directory that is damaged or was edited wrongly. */
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

/** The error for a file or folder that cannot be read. */
export function notReadable(path: string, cause: unknown): FileError {
  return new FileError({
    code: 'FILE_NOT_READABLE',
    path,
    message: `Cannot read ${path}: ${systemCode(cause) ?? messageOf(cause)}.`,
    remedy: 'Check that this user may read it, or pass another stateDirectory.',
    cause,
  });
}

/** The error for a state directory that another emulator uses. */
export class StateInUseError extends InvalidOptionsError {
  /** The process ID of the other emulator; empty when it does not answer. */
  readonly owner: string;

  constructor(directory: string, owner: string) {
    const who = owner === '' ? 'another emulator' : `the emulator of process ${owner}`;
    const message = `is in use: ${who} keeps its state in ${directory}.`;
    const remedy =
      'Stop that emulator ("azure-iot-emulator stop", if the command line has started it), or pass another folder.';
    super([{ option: 'stateDirectory', message, remedy }]);
    // The library exports only the base class.
    this.name = 'InvalidOptionsError';
    this.owner = owner;
  }
}

/** The error for a state directory that cannot be used now. */
export function unusableStateDirectory(message: string, remedy: string): InvalidOptionsError {
  return new InvalidOptionsError([{ option: 'stateDirectory', message, remedy }]);
}
