import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { COMMANDS } from '../src/cli/commands';
import { flagName } from '../src/cli/flags';
import { run } from '../src/cli/run';

/* Writes the parts of docs/cli.md that the command line knows: the help of every command, and the variables. */

const PAGE = join(__dirname, '..', 'docs', 'cli.md');

/** The text that `--help` prints. */
async function helpOf(name: string): Promise<string> {
  let text = '';
  const stdout = { write: (part: string) => (text += part) };
  const io = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: '/' };
  const { signal } = new AbortController();
  await run([...name.split(' '), '--help'], {
    ...io,
    signal,
    interrupt: () => undefined,
    now: () => new Date(0),
  });
  return text.trimEnd();
}

async function commands(): Promise<readonly string[]> {
  const sections = COMMANDS.map(async ({ name }) => {
    return [`### ${name}`, '', '```text', await helpOf(name), '```', ''];
  });
  return (await Promise.all(sections)).flat().slice(0, -1);
}

/** The variables that stand for flags, each once. */
function variables(): readonly string[] {
  const flags = COMMANDS.flatMap(({ flags: own }) => Object.entries(own));
  const rows = new Map(flags.flatMap(([name, { env }]) => (env === undefined ? [] : [[env, name] as const])));
  return [
    ...['| Variable | Stands for |', '| --- | --- |'],
    ...[...rows].map(([variable, name]) => `| \`${variable}\` | \`${flagName(name)}\` |`),
  ];
}

/** The page with its generated parts as the command line is now. */
async function render(page: string): Promise<string> {
  const parts = { variables: variables(), commands: await commands() };
  return Object.entries(parts).reduce((text, [name, lines]) => {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end of ${name} -->`];
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined)
      throw new Error(`docs/cli.md lacks "${begin}" or "${end}".`);
    const generated = ['<!-- prettier-ignore-start -->', '', ...lines, '', '<!-- prettier-ignore-end -->'];
    return `${before}${begin}\n${generated.join('\n')}\n${end}${after}`;
  }, page);
}

function read(): string {
  return readFileSync(PAGE, 'utf8').replaceAll('\r\n', '\n');
}

/** Tells whether docs/cli.md is up to date. */
export async function areCliDocsCurrent(): Promise<boolean> {
  return read() === (await render(read()));
}

if (require.main === module) void render(read()).then((page) => writeFileSync(PAGE, page));
