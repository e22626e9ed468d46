import type { Command } from '../command';
import { COMMANDS, GROUPS } from '../commands';
import { flagName, type Flag } from '../flags/spec';
import { GLOBAL_FLAGS } from '../global-flags';

/** What can be typed as a value. */
export type ValueCompletion =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Text that nobody can guess. */
  | { readonly kind: 'text' };

/** A word that can be typed, with what it means. */
export interface CompletionWord {
  readonly word: string;
  readonly description: string;
}

/** A flag that can be typed; a switch has no value. */
export interface CompletionFlag extends CompletionWord {
  readonly value: ValueCompletion | undefined;
}

/** What can be typed after a command, after the first word of several, or at the beginning. */
export interface CompletionNode {
  /** The words so far, without the program's name; empty at the beginning. */
  readonly path: string;
  readonly words: readonly CompletionWord[];
  readonly flags: readonly CompletionFlag[];
  readonly operand: ValueCompletion;
}

const HELP_WORD = 'help';

/** Everything that can be typed, from the tables that also parse it. */
export function completionNodes(): readonly CompletionNode[] {
  const names = [...COMMANDS, ...GROUPS].map(({ name }) => name);
  const help: CompletionNode = {
    path: HELP_WORD,
    words: [],
    flags: [],
    operand: { kind: 'words', words: [...new Set(names.flatMap((name) => name.split(' ')))] },
  };
  const groups = GROUPS.map(({ name }): CompletionNode => ({
    path: name,
    words: COMMANDS.filter((command) => command.name.startsWith(`${name} `)).map(
      ({ name: whole, summary }) => ({
        word: whole.slice(name.length + 1),
        description: summary,
      }),
    ),
    flags: [flagOf('help', GLOBAL_FLAGS.help)],
    operand: { kind: 'text' },
  }));
  const start: CompletionNode = {
    path: '',
    words: [
      ...[...COMMANDS, ...GROUPS]
        .filter(({ name }) => !name.includes(' '))
        .map(({ name, summary }) => ({ word: name, description: summary })),
      { word: HELP_WORD, description: 'Prints the help of a command' },
    ],
    flags: [
      flagOf('help', GLOBAL_FLAGS.help),
      { word: '--version', description: 'Prints the version', value: undefined },
    ],
    operand: { kind: 'text' },
  };
  return [start, help, ...groups, ...COMMANDS.map(nodeOf)];
}

function nodeOf({ name, flags, operands = [] }: Command): CompletionNode {
  const [operand] = operands;
  const words = operand?.type === 'enum' ? (operand.values ?? []) : [];
  return {
    path: name,
    words: words.map((word) => ({ word, description: operand?.description ?? '' })),
    flags: Object.entries({ ...flags, ...GLOBAL_FLAGS }).map(([flag, spec]) => flagOf(flag, spec)),
    operand: operand?.type === 'file' ? { kind: 'file' } : { kind: 'text' },
  };
}

function flagOf(name: string, flag: Flag): CompletionFlag {
  return { word: flagName(name), description: firstSentence(flag.description), value: valueOf(flag) };
}

function valueOf(flag: Flag): ValueCompletion | undefined {
  switch (flag.type) {
    case 'boolean':
      return undefined;
    case 'file':
    case 'directory':
      return { kind: flag.type };
    case 'enum':
      return { kind: 'words', words: flag.values };
    default:
      return { kind: 'text' };
  }
}

/** As much of a description as fits beside a word. */
function firstSentence(text: string): string {
  return text.split(/, e\.g\. |[.;:](?:\s|$)/)[0] ?? text;
}
