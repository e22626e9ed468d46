import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expectTypeOf } from 'expect-type';
import { durationText, parseDuration } from '../../src/cli/flags/duration';
import { parseFlags } from '../../src/cli/flags/parse';
import { flagName, flagTable, type FlagTable, type FlagValues } from '../../src/cli/flags/spec';
import { UsageError } from '../../src/cli/usage-error';

const table = flagTable({
  cn: { type: 'string', description: 'Common name.', env: 'COMMON_NAME' },
  days: { type: 'number', isInteger: true, min: 1, max: 10, description: 'Days.' },
  timeout: { type: 'duration', min: 1000, default: 120_000, description: 'How long.' },
  algorithm: { type: 'enum', values: ['EC-P256', 'RSA-2048'], default: 'EC-P256', description: 'Kind.' },
  out: { type: 'directory', description: 'Where.' },
  payload: { type: 'json', description: 'JSON.' },
  skipCheck: { type: 'string', repeatable: true, description: 'Rules.' },
  yes: { type: 'boolean', short: 'y', env: 'YES', description: 'No questions.' },
});

const surroundings = { env: {}, cwd: process.cwd() };
const parse = (args: readonly string[], env: Record<string, string> = {}, flags: FlagTable = table) =>
  parseFlags(args, flags, { ...surroundings, env });

async function problemsOf(
  args: readonly string[],
  env: Record<string, string> = {},
  flags: FlagTable = table,
) {
  const error: unknown = await parse(args, env, flags).catch((reason: unknown) => reason);
  if (!(error instanceof UsageError)) throw new Error('It was not refused.');
  return error.problems;
}

