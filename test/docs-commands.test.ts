import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmulator } from 'azure-iot-emulator';
import { statusOf } from '../packages/emulator/src/cli/commands/status';
import { SCENARIOS } from '../scripts/example/scenarios';
import { readRunBlocks } from './guides/support/run-pages';
import { commandLinesOf, readCommandLine } from './support/command-lines';
import { codeBlocksOf, PAGES, readPage, ROOT } from './support/pages';

/*
 * Every line for a shell that the pages print is run by a test, or at least one that can be run: a command of this
 * package with flags that it takes, a script of package.json, an example that exists.
 */

/** The blocks of a page in one of these languages. */
function codeIn(page: string, ...languages: readonly string[]): readonly string[] {
  return codeBlocksOf(readPage(page))
    .filter(({ language }) => languages.includes(language))
    .map(({ code }) => code);
}

/** The command lines of our programs that a page prints: for a shell, or in the `run:` of a workflow. */
const commandLinesIn = (page: string) =>
  codeIn(page, 'sh', 'yaml')
    .flatMap(commandLinesOf)
    .filter(({ words }) => words.at(-1) !== '[FLAGS]');

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const EXAMPLES = [...Object.keys(SCENARIOS), 'testing'];

/** What may be printed without being run, besides commands of this package. */
const KNOWN: readonly ((command: string) => boolean)[] = [
  (command) => commandLinesOf(command).length > 0,
  (command) =>
    /^npm (?:ci|test|install(?: -g| --save-dev)?(?: azure-iot-(?:x509|certificates|emulator|device))+)$/.test(
      command,
    ),
  (command) => command === 'azure-iot-emulator' || command === 'npx azure-iot-emulator',
  (command) => {
    const [, script = '', example] =
      /^npm run ([\w:]+)(?: -- ([\w-]+)(?: --emulator)?)?$/.exec(command) ?? [];
    if (scripts[script] === undefined) return false;
    return script === 'example' ? EXAMPLES.includes(example ?? '') : example === undefined;
  },
  (command) => /^(?:export )?[A-Z_]+=\S+$/.test(command),
  // Of other makers, and not on every machine.
  (command) => /^(?:keytool|java|sudo apt-get|npx (?:esbuild|postject)|bun|deno) /.test(command),
  (command) =>
    /^(?:node --experimental-sea-config sea-config\.json|cp "\$\(command -v node\)" device)$/.test(command),
  (command) => /^npm (?:init --yes|pkg set type=module)$/.test(command),
];

/** The commands of a block, each on a line of its own in the end. */
const commandsOf = (code: string): readonly string[] =>
  code
    .replaceAll(/ *\\\n */g, ' ')
    .split(/\n|&&/)
    .map((command) => command.replace(/(^|\s)#.*$/, '').trim())
    .filter((command) => command !== '');

/** A loop of a shell around commands. */
const isLoop = (command: string): boolean => /^(?:for .*; do|done)$/.test(command);

test.each(PAGES)('the commands of %s are run by a test, or could be', (page) => {
  const areRun = readRunBlocks(page);
  const unknown = codeIn(page, 'sh')
    .filter((code) => !areRun.has(code.trimEnd()))
    .flatMap(commandsOf)
    .filter((command) => !isLoop(command))
    .filter((command) => !KNOWN.some((isKnown) => isKnown(command)));
  expect(unknown).toEqual([]);
});

test.each(PAGES)('the command line reads what %s prints of it', async (page) => {
  for (const line of commandLinesIn(page)) await readCommandLine(line);
});

test.each(['docs/cli.md', 'packages/emulator/docs/emulator-cli.md'])(
  '%s prints command lines that are read',
  (page) => {
    expect(commandLinesIn(page).length).toBeGreaterThan(5);
  },
);

/** Pages whose commands people type in any shell. */
const ANY_SHELL = [
  'README.md',
  'examples/README.md',
  'docs/cli.md',
  'docs/cli-connect.md',
  'docs/cli-doctor.md',
  'packages/emulator/README.md',
  'packages/emulator/docs/emulator.md',
  'packages/emulator/docs/emulator-cli.md',
  ...PAGES.filter((page) => page.startsWith('docs/guide-')),
];

/** Lines that PowerShell does not understand, or does otherwise. */
const OF_POSIX_SHELLS = /\\$|^\s*(?:export |eval |for |[A-Z_]+=)/;

test.each(ANY_SHELL)('%s tells of PowerShell where a command is of a POSIX shell', (page) => {
  const posix = codeIn(page, 'sh').flatMap((code) =>
    code.split('\n').filter((line) => OF_POSIX_SHELLS.test(line)),
  );
  // A continued line can be one line in every shell.
  expect(posix.filter((line) => line.endsWith('\\'))).toEqual([]);
  if (posix.length > 0) expect(readPage(page)).toContain('PowerShell');
  const assigned = posix
    .filter((line) => /^[A-Z_]+=/.test(line))
    .map((line) => `$${line.replace(/=.*/, ' = ')}`);
  for (const line of assigned) expect(codeIn(page, 'powershell').join('\n')).toContain(line);
});

test('what pages take from the status of the emulator in PowerShell is in it', async () => {
  await using emulator = await startEmulator();
  const status: object = { ...statusOf(emulator), caFile: '' };
  const lines = PAGES.flatMap((page) => codeIn(page, 'powershell').flatMap((code) => code.split('\n')));
  const taken = lines.flatMap((line) => /\$emulator((?:\.\w+|\[\d\])+)$/.exec(line)?.[1] ?? []);
  expect(new Set(taken)).toEqual(new Set(['.idScope', '.central[0].idScope', '.globalEndpoint', '.caFile']));
  for (const path of taken) expect(status).toHaveProperty(path.slice(1));
});

describe('a command line that does not work is found', () => {
  test.each([
    'azure-iot-x509 cert leaf --cn pump-1',
    'azure-iot-x509 cert device --common-name pump-1',
    'npx azure-iot-x509 connect device-profile.json',
    'node dist/cli/main.js cert verification',
    'npx azure-iot-emulator enroll',
    'node packages/emulator/dist/cli/main.js enroll pump-1.crt --hub',
    'eval "$(azure-iot-x509 profile shw)"',
    "timeout 30 sh -c 'until azure-iot-x509 chek >/dev/null; do sleep 1; done'",
  ])('%s', async (line) => {
    const lines = commandLinesOf(line);
    expect(lines).toHaveLength(1);
    for (const found of lines) await expect(readCommandLine(found)).rejects.toThrow();
  });

  test.each([
    'npm run exmple -- twin --emulator',
    'npm run example -- twn',
    'npm start',
    'rm -rf certificates',
  ])('%s', (line) => {
    expect(KNOWN.some((isKnown) => isKnown(line))).toBe(false);
  });
});
