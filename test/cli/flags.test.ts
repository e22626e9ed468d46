import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectTypeOf } from 'expect-type';
import fc from 'fast-check';
import { defineCommand } from '../../src/cli/command';
import { durationText, parseDuration } from '../../src/cli/duration';
import {
  choice,
  duration,
  flagName,
  json,
  path,
  repeatable,
  required,
  text,
  toggle,
  wholeNumber,
  withDefault,
  type FlagValues,
} from '../../src/cli/flags';
import { MemoryIo } from './support/memory-io';
import { runCommand } from './support/run-command';

const flags = {
  cn: text('name', 'Common name.'),
  days: wholeNumber('Days.', 1, 10),
  timeout: withDefault(duration('How long.', 1000), '2m'),
  algorithm: withDefault(choice('name', ['EC-P256', 'RSA-2048'], 'Kind.'), 'EC-P256'),
  out: path('directory', 'Where.'),
  payload: json('JSON.'),
  skipCheck: repeatable(text('rule', 'Rules.')),
  yes: toggle('No questions.', 'y'),
};

/** Runs a command with the flags; answers with what its action was given, or with the explanation of what is wrong. */
async function parse(args: readonly string[], cwd = process.cwd()) {
  const io = new MemoryIo({ cwd });
  let given: { values: FlagValues<typeof flags>; operands: readonly string[] } | undefined;
  const command = defineCommand({
    name: 'probe',
    summary: 'Shows its flags',
    description: [],
    operand: { term: '[file...]', description: 'Files.' },
    flags,
    examples: [],
    run: ({ values, operands }) => {
      given = { values, operands };
      return Promise.resolve(0);
    },
  });
  const code = await runCommand(command, args, io);
  return { ...given, code, err: io.err };
}

describe('a command line', () => {
  test('gives every flag a value of its type, wherever it stands, and leaves operands in order', async () => {
    const line = ['a.crt', '--cn', 'pump-1', '--days=3', '-y', '--timeout', '5s', '--payload', '{"a":[1]}'];
    const { values, operands } = await parse([
      ...line,
      ...['b.crt', '--algorithm', 'RSA-2048', '--', '--cn'],
    ]);
    expectTypeOf<FlagValues<typeof flags>['days']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<FlagValues<typeof flags>['algorithm']>().toEqualTypeOf<'EC-P256' | 'RSA-2048'>();
    expectTypeOf<FlagValues<typeof flags>['skipCheck']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<FlagValues<typeof flags>['yes']>().toEqualTypeOf<boolean>();
    expectTypeOf(required(flags.cn).parse).returns.toEqualTypeOf<string>();
    expect(values).toMatchObject({
      ...{ cn: 'pump-1', days: 3, timeout: 5000, algorithm: 'RSA-2048', out: undefined },
      ...{ payload: { a: [1] }, skipCheck: [], yes: true },
    });
    expect(operands).toEqual(['a.crt', 'b.crt', '--cn']);
  });

  test('gives flags that are absent their defaults', async () => {
    const { values } = await parse([]);
    expect(values).toMatchObject({ timeout: 120_000, algorithm: 'EC-P256', yes: false, cn: undefined });
  });

  test('gives a repeatable flag all its values', async () => {
    const { values } = await parse(['--skip-check', 'one', '--skip-check=two']);
    expect(values).toMatchObject({ skipCheck: ['one', 'two'] });
  });

  test.each<[string, readonly string[], string]>([
    ['an unknown flag, with the one that was meant', ['--timout', '5s'], 'Did you mean --timeout?'],
    ['an unknown flag that is like no other', ['--frobnicate'], "unknown option '--frobnicate'"],
    ['an unknown letter', ['-x'], "unknown option '-x'"],
    ['a flag without its value', ['--cn'], "option '--cn <name>' argument missing"],
    ['a flag whose value was forgotten', ['--cn', '--days', '3'], '--cn needs a value.'],
    ['an empty value', ['--cn', ''], '--cn must not be empty.'],
    ['a value for a switch', ['--yes=1'], "unknown option '--yes'"],
    ['a flag given twice', ['--cn', 'a', '--cn', 'b'], '--cn is given more than once.'],
    ['a word for a number', ['--days', 'ten'], '--days must be a whole number from 1 to 10, not "ten".'],
    ['a number out of range', ['--days', '11'], 'from 1 to 10, not "11"'],
    ['a part of a day', ['--days', '1.5'], 'whole number'],
    ['a hexadecimal number', ['--days', '0x3'], 'whole number'],
    ['a time without its unit', ['--timeout', '5'], 'such as 30s or 2m, not "5"'],
    ['a time that is too short', ['--timeout', '1ms'], 'from 1s to 24d'],
    ['an unknown word', ['--algorithm', 'RSA-2408'], 'not "RSA-2408". Did you mean RSA-2048?'],
    ['text that is no JSON', ['--payload', '{a:1}'], '--payload must be JSON'],
    ['a file of JSON that is missing', ['--payload', '@missing.json'], 'cannot be read (ENOENT)'],
    ['the content of a file for its path', ['--out', '-----BEGIN X-----'], 'not the content of a file.'],
    ['an empty path', ['--out='], '--out must be a path.'],
  ])('is refused with %s', async (_what, args, expected) => {
    const { code, err } = await parse(args);
    expect(code).toBe(2);
    expect(err).toContain(expected);
    expect(err).toMatch(/\nSee: azure-iot-x509 probe --help\n$/);
  });

  test('that is refused never repeats the value of an unknown flag or the content of a file', async () => {
    const { err } = await parse(['--passphrase=open-sesame-42']);
    expect(err).toContain("unknown option '--passphrase'");
    expect(err).not.toContain('open-sesame-42');
    expect((await parse(['--out', '-----BEGIN X-----'])).err).not.toContain('BEGIN');
  });

  test('is never a crash, whatever its words are', async () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--cn', '--days', '-y', '--', '-', '--out=', '--payload', '@', '--timeout', '1s'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (args) => {
        expect([0, 2]).toContain((await parse(args)).code);
      }),
    );
  });
});

