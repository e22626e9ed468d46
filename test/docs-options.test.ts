import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_VARIABLES } from '../src/options/environment';

/* docs/options.md names every option and every environment variable, and none that does not exist. */

const read = (...path: string[]) => readFileSync(join(__dirname, '..', ...path), 'utf8');
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name);

const page = read('docs', 'options.md');
/** The names in the first columns of the tables below a heading. */
const documented = (...headings: string[]) =>
  page
    .split(/^## /m)
    .filter((section) => headings.some((heading) => section.startsWith(`${heading}\n`)))
    .flatMap((section) => found(section, /^\| `([\w.]+)` *\|/gm));

test('docs/options.md names every option, and none that does not exist', () => {
  const [, list = ''] =
    /KNOWN_OPTIONS = names\(\{([^}]*)\}\)/.exec(read('src', 'options', 'validate.ts')) ?? [];
  const known = found(list, /^ *(\w+): true,$/gm);
  expect(known.length).toBeGreaterThan(20);
  const names = documented('Credentials', 'Registration', 'Connection');
  expect(names.filter((name) => !name.includes('.')).sort()).toEqual([...known].sort());
});

test('docs/options.md names the members of every option that is an object', () => {
  const types = read('src', 'options', 'types.ts');
  const membersOf = (type: string) => {
    const [, body = ''] = new RegExp(`interface ${type} \\{([^}]*)\\}`).exec(types) ?? [];
    return found(body, /^ {2}(\w+)\?:/gm);
  };
  const members = [
    ...membersOf('ReconnectOptions').map((name) => `reconnect.${name}`),
    ...membersOf('OfflineQueueOptions').map((name) => `offlineQueue.${name}`),
  ];
  expect(members.length).toBeGreaterThan(3);
  expect(
    documented('Connection')
      .filter((name) => name.includes('.'))
      .sort(),
  ).toEqual(members.sort());
});

test('docs/options.md names every environment variable with its option, and none that does not exist', () => {
  const rows = Object.entries(OPTION_VARIABLES).map(([option, variable]) => `\`${variable}\` \`${option}\``);
  const [, section = ''] = page.split('## Environment variables\n');
  const documentedRows = [...section.matchAll(/^\| (`[A-Z_]+`) *\| (`\w+`)/gm)].map(
    ([, variable = '', option = '']) => `${variable} ${option}`,
  );
  expect(documentedRows.sort()).toEqual(rows.sort());
});
