import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../src/cli/command';
import { COMMANDS } from '../src/cli/commands';
import { flagName, type FlagTable } from '../src/cli/flags/spec';
import { GLOBAL_FLAGS } from '../src/cli/global-flags';
import { flagRows, usageLine } from '../src/cli/help';

/* Writes the parts of docs/cli.md that the tables of the command line know: every command with its flags, and variables. */

const PAGE = join(__dirname, '..', 'docs', 'cli.md');

/** Text in a cell of a table. */
const plain = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)];
}

function command(one: Command): readonly string[] {
  const { name, summary, description, operands = [], flags, examples } = one;
  return [
    `### ${name}`,
    '',
    `${plain(summary)}.`,
    '',
    '```sh',
    usageLine(one),
    '```',
    '',
    ...description.flatMap((paragraph) => [plain(paragraph), '']),
    ...table(
      ['Argument or flag', 'Meaning'],
      [
        ...operands.map((operand) => [`\`${operand.name}\``, plain(operand.description)]),
        ...flagRows(flags).map(([term, meaning]) => [`\`${term.replaceAll('|', '\\|')}\``, plain(meaning)]),
      ],
    ),
    '',
    ...examples.flatMap(({ does, line }) => ['```sh', `# ${does}`, line, '```', '']),
  ];
}

/** The variables that stand for flags, each once. */
function variables(): readonly string[] {
  const flags = COMMANDS.flatMap(({ flags: own }: { flags: FlagTable }) => Object.entries(own));
  const rows = new Map(
    flags.flatMap(([name, { env }]) => (env === undefined ? [] : [[env, `\`${flagName(name)}\``] as const])),
  );
  return table(
    ['Variable', 'Stands for'],
    [...rows].map(([variable, flag]) => [`\`${variable}\``, flag]),
  );
}

/** What is generated, by the name in its markers. */
const PARTS: Readonly<Record<string, () => readonly string[]>> = {
  variables,
  commands: () => [
    ...COMMANDS.flatMap(command),
    `Every command also has ${flagRows(GLOBAL_FLAGS)
      .map(([term, meaning]) => `\`${term}\` (${meaning.replace(/\.$/, '')})`)
      .join(' and ')}.`,
  ],
};

/** The page with its generated parts as the tables want them now. */
function render(page: string): string {
  return Object.entries(PARTS).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end of ${name} -->`];
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined)
      throw new Error(`docs/cli.md lacks "${begin}" or "${end}".`);
    const generated = ['<!-- prettier-ignore-start -->', '', ...part(), '', '<!-- prettier-ignore-end -->'];
    return `${before}${begin}\n${generated.join('\n')}\n${end}${after}`;
  }, page);
}

function read(): string {
  return readFileSync(PAGE, 'utf8').replaceAll('\r\n', '\n');
}

/** Whether docs/cli.md is what the tables say now. */
export function areCliDocsCurrent(): boolean {
  return read() === render(read());
}

if (require.main === module) writeFileSync(PAGE, render(read()));
