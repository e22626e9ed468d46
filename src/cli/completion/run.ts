import type { Invocation } from '../command';
import { EXIT } from '../exit-codes';
import { bashScript } from './bash';
import type { flags, SHELLS } from './command';
import { fishScript } from './fish';
import { completionNodes, type CompletionNode } from './model';
import { zshScript } from './zsh';

const SCRIPTS: Readonly<Record<string, (nodes: readonly CompletionNode[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
} satisfies Record<(typeof SHELLS)[number], unknown>;

/** The command `completion`. */
export function run({ operands: [shell = ''], output }: Invocation<typeof flags>): Promise<number> {
  output.raw(SCRIPTS[shell]?.(completionNodes()) ?? '');
  return Promise.resolve(EXIT.ok);
}
