import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readPage } from '../../../../test/support/pages';
import { commandTree, descendantsOf } from './support/read-command-line';

const program = commandTree();
const commands = descendantsOf(program).filter((command) => command.commands.length === 0);
const page = readPage('packages/emulator/docs/emulator-cli.md');

/** The name with that of the family, e.g. `ca add`. */
function nameOf(command: CommandUnknownOpts): string {
  const { parent } = command;
  return parent === null || parent === program ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

/** The first cells of the tables of a section: its arguments and flags. */
function termsOf(section: string): readonly string[] {
  return [...section.matchAll(/^\| `(.+?)` /gm)].map(([, term = '']) => term);
}

test.each(commands.map((command) => [nameOf(command), command] as const))(
  'packages/emulator/docs/emulator-cli.md has a section about "%s" with its arguments and flags, and no others',
  (name, command) => {
    const section = page.split(`\n### ${name}\n`)[1]?.split(/^##/m)[0] ?? '';
    const flags = command.options.map(({ flags: text }) => text.replace(/[<>]/g, ''));
    const known = [...command.registeredArguments.map((argument) => argument.name()), ...flags];
    expect([...termsOf(section)].sort()).toEqual(known.sort());
  },
);

test('packages/emulator/docs/emulator-cli.md has the flags of every command', () => {
  const section = page.split('\n## Every command\n')[1]?.split(/^## /m)[0] ?? '';
  for (const { long } of program.options) expect(section).toContain(`\`${String(long)}`);
});

test('packages/emulator/docs/emulator-cli.md has no section about a command that does not exist', () => {
  const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name);
  expect(sections.sort()).toEqual(commands.map(nameOf).sort());
});

test.each(commands.map((command) => [nameOf(command), command] as const))(
  'the help of "%s" describes it and its arguments and flags in sentences',
  (_name, command) => {
    const parts = [...command.registeredArguments, ...command.options];
    const descriptions = [command.description(), ...parts.map(({ description }) => description)];
    for (const description of descriptions) expect(description).toMatch(/^[A-Z"].*[.)]$/);
  },
);
