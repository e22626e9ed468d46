import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { anchorsOf, codeBlocksOf, PAGES, proseOf, readPage, ROOT, sectionOf } from './support/pages';

/* What the pages promise: their snippets compile under the strictest settings, and their links lead somewhere. */

/** The extensions of the files that snippets are, by the language of their blocks. */
const EXTENSIONS: Readonly<Record<string, (code: string) => string>> = {
  ts: () => '.ts',
  // Only CommonJS has `require`.
  js: (code) => (/\brequire\(/.test(code) ? '.cjs' : '.mjs'),
};

/** Pages whose snippets continue each other, as one ES module with `await` at its top. */
const CONTINUED = ['packages/certificates/README.md'];

/** The snippets of a page, as files that do not exist. */
function snippets(page: string): readonly (readonly [path: string, code: string])[] {
  if (CONTINUED.includes(page)) {
    const blocks = codeBlocksOf(readPage(page)).filter(({ language }) => language === 'ts');
    const file = join(ROOT, 'examples', `${page.replaceAll('/', '-')}.mts`);
    return [[file, blocks.map(({ code }) => code).join('\n')]];
  }
  return codeBlocksOf(readPage(page)).flatMap(({ language, code }, index) => {
    const extension = EXTENSIONS[language]?.(code);
    if (extension === undefined) return [];
    return [[join(ROOT, 'examples', `${page.replaceAll('/', '-')}.${index + 1}${extension}`), code] as const];
  });
}

/** Snippets with a name that does not exist, to show that the compiler would find it. */
const WRONG: ReadonlyMap<string, string> = new Map(
  [
    ['.ts', "import { connectDevices } from 'azure-iot-x509';\nconsole.log(connectDevices);"],
    ['.mjs', "import { connectDevices } from 'azure-iot-x509';\nconsole.log(connectDevices);"],
    ['.cjs', "const { connectDevices } = require('azure-iot-x509');\nconnectDevices();"],
  ].map(([extension = '', code = '']) => [join(ROOT, 'examples', `wrong${extension}`), code]),
);

/** Compiles files that do not exist; answers what the compiler says of one of them. */
function compile(files: ReadonlyMap<string, string>): (file: string) => readonly string[] {
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
  return (file) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(
        ({ messageText }) => `${relative(ROOT, file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
}

describe('the compiler, at its strictest', () => {
  const files = new Map(PAGES.flatMap(snippets));
  const diagnosticsOf = compile(new Map([...files, ...WRONG]));

  test('accepts every snippet in TypeScript and JavaScript of the pages', () => {
    const extensions = [...files.keys()].map((name) => extname(name));
    for (const extension of ['.ts', '.cjs', '.mjs']) expect(extensions).toContain(extension);
    expect([...files.keys()].flatMap(diagnosticsOf)).toEqual([]);
  });

  test.each([...WRONG.keys()].map((file) => [extname(file), file]))(
    'refuses a name that does not exist in a snippet of kind %s',
    (_extension, file) => {
      expect(diagnosticsOf(file)).toEqual([expect.stringContaining('connectDevices')]);
    },
  );
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

/** The links of a text to other files and to headings. */
const targetsOf = (prose: string): readonly string[] =>
  [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)]
    .map(([, inline, defined]) => inline ?? defined ?? '')
    .filter((target) => !EXTERNAL.test(target));

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const targets = targetsOf(proseOf(readPage(page)));
  expect(targets.map((target) => problemOf(page, target)).filter((problem) => problem !== undefined)).toEqual(
    [],
  );
});

test('a link that leads nowhere is found, to a page as well as to a heading', () => {
  expect(problemOf('docs/options.md', 'conection.md')).toContain('there is no docs/conection.md');
  expect(problemOf('docs/options.md', 'connection.md#stats')).toContain('no such heading');
  expect(problemOf('docs/options.md', '#credentails')).toContain('no such heading');
  expect(problemOf('docs/options.md', 'connection.md#states')).toBeUndefined();
});

/** The folders of the packages, and what their tarballs hold besides `dist`. */
const TARBALLS = ['', 'packages/certificates/', 'packages/emulator/'].map((folder) => {
  const { files } = JSON.parse(readPage(`${folder}package.json`)) as { files: readonly string[] };
  // npm adds this one.
  return { folder, included: [...files, 'README.md'] };
});

/** The package that ships a file. */
const tarballOf = (file: string) =>
  TARBALLS.find(({ folder, included }) => {
    const holds = (entry: string) => file === folder + entry || file.startsWith(`${folder}${entry}/`);
    return included.some(holds) && !included.some((entry) => entry.startsWith('!') && holds(entry.slice(1)));
  });

test('a link of a page in a tarball leads to a page in a tarball, or says that it is in the repository alone', () => {
  const targets = PAGES.filter((page) => tarballOf(page) !== undefined).flatMap((page) => {
    const lines = proseOf(readPage(page)).split('\n');
    const published = lines.filter((line) => !line.startsWith('- In the repository alone:')).join('\n');
    return targetsOf(published).map((target) => normalize(join(dirname(page), target.replace(/#.*/, ''))));
  });
  expect(targets.length).toBeGreaterThan(50);
  const files = targets.filter((target) => extname(target) !== '');
  expect(files.filter((file) => tarballOf(file) === undefined)).toEqual([]);
});

test.each(['', 'packages/emulator/'])(
  'every page of %sdocs is linked from the README beside it',
  (folder) => {
    const readme = readPage(`${folder}README.md`);
    const linked = [...readme.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, page = '']) => folder + page);
    const pages = PAGES.filter((page) => page.startsWith(`${folder}docs/`));
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
  },
);

test('the pages of docs/ that programs name exist', () => {
  const folders = ['src', 'packages/certificates/src', 'packages/emulator/src', 'scripts', 'examples'];
  const programs = folders.flatMap((folder) =>
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

/** The rows of the tables of docs/architecture.md below a heading: a folder, and the text about it. */
function rowsBelow(heading: string): readonly (readonly [folder: string, text: string])[] {
  const rows = sectionOf('docs/architecture.md', heading).matchAll(/^\| (`.+?) +\| (.+?) +\|$/gm);
  return [...rows].map(([, folder = '', text = '']) => [folder, text]);
}

