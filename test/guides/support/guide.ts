/** What is done with a block of commands: run in its turn, kept running in a terminal of its own, or left to people. */
type Role = 'run' | 'other-terminal' | 'people';

/** A block of commands of a guide. */
export interface Block {
  readonly role: Role;
  readonly commands: string;
  /** What the guide says that it prints on stdout; `…` stands for anything. */
  readonly output?: string;
}

/** Roles by the words, in bold, with which the paragraph before a block begins; all others are run. */
const ROLES: readonly (readonly [start: string, role: Role])[] = [
  ['**Azure:**', 'people'],
  ['**Once:**', 'people'],
  ['**Other terminal:**', 'other-terminal'],
];

/** The blocks of commands of a guide (```sh), each with the output that follows it (```text). */
export function blocksOf(guide: string): readonly Block[] {
  const blocks: Block[] = [];
  let paragraph = '';
  for (const part of guide.split(/\n\n(?=\S)/)) {
    const [, language = '', content = ''] = /^```(\w+)\n([^]*)\n```$/.exec(part.trimEnd()) ?? [];
    if (language === 'sh') blocks.push({ role: roleOf(paragraph), commands: content });
    else if (language === 'text') blocks.push(withOutput(blocks.pop(), content));
    else paragraph = part;
  }
  const fences = guide.match(/^ *```sh$/gm) ?? [];
  if (fences.length !== blocks.length)
    throw new Error('A block of commands is indented or has an empty line.');
  return blocks;
}

function roleOf(paragraph: string): Role {
  return ROLES.find(([start]) => paragraph.startsWith(start))?.[1] ?? 'run';
}

function withOutput(block: Block | undefined, output: string): Block {
  if (block === undefined || block.role === 'people' || block.output !== undefined) {
    throw new Error(`Nothing that is run can print this:\n${output}`);
  }
  return { ...block, output };
}

/** What matches the output that a guide shows: `…` is anything within a line, or when alone, any number of lines. */
export function patternOf(output: string): RegExp {
  const lines = output.split('\n').map((line) => {
    if (line === '…') return '(?:.*\\n)*';
    return `${line.split('…').map(escape).join('.*')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