describe('a command line', () => {
  test('gives every flag its type, wherever it stands, and leaves the rest in order', async () => {
    const line = ['a.crt', '--cn', 'pump-1', '--days=3', '-y', '--timeout', '5s', 'b.crt', '--', '--cn'];
    const { values, operands, sources } = await parseFlags(
      [...line.slice(0, 8), '--algorithm', 'RSA-2048', '--payload', '{"a":[1]}', ...line.slice(8)],
      table,
      surroundings,
    );
    expectTypeOf(values.days).toEqualTypeOf<number | undefined>();
    expectTypeOf(values.algorithm).toEqualTypeOf<'EC-P256' | 'RSA-2048'>();
    expectTypeOf(values.skipCheck).toEqualTypeOf<readonly string[]>();
    expectTypeOf<FlagValues<typeof table>['yes']>().toEqualTypeOf<boolean>();
    expect(values).toEqual({
      cn: 'pump-1',
      days: 3,
      timeout: 5000,
      algorithm: 'RSA-2048',
      out: undefined,
      payload: { a: [1] },
      skipCheck: [],
      yes: true,
    });
    expect(operands).toEqual(['a.crt', 'b.crt', '--cn']);
    expect(sources).toMatchObject({ cn: 'flag', timeout: 'flag' });
  });

  test('takes the variable where the flag is missing, and the default where both are', async () => {
    const { values, sources } = await parse([], { COMMON_NAME: 'from-env', YES: 'true' });
    expect(values).toMatchObject({ cn: 'from-env', yes: true, timeout: 120_000, algorithm: 'EC-P256' });
    expect(sources).toMatchObject({ cn: 'environment', yes: 'environment', timeout: 'default' });
    expect(sources).not.toHaveProperty('days');
    expect((await parse(['--cn', 'flag'], { COMMON_NAME: 'from-env' })).values).toMatchObject({ cn: 'flag' });
    expect((await parse([], { COMMON_NAME: '' })).values).toMatchObject({ cn: undefined });
  });

  test('gives a repeatable flag all its values', async () => {
    const { values } = await parse(['--skip-check', 'one', '--skip-check=two']);
    expect(values).toMatchObject({ skipCheck: ['one', 'two'] });
  });

  test('takes values that begin with a dash after an equals sign, and negative numbers', async () => {
    const flags = flagTable({
      offset: { type: 'number', description: '' },
      text: { type: 'string', description: '' },
    });
    const { values } = await parse(['--offset', '-2.5', '--text=-x'], {}, flags);
    expect(values).toEqual({ offset: -2.5, text: '-x' });
  });

  test.each<[string, readonly string[], string | RegExp]>([
    [
      'an unknown flag, with the one that was meant',
      ['--timout', '5s'],
      '--timout is not a flag. Did you mean --timeout?',
    ],
    ['an unknown flag that is like no other', ['--frobnicate'], '--frobnicate is not a flag.'],
    ['the beginning of flags', ['--skip'], '--skip is not a flag. Did you mean --skip-check?'],
    ['an unknown letter', ['-x'], '-x is not a flag.'],
    ['a flag without its value', ['--cn'], '--cn needs a value.'],
    ['a flag whose value was forgotten', ['--cn', '--days', '3'], /^--cn needs a value; .*equals sign/],
    ['an empty value', ['--cn', ''], '--cn must not be empty.'],
    ['a value for a switch', ['--yes=1'], '--yes is a switch and takes no value.'],
    ['a flag given twice', ['--cn', 'a', '--cn', 'b'], '--cn is given more than once.'],
    ['a word for a number', ['--days', 'ten'], '--days must be a whole number from 1 to 10, not "ten".'],
    ['a number out of range', ['--days', '11'], /from 1 to 10, not "11"/],
    ['a part of a day', ['--days', '1.5'], /whole number/],
    ['a hexadecimal number', ['--days', '0x3'], /whole number/],
    ['a time without its unit', ['--timeout', '5'], /with its unit .*such as 30s or 2m, not "5"/],
    ['a time that is too short', ['--timeout', '1ms'], /of 1s or more/],
    [
      'an unknown word',
      ['--algorithm', 'RSA-2408'],
      /must be one of EC-P256, RSA-2048, not "RSA-2408"\. Did you mean RSA-2048\?/,
    ],
    ['what is no JSON', ['--payload', '{a:1}'], /must be JSON .*quotes/],
    ['a file of JSON that is missing', ['--payload', '@missing.json'], /cannot be read \(ENOENT\)/],
    ['the content of a file for its path', ['--out', '-----BEGIN X-----'], /needs a value/],
    [
      'the content of a file for its path, too',
      ['--out=-----BEGIN X-----'],
      '--out must be a path, not the content of a file.',
    ],
    ['an empty path', ['--out='], '--out must be a path.'],
  ])('refuses %s', async (_what, args, expected) => {
    const problems = await problemsOf(args);
    expect(problems[0]).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  });

  test('names everything that is wrong at once', async () => {
    expect(await problemsOf(['--days', '0', '--nonsense', '--timeout', 'x'])).toHaveLength(3);
  });

  test('names the variable that is wrong, and what is missing', async () => {
    expect(await problemsOf([], { YES: 'maybe' })).toEqual(['YES (environment variable) must be 1 or 0.']);
    const flags = flagTable({ code: { type: 'string', required: true, env: 'CODE', description: '' } });
    expect(await problemsOf([], {}, flags)).toEqual([
      '--code is missing, and so is the environment variable CODE.',
    ]);
  });

  test('is never a crash', async () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--cn', '--days', '-y', '--', '-', '--out=', '--payload', '@', '--timeout', '1s'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (args) => {
        await parse(args).catch((error: unknown) => expect(error).toBeInstanceOf(UsageError));
      }),
    );
  });
});

describe('paths', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('are looked for in the working directory of the command', async () => {
    const elsewhere = { env: {}, cwd: directory };
    const { values } = await parseFlags(['--out', 'certs'], table, elsewhere);
    expect(values.out).toBe(join(directory, 'certs'));
    expect((await parse(['--out', 'certs'])).values).toMatchObject({ out: 'certs' });
    writeFileSync(join(directory, 'payload.json'), '{"from":"file"}');
    const read = await parseFlags(['--payload', '@payload.json'], table, elsewhere);
    expect(read.values.payload).toEqual({ from: 'file' });
    writeFileSync(join(directory, 'payload.json'), 'not JSON');
    await expect(parseFlags(['--payload', '@payload.json'], table, elsewhere)).rejects.toThrow(
      'does not hold JSON',
    );
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
