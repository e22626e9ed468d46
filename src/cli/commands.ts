import type { Command } from './command';
import { demo } from './demo/command';

/** Words that begin the names of several commands. */
export interface Group {
  readonly name: string;
  readonly summary: string;
}

/** The groups, in the order of `--help`. */
export const GROUPS: readonly Group[] = [];

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly Command[] = [demo];
