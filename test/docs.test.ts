import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/* What README and docs promise: their snippets compile under the strictest settings, and their links lead somewhere. */

const root = resolve(__dirname, '..');
const others = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  'examples/gateway/README.md',
];
const pages = [...others, ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter(
  (name) => name.endsWith('.md'),
);

/** The TypeScript blocks of a page, unindented (blocks in lists are indented), as files that do not exist. */
function snippets(page: string): Map<string, string> {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^( *)```ts\n([^]*?)^ *```$/gm)];
  return new Map(
    blocks.map(([, indent = '', code = ''], index) => [
      join(root, 'examples', `${page.replaceAll('/', '-')}.${index + 1}.ts`),
      code.replace(new RegExp(`^${indent}`, 'gm'), ''),
    ]),
  );
}

test('the snippets of README and docs compile', () => {
  const files = new Map(pages.flatMap((page) => [...snippets(page)]));
  expect(files.size).toBeGreaterThan(5);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // A snippet may define what it does not use.
  const options = { ...parsed.options, noUnusedLocals: false, skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (name) => files.has(name) || onDisk.fileExists(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const code = files.get(name);
    if (code === undefined) return onDisk.getSourceFile(name, languageVersion, ...rest);
    return ts.createSourceFile(name, code, languageVersion);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = [...files.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(
        ({ messageText }) => `${relative(root, name)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
  );
  expect(problems).toEqual([]);
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => !existsSync(join(root, dirname(page), target.replace(/#.*$/, ''))));
  expect(broken).toEqual([]);
});

test('the section that the demo points to exists', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(
    '## Connecting to a real Azure subscription',
  );
});