describe('paths of a command line', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('are resolved against the working directory of the command', async () => {
    const { values, operands } = await parse(['--out', 'certs', 'a.crt'], directory);
    expect(values).toMatchObject({ out: join(directory, 'certs') });
    expect(operands).toEqual([join(directory, 'a.crt')]);
    expect((await parse(['--out', 'certs'])).values).toMatchObject({ out: 'certs' });
    writeFileSync(join(directory, 'payload.json'), '{"from":"file"}');
    const read = await parse(['--payload', '@payload.json'], directory);
    expect(read.values).toMatchObject({ payload: { from: 'file' } });
    writeFileSync(join(directory, 'payload.json'), 'not JSON');
    expect((await parse(['--payload', '@payload.json'], directory)).err).toContain('does not hold JSON');
  });
});

test('lengths of time are read and written with their unit', () => {
  expect(['500ms', '5s', '1.5s', '2m', '1h', '7d'].map(parseDuration)).toEqual([
    ...[500, 5000, 1500, 120_000, 3_600_000, 604_800_000],
  ]);
  expect(['', '5', 's', '-5s', '5 s', '5S', '1e3s'].map(parseDuration)).toEqual(Array(7).fill(undefined));
  expect([500, 5000, 1500, 120_000, 0].map(durationText)).toEqual(['500ms', '5s', '1500ms', '2m', '0ms']);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 12 }), (milliseconds) => {
      expect(parseDuration(durationText(milliseconds))).toBe(milliseconds);
    }),
  );
});

test('flags are written in kebab case', () => {
  expect(['idScope', 'pkcs12', 'caPassphraseEnv'].map(flagName)).toEqual([
    '--id-scope',
    '--pkcs12',
    '--ca-passphrase-env',
  ]);
});
