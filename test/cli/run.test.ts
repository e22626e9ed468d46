import { debugFlag, defineCommand, jsonFlag, type Command } from '../../src/cli/command';
import { CommandError } from '../../src/cli/command-error';
import { COMMANDS, GROUPS } from '../../src/cli/commands';
import { flagName, wholeNumber, type FlagTable } from '../../src/cli/flags';
import { run } from '../../src/cli/run';
import { CredentialsError, InvalidOptionsError } from '../../packages/certificates/src/errors';
import { ProvisioningError } from '../../src/errors/errors';
import { version } from '../../package.json';
import { commandLinesOf, readCommandLine } from '../support/command-lines';
import { MemoryIo } from './support/memory-io';
import { runCommand } from './support/run-command';

/** A command that does what a test wants. */
function commandThat(work: Command['run']): Command {
  return defineCommand({
    name: 'probe',
    summary: 'Does what a test wants',
    description: [],
    operand: { term: '[file]', description: 'A file.' },
    flags: { ...jsonFlag, count: wholeNumber('How many.', 0) },
    examples: [],
    run: work,
  });
}

// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever is thrown must be explained
const failing = (error: unknown) => commandThat(() => Promise.reject(error));

describe('the help', () => {
  test.each(['--help', '-h', 'help'])('%s shows every command on stdout', async (word) => {
    const io = new MemoryIo();
    expect(await run([word], io)).toBe(0);
    for (const { name } of COMMANDS) {
      const [first = ''] = name.split(' ');
      expect(io.out).toMatch(new RegExp(`^  ${first}( |$)`, 'm'));
    }
    expect(io.out).toContain('Exit codes:');
    expect(io.err).toBe('');
  });

  test('is printed on stderr, as wrong usage, when there is no command', async () => {
    const io = new MemoryIo();
    expect(await run([], io)).toBe(2);
    expect(io.out).toBe('');
    expect(io.err).toContain('Usage:');
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s names every flag and has examples, as --help and as help COMMAND',
    async (name, { flags, examples }) => {
      const io = new MemoryIo();
      expect(await run([...name.split(' '), '--help'], io)).toBe(0);
      for (const flag of [...Object.keys(flags), ...Object.keys(debugFlag)])
        expect(io.out).toMatch(new RegExp(`^ +(-\\w, )?${flagName(flag)}( |$)`, 'm'));
      for (const { line } of examples) expect(io.out).toContain(line);
      expect(examples.length).toBeGreaterThan(0);
      const other = new MemoryIo();
      expect(await run(['help', ...name.split(' ')], other)).toBe(0);
      expect(other.out).toBe(io.out);
    },
  );

  test.each(Object.keys(GROUPS))('of the group %s shows its commands', async (group) => {
    const io = new MemoryIo();
    expect(await run([group, '-h'], io)).toBe(0);
    for (const { name } of COMMANDS) {
      const [first, second = ''] = name.split(' ');
      if (first === group) expect(io.out).toMatch(new RegExp(`^  ${second} `, 'm'));
    }
    const half = new MemoryIo();
    expect(await run([group], half)).toBe(2);
    expect(half.err).toBe(io.out);
  });

  test('keeps to the width of the terminal', async () => {
    for (const { name } of COMMANDS) {
      const io = new MemoryIo({ terminal: { columns: 72 }, env: { NO_COLOR: '1' } });
      await run(['help', ...name.split(' ')], io);
      const beforeExamples = io.out.slice(0, io.out.indexOf('\nExamples'));
      expect(beforeExamples.split('\n').filter((line) => line.length > 72)).toEqual([]);
    }
  });

  test('is printed although the rest of the line is wrong, but not for words after --', async () => {
    expect(await run(['cert', 'root', '--nonsense', '-h'], new MemoryIo())).toBe(0);
    expect(await run(['cert', 'show', '--', '--help'], new MemoryIo())).toBe(1);
  });
});

test.each(COMMANDS.flatMap(({ examples }) => examples.map(({ line }) => line)))(
  'the example %s is read as the program reads it',
  async (line) => {
    const lines = commandLinesOf(line);
    expect(lines).toHaveLength(1);
    for (const found of lines) await readCommandLine(found);
  },
);

test('every flag is described in sentences, and no letter means two things', () => {
  for (const { flags } of COMMANDS) {
    const table: FlagTable = { ...flags, ...debugFlag };
    const all = Object.entries(table);
    for (const [name, { description }] of all) {
      expect({ flag: flagName(name), description }).toEqual({
        flag: flagName(name),
        description: expect.stringMatching(/^[A-Z"].*\.$/) as string,
      });
    }
    const letters = all.flatMap(([, { short }]) => short ?? []);
    expect(new Set(['h', ...letters]).size).toBe(letters.length + 1);
  }
});

test.each(['--version', '-V'])('%s prints the version', async (flag) => {
  const io = new MemoryIo();
  expect(await run([flag], io)).toBe(0);
  expect(io.out).toBe(`${version}\n`);
});

describe('wrong usage ends with 2, and nothing on stdout', () => {
  test.each([
    [['chekc'], "error: unknown command 'chekc'\n(Did you mean check?)"],
    [['cert', 'rot'], "error: unknown command 'rot'\n(Did you mean root?)"],
    [['frobnicate'], "error: unknown command 'frobnicate'"],
    [['help', 'frobnicate'], "error: unknown command 'frobnicate'"],
    [['--jason'], "error: unknown option '--jason'"],
    [['cert', 'root', '--cn', 'R', '--dyas', '3'], "error: unknown option '--dyas'\n(Did you mean --days?)"],
    [['cert', 'root'], "error: required option '--cn <name>' not specified"],
    [['cert', 'show'], "error: missing required argument 'file'"],
    [['check', 'now'], 'error: too many arguments'],
  ])('%s', async (args, message) => {
    const io = new MemoryIo();
    expect(await run(args, io)).toBe(2);
    expect(io.out).toBe('');
    expect(io.err).toContain(message);
    expect(io.err).toMatch(/\nSee: azure-iot-x509 .*--help\n$/);
  });
});

test('wrong usage is JSON on stdout with --json, so that there is always one document', async () => {
  const io = new MemoryIo();
  expect(await run(['check', '--json', '--nonsense'], io)).toBe(2);
  expect(io.json).toEqual({
    error: {
      code: 'USAGE',
      message: "unknown option '--nonsense'",
      remedy: 'See: azure-iot-x509 check --help',
    },
  });
});

describe('the failure of a command', () => {
  const refused = new ProvisioningError({
    code: 'REGISTRATION_REFUSED',
    message: 'DPS does not know "pump-1".',
    remedy: 'Correct registrationId or certFile.',
    serviceCode: 401002,
    trackingId: 'abc\u001b[2J',
    cause: new Error('beneath'),
  });

  test('is explained on stderr with a remedy in terms of flags, and the exit code is 1', async () => {
    const io = new MemoryIo();
    expect(await runCommand(failing(refused), [], io)).toBe(1);
    expect(io.out).toBe('');
    expect(io.err).toBe(
      [
        'error: DPS does not know "pump-1".',
        'What to do: Correct --registration-id or --cert.',
        'Reference: DPS code 401002, tracking ID abc\\u001b[2J',
        '',
      ].join('\n'),
    );
  });

  test('is JSON on stdout too with --json', async () => {
    const io = new MemoryIo();
    expect(await runCommand(failing(refused), ['--json'], io)).toBe(1);
    expect(io.json).toEqual({
      error: {
        code: 'REGISTRATION_REFUSED',
        message: 'DPS does not know "pump-1".',
        remedy: 'Correct --registration-id or --cert.',
        isTransient: false,
        service: 'dps',
        serviceCode: 401002,
        trackingId: 'abc\u001b[2J',
      },
    });
    expect(io.err).toContain('error: ');
  });

  test('after lines of JSON is the last line, and after the one document it is on stderr only', async () => {
    const lines = commandThat(({ output }) => {
      output.event({ json: { n: 1 }, text: () => ['1'] });
      return Promise.reject(refused);
    });
    const stream = new MemoryIo();
    await runCommand(lines, ['--json'], stream);
    expect(stream.jsonLines).toEqual([
      { n: 1 },
      { error: expect.objectContaining({ serviceCode: 401002 }) as object },
    ]);
    const document = commandThat(({ output }) => {
      output.result({ json: { n: 1 }, text: () => ['1'] });
      return Promise.reject(refused);
    });
    const single = new MemoryIo();
    await runCommand(document, ['--json'], single);
    expect(single.json).toEqual({ n: 1 });
  });

  test('shows its stack only with --debug', async () => {
    const plain = new MemoryIo();
    await runCommand(failing(refused), [], plain);
    expect(plain.err).not.toMatch(/ {4}at |beneath/);
    const debug = new MemoryIo();
    await runCommand(failing(refused), ['--debug'], debug);
    expect(debug.err).toMatch(/ {4}at /);
    expect(debug.err).toContain('beneath');
  });

  test('by wrong options is wrong usage, and names the flags', async () => {
    const io = new MemoryIo();
    const error = new InvalidOptionsError([
      { option: 'idScope', message: 'must be letters.', remedy: 'Copy it.' },
      { option: 'timeoutMs', message: 'is odd.', remedy: 'Leave timeoutMs out.' },
    ]);
    expect(await runCommand(failing(error), [], io)).toBe(2);
    expect(io.err).toContain('- --id-scope must be letters.\n- --timeout is odd.');
    expect(io.err).toContain('- Leave --timeout out.');
  });

  test('by credentials leaves quoted names as they are', async () => {
    const io = new MemoryIo();
    const message = 'The file "certFile keyFile" (certFile) is empty, but option passphrase is not given.';
    const remedy = 'Correct the path in certFile: openssl x509 -in certFile.pem';
    const findings = [{ rule: 'file-not-empty', severity: 'error' as const, message, remedy }];
    const report = { ok: false, registrationId: undefined, certificate: undefined, chain: [], findings };
    expect(await runCommand(failing(new CredentialsError(report)), [], io)).toBe(1);
    expect(io.err).toContain('The file "certFile keyFile" (--cert) is empty, but no passphrase is given.');
    expect(io.err).toContain('Correct the path in --cert: openssl x509 -in certFile.pem');
  });

  test.each([new Error('Something odd.'), 'a string', undefined, { message: 7 }])(
    'by an unexpected error (%p) is explained, and points to --debug',
    async (error) => {
      const io = new MemoryIo();
      expect(await runCommand(failing(error), [], io)).toBe(1);
      expect(io.err).toMatch(/^error: .+\nWhat to do: .*--debug/);
    },
  );

  test('with a message and a remedy of its own is printed as it is', async () => {
    const io = new MemoryIo();
    const error = new CommandError({ code: 'PROFILE_INVALID', message: 'No.', remedy: 'Yes.' });
    expect(await runCommand(failing(error), [], io)).toBe(1);
    expect(io.err).toBe('error: No.\nWhat to do: Yes.\n');
  });
});

describe('an interruption of a command', () => {
  test.each([130, 143])('ends with %d, whatever the command makes of it', async (code) => {
    const io = new MemoryIo();
    const waiting = commandThat(async ({ io: { signal } }) => {
      io.interrupt(code);
      signal.throwIfAborted();
      return await Promise.resolve(0);
    });
    expect(await runCommand(waiting, [], io)).toBe(code);
    expect(io.err).toBe('Interrupted.\n');
  });

  test('before it begins keeps it from starting', async () => {
    const io = new MemoryIo();
    io.interrupt();
    let isStarted = false;
    const starting = commandThat(() => {
      isStarted = true;
      return Promise.resolve(0);
    });
    expect(await runCommand(starting, [], io)).toBe(130);
    expect(isStarted).toBe(false);
  });

  test('because the reader of its output has gone is no failure, and prints nothing', async () => {
    const io = new MemoryIo();
    const writing = commandThat(({ io: { signal } }) => {
      io.closeOutput();
      return Promise.reject(signal.reason as Error);
    });
    expect(await runCommand(writing, [], io)).toBe(0);
    expect(io.err).toBe('');
  });
});

test('operands of a command are paths in the working directory', async () => {
  const io = new MemoryIo({ cwd: '/somewhere' });
  const seen: string[] = [];
  const command = commandThat(({ operands }) => {
    seen.push(...operands);
    return Promise.resolve(0);
  });
  expect(await runCommand(command, ['a.crt'], io)).toBe(0);
  expect(seen).toEqual(['/somewhere/a.crt']);
});