const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name);

/** The folders and files right below a folder; folders end with a slash. */
const entriesOf = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );

describe('docs/architecture.md', () => {
  test.each([
    ['The device library', 'src'],
    ['The certificates', 'packages/certificates/src'],
  ])('names every folder and file of %s, and no other', (heading, source) => {
    const rows = rowsBelow(heading);
    expect(rows.length).toBeGreaterThan(4);
    for (const [name, text] of rows) {
      const [folder = ''] = namesIn(name);
      const path = folder === 'src/' ? source : join(source, folder);
      // Commands, stores, uploads and rules are lists; their folders tell of themselves.
      const files = namesIn(text).filter((named) => named.endsWith('.ts'));
      if (files.length === 0) expect(entriesOf(path).length).toBeGreaterThan(1);
      else
        expect([...files].sort()).toEqual(
          entriesOf(path)
            .filter((entry) => /(?<!\.d)\.ts$/.test(entry))
            .sort(),
        );
    }
    const folders = rows.map(([name]) => namesIn(name)[0]);
    expect(folders).toEqual(expect.arrayContaining(entriesOf(source).filter((entry) => entry.endsWith('/'))));
  });

  test('names every folder and file of the emulator that lies right below its sources', () => {
    const named = rowsBelow('The emulator').flatMap(([name]) => namesIn(name));
    const entries = entriesOf('packages/emulator/src').filter((entry) => entry !== 'index.ts');
    expect([...named].sort()).toEqual([...entries].sort());
  });

  test('names places that exist where it tells where to find something', () => {
    const section = sectionOf('docs/architecture.md', 'Where to find it');
    const named = namesIn(section).filter((name) => /^(?:src|packages)\//.test(name));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  });
});
