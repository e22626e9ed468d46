import { readFileSync } from 'node:fs';
import { join } from 'node:path';

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

test('docs/options.md names every environment variable, and none that does not exist', () => {
  const source = read('src', 'options', 'environment.ts');
  const variables = new Set([
    ...found(source, /\bread\('([A-Z_]+)'\)/g),
    ...found(source, /\benv\['([A-Z_]+)'\]/g),
    ...found(source, /^ {2}([A-Z_]+): *$|^ {2}([A-Z_]+): ['"`]/gm).filter((name) => name !== ''),
  ]);
  expect(variables.size).toBeGreaterThan(5);
  expect(documented('Environment variables').sort()).toEqual([...variables].sort());
});
