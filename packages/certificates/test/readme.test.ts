import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import * as certificates from 'azure-iot-certificates';
import ts from 'typescript';
import { useTemporaryDirectory } from './making/temporary-directory';

const at = useTemporaryDirectory();
const README = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');

test('the snippets of README.md run in their order and print what their comments say', async () => {
  const blocks = [...README.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  const imports = blocks.flatMap((code) => [...code.matchAll(/^import \{([^}]*)\} from '([^']*)';$/gm)]);
  const names = imports
    .flatMap(([, list = '']) => list.split(',').map((name) => name.trim()))
    .filter(Boolean);
  expect(new Set(imports.map(([, , source]) => source))).toEqual(new Set(['azure-iot-certificates']));
  expect(Object.keys(certificates)).toEqual(expect.arrayContaining(names));

  const body = blocks.join('\n').replaceAll(/^import \{[^}]*\} from '[^']*';$/gm, '');
  const { outputText } = ts.transpileModule(`async function main() {\n${body}\n}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const printed: string[] = [];
  const log = (...values: unknown[]): void => {
    printed.push(values.join(' '));
  };
  const before = process.cwd();
  process.chdir(at());
  try {
    const source = `(console, library) => { const { ${names.join(', ')} } = library; ${outputText}\nreturn main(); }`;
    const run = runInThisContext(source) as (console: object, names: object) => Promise<void>;
    await run({ log }, certificates);
  } finally {
    process.chdir(before);
  }
  expect(readdirSync(at('certificates'))).toEqual(
    expect.arrayContaining(['root.crt', 'line-1.key', 'pump-1.crt', 'pump-1.key', 'pump-2-chain.crt']),
  );
  expect(printed).toEqual([
    join('certificates', 'pump-1.crt'),
    join('certificates', 'pump-1.key'),
    expect.stringMatching(/^[0-9A-F]{40}$/),
    join('certificates', 'pump-2-chain.crt'),
    expect.stringContaining('BEGIN CERTIFICATE'),
    'true pump-2',
  ]);
});
