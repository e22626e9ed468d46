import { join, resolve } from 'node:path';
import type { Io } from '../io';
import { commandLine } from '../shell';

/** Where the emulator keeps its state unless it is told otherwise. */
export const DEFAULT_STATE = '.azure-iot-emulator';

/** The root of the servers' certificates, in the directory of the state. */
const CA_FILE = 'emulator-ca.pem';

/** An emulator as command lines speak of it, also those that are copied into another terminal. */
export interface Place {
  /** The directory of its state, absolute. */
  readonly directory: string;
  /** The root of the servers' certificates, absolute. */
  readonly caFile: string;
  /** A line that acts on this emulator: that of `emulator`, or of a command of its group. */
  readonly command: (...words: readonly string[]) => string;
}

/** The emulator of `--state`. */
export function placeOf({ state }: { readonly state: string }, { cwd }: Pick<Io, 'cwd'>): Place {
  const directory = resolve(cwd, state);
  const stateFlag = directory === resolve(cwd, DEFAULT_STATE) ? [] : ['--state', directory];
  return {
    directory,
    caFile: join(directory, CA_FILE),
    command: (...words) => commandLine('emulator', ...words, ...stateFlag),
  };
}
