import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areCliDocsCurrent } from '../../scripts/generate-cli-docs';
import { COMMANDS } from '../../src/cli/commands';
import { parseFlags } from '../../src/cli/flags/parse';
import { GLOBAL_FLAGS } from '../../src/cli/global-flags';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'cli.md'), 'utf8');

test('docs/cli.md is what the tables of the command line say; else run: npm run docs:cli', () => {
  expect(areCliDocsCurrent()).toBe(true);
});

test('every command line in the documentation is one that can be parsed', async () => {
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  const lines = blocks
    .flatMap((code) => code.replaceAll(/ *\\\n */g, ' ').split('\n'))
    .map((line) => /^ *(?:source <\()?azure-iot-x509 ([^|>)]*)/.exec(line)?.[1])
    .filter(
      (line): line is string => line !== undefined && !line.includes('[FLAGS]') && !line.startsWith('--'),
    );
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
    const [command] = COMMANDS.filter(({ name }) =>
      name.split(' ').every((word, index) => words[index] === word),
    ).sort((one, other) => other.name.length - one.name.length);
    if (command === undefined) throw new Error(`Not a command: ${line}`);
    const args = words.slice(command.name.split(' ').length);
    await parseFlags(args, { ...command.flags, ...GLOBAL_FLAGS }, { env: {}, cwd: process.cwd() });
  }
});
