import { join, resolve } from 'node:path';
import type { Io } from '../terminal/io';

/** The folder of the emulator's state unless `--state` or `AZURE_IOT_EMULATOR_STATE` names another. */
export const DEFAULT_STATE = '.azure-iot-emulator';

/** The root of the servers' certificates, in the state folder. */
const CA_FILE = 'emulator-ca.pem';

/** The paths and command lines of an emulator. The lines can be copied into another terminal. */
export interface Place {
  /** The state folder, absolute. */
  readonly directory: string;
  /** The root of the servers' certificates, absolute. */
  readonly caFile: string;
  /** A command line of this program for this emulator; without words, the line that starts it. */
  readonly command: (...words: readonly string[]) => string;
}

/** The emulator of a state folder. */
export function placeOf(state: string, { cwd }: Pick<Io, 'cwd'>): Place {
  const directory = resolve(cwd, state);
  const flag = directory === resolve(cwd, DEFAULT_STATE) ? [] : ['--state', directory];
  return {
    directory,
    caFile: join(directory, CA_FILE),
    command: (...words) => commandLine('azure-iot-emulator', ...words, ...flag),
  };
}

/** A line that can be copied into a POSIX shell. Words are quoted if necessary. */
export function commandLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** A text as one word of a POSIX shell, in quotes if it needs them. The text is never shortened. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

/** A text in single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
