import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { anchorsOf, codeBlocksOf, PAGES, proseOf, readPage, ROOT } from './support/pages';

/* What the pages promise: their snippets compile under the strictest settings, and their links lead somewhere. */

/** The extensions of the files that snippets are, by the language of their blocks. */
const EXTENSIONS: Readonly<Record<string, (code: string) => string>> = {
  ts: () => '.ts',
  // Only CommonJS has `require`.
  js: (code) => (/\brequire\(/.test(code) ? '.cjs' : '.mjs'),
};

/** The snippets of a page, as files that do not exist. */
function snippets(page: string): readonly (readonly [path: string, code: string])[] {
  return codeBlocksOf(readPage(page)).flatMap(({ language, code }, index) => {
    const extension = EXTENSIONS[language]?.(code);
    if (extension === undefined) return [];
    return [[join(ROOT, 'examples', `${page.replaceAll('/', '-')}.${index + 1}${extension}`), code] as const];
  });
}

/** What the compiler says about files that do not exist. */
function compile(files: ReadonlyMap<string, string>): readonly string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const options: ts.CompilerOptions = {
    ...parsed.options,
    // A snippet may define what it does not use.
    noUnusedLocals: false,
    skipLibCheck: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (name) => files.has(name) || onDisk.fileExists(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const code = files.get(name);
    if (code === undefined) return onDisk.getSourceFile(name, languageVersion, ...rest);
    return ts.createSourceFile(name, code, languageVersion);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(
        ({ messageText }) => `${relative(ROOT, name)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
  );
}

test('the snippets in TypeScript and JavaScript compile', () => {
  const files = new Map(PAGES.flatMap(snippets));
  const extensions = [...files.keys()].map((name) => extname(name));
  for (const extension of ['.ts', '.cjs', '.mjs']) expect(extensions).toContain(extension);
  expect(compile(files)).toEqual([]);
});

test('a snippet that is wrong is found', () => {
  const file = (extension: string) => join(ROOT, 'examples', `wrong${extension}`);
  const named = "import { connectDevices } from 'azure-iot-x509';\nconsole.log(connectDevices);";
  const required = "const { connectDevices } = require('azure-iot-x509');\nconnectDevices();";
  for (const [extension, code] of [['.ts', named], ['.mjs', named], ['.cjs', required]] as const) {
    expect(compile(new Map([[file(extension), code]]))).toEqual([expect.stringContaining('connectDevices')]);
  } // prettier-ignore
});

/** Why a link of a page leads nowhere; `undefined` when it does not. */
function problemOf(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#', 2);
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined || anchorsOf(readPage(file)).has(anchor)) return undefined;
  return `${target}: ${file} has no such heading`;
}

/** Links to other sites, which no test asks for. */
const EXTERNAL = /^[a-z]+:/;

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const prose = proseOf(readPage(page));
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)]
    .map(([, inline, defined]) => inline ?? defined ?? '')
    .filter((target) => !EXTERNAL.test(target));
  expect(targets.map((target) => problemOf(page, target)).filter((problem) => problem !== undefined)).toEqual(
    [],
  );
});

test('a link that leads nowhere is found', () => {
  expect(problemOf('docs/options.md', 'conection.md')).toContain('there is no docs/conection.md');
  expect(problemOf('docs/options.md', 'connection.md#stats')).toContain('no such heading');
  expect(problemOf('docs/options.md', '#credentails')).toContain('no such heading');
  expect(problemOf('docs/options.md', 'connection.md#states')).toBeUndefined();
});

test('every page of docs is linked from README', () => {
  const linked = [...readPage('README.md').matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, page]) => page);
  expect(PAGES.filter((page) => page.startsWith('docs/') && !linked.includes(page))).toEqual([]);
});

test('the pages that programs name exist', () => {
  const programs = ['src', 'scripts', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|mjs|service)$/.test(name))
      .map((name) => join(ROOT, folder, name)),
  );
  const named = programs.flatMap((file) => readFileSync(file, 'utf8').match(/\bdocs\/[\w-]+\.md\b/g) ?? []);
  expect(named.length).toBeGreaterThan(5);
  expect([...new Set(named)].filter((page) => !PAGES.includes(page))).toEqual([]);
});

test('the section that the demo points to exists', () => {
  expect(anchorsOf(readPage('README.md'))).toContain('connecting-to-a-real-azure-subscription');
});
