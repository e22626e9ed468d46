import { quoted } from './completion/quoted';
import { PROGRAM } from './program';

/** A text as one word of a POSIX shell, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

/** A line of this program that can be copied, whatever the words are. */
export function commandLine(...words: readonly string[]): string {
  return [PROGRAM, ...words.map(shellWord)].join(' ');
}
