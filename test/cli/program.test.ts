import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { version } from '../../package.json';
import { MAIN } from '../support/built';
import { directoryPerTest } from './support/directory';
import { describeInTerminal, inTerminal, Running } from './support/program';

/* The program itself, compiled, as a process: what only a process and a terminal can show. */

const directory = directoryPerTest();
const PASSPHRASE = 'open-sesame-42';
const ROOT = ['cert', 'root', '--cn', 'Contoso Root CA', '--subject', 'O=Contoso'];

const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  new Running(process.execPath, [MAIN, ...args], directory.path, env);

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const running = start(args, env);
  running.child.stdin.end();
  const code = await running.end();
  return { code, out: running.out, err: running.err };
}

test('the program begins with a line for the shell', () => {
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the program prints its version, and exits with the code of its command', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  expect(await run(['cert', 'show', 'missing.crt'])).toMatchObject({ code: 1, out: '' });
  expect(await run(['nonsense'])).toMatchObject({ code: 2, out: '' });
});

test.each([
  [['--help']],
  [['help', 'connect']],
  [['cert', 'root', '--dyas', '1']],
  [['cert', 'show', 'missing.crt']],
  [['check', '--enrollment', 'hub-group', '--cert', 'missing.crt', '--key', 'missing.key']],
])('the program loads no package but commander for %j', async (args) => {
  const script = `
      process.argv.splice(1, 0, ${JSON.stringify(MAIN)});
      process.on('exit', () => {
        const loaded = Object.keys(require.cache).filter((file) => file.includes('node_modules'));
        process.stderr.write(JSON.stringify(loaded.map((file) => file.split('node_modules').pop())) + '\\n');
      });
      require(${JSON.stringify(MAIN)});`;
  const running = new Running(process.execPath, ['-e', script, '--', ...args], directory.path);
  await running.end();
  const loaded = JSON.parse(running.err.trim().split('\n').at(-1) ?? '') as string[];
  expect(loaded.filter((file) => !/^.commander\b/.test(file))).toEqual([]);
});

test('the program makes files in its working directory, and writes plain lines to a pipe', async () => {
  const { code, out, err } = await run(ROOT);
  expect(code).toBe(0);
  expect(out).toContain('  certificates/root.crt  certificate');
  expect(out).toContain(
    'cert verification --code CODE --ca certificates/root.crt --ca-key certificates/root.key',
  );
  expect(err).toBe('Making the key and the certificate …\n');
  expect(out + err).not.toContain('\u001b');
  await run(['cert', 'device', '--cn', 'pump-1', '--subject', 'O=Contoso']);
  const files = ['--cert', 'certificates/pump-1.crt', '--key', 'certificates/pump-1.key'];
  const checked = await run(['check', '--enrollment', 'hub-individual', ...files]);
  expect(checked).toMatchObject({ code: 0, err: '' });
});

test('the program has colors in a pipe with FORCE_COLOR', async () => {
  expect((await run(['--help'], { FORCE_COLOR: '1' })).out).toContain('\u001b[1m');
});

test('the program ends quietly when the reader of its output has gone', async () => {
  const running = start(['--help']);
  running.child.stdout.destroy();
  expect(await running.end()).toBe(0);
  expect(running.err).toBe('');
});

const testWithFullDisk = existsSync('/dev/full') ? test : test.skip;

testWithFullDisk('the program reports that its output cannot be written', async () => {
  const line = `'${process.execPath}' '${MAIN}' --help > /dev/full`;
  const running = new Running('sh', ['-c', line], directory.path);
  expect(await running.end()).toBe(1);
  expect(running.err).toBe('error: The output cannot be written (ENOSPC).\n');
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s while the program makes a key leaves no file, and ends it with %d',
  async (signal, expected) => {
    const running = start([...ROOT, '--algorithm', 'RSA-4096']);
    await running.until(({ err }) => err.includes('Making the key'));
    running.child.kill(signal);
    expect(await running.end()).toBe(expected);
    expect(running.err).toContain('Interrupted.');
    expect(readdirSync(directory.path)).toEqual([]);
  },
);

test('a second Ctrl-C ends a program at once that does not end by itself', async () => {
  const stubborn = `
    const { processIo } = require(${JSON.stringify(join(dirname(MAIN), 'process-io.js'))});
    const io = processIo();
    io.signal.addEventListener('abort', () => process.stdout.write('cleaning up\\n'));
    setInterval(() => undefined, 1000);
    process.stdout.write('ready\\n');`;
  const running = new Running(process.execPath, ['-e', stubborn], directory.path);
  await running.until(({ out }) => out.includes('ready'));
  running.child.kill('SIGINT');
  await running.until(({ out }) => out.includes('cleaning up'));
  expect(running.child.exitCode).toBeNull();
  // One that comes right away is the same key, passed on twice; sooner or later one counts.
  const pressing = setInterval(() => running.child.kill('SIGINT'), 50);
  expect(await running.end()).toBe(130);
  clearInterval(pressing);
});

test('the program asks nothing where there is no terminal', async () => {
  const { code, err } = await run([...ROOT, '--encrypt']);
  expect(code).toBe(2);
  expect(err).toContain('nobody is at a terminal');
});

describeInTerminal('in a terminal, the program', () => {
  const inOne = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    inTerminal([process.execPath, MAIN, ...args], directory.path, env);

  test('has colors, but not with NO_COLOR or TERM=dumb', async () => {
    const colored = inOne(['--help']);
    expect(await colored.end()).toBe(0);
    expect(colored.out).toContain('\u001b[1mUsage:\u001b[22m');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const plain = inOne(['--help'], env);
      await plain.end();
      expect(plain.out).toContain('Usage');
      expect(plain.out).not.toContain('\u001b');
    }
  });

  test('keeps to the width', async () => {
    const narrow = inTerminal(
      ['sh', '-c', `stty cols 60; '${process.execPath}' '${MAIN}' help cert root`],
      directory.path,
      { NO_COLOR: '1' },
    );
    await narrow.end();
    const prose = narrow.out.slice(0, narrow.out.indexOf('Examples')).split('\r\n');
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  test('asks for a passphrase and does not show it', async () => {
    const running = inOne(['cert', 'device', '--cn', 'pump-1', '--subject', 'O=Contoso', '--encrypt']);
    await running.until(({ out }) => out.includes('Passphrase for the new key: '));
    running.type(`${PASSPHRASE}\r`);
    await running.until(({ out }) => out.includes('The same once more: '));
    running.type(`${PASSPHRASE}\r`);
    expect(await running.end()).toBe(0);
    expect(running.out).not.toContain(PASSPHRASE);
    expect(readFileSync(directory.file('certificates/pump-1.key'), 'utf8')).toContain('BEGIN ENCRYPTED');
    const files = ['--cert', 'certificates/pump-1.crt', '--key', 'certificates/pump-1.key'];
    const used = inOne(['check', '--enrollment', 'hub-individual', ...files]);
    await used.until(({ out }) => out.includes('Passphrase of certificates/pump-1.key: '));
    used.type(`${PASSPHRASE}\r`);
    expect(await used.end()).toBe(0);
    expect(used.out).not.toContain(PASSPHRASE);
  });

  test('ends on Ctrl-C at a prompt for a passphrase, with the echo switched on again', async () => {
    const line = `'${process.execPath}' '${MAIN}' ${ROOT.map((word) => `'${word}'`).join(' ')} --encrypt; echo "code $?"; stty -a`;
    const running = inTerminal(['sh', '-c', `trap '' INT; ${line}`], directory.path);
    await running.until(({ out }) => out.includes('Passphrase for the new key: '));
    running.type('abc\u0003');
    await running.end();
    expect(running.out).toContain('Interrupted.');
    expect(running.out).toContain('code 130');
    expect(running.out).toMatch(/ echo /);
    expect(existsSync(directory.file('certificates'))).toBe(false);
  });

  test('ends on Ctrl-C at a question', async () => {
    const running = inOne(['profile', 'init']);
    await running.until(({ out }) => out.includes('Enrollment: '));
    running.type('\u0003');
    expect(await running.end()).toBe(130);
    expect(readdirSync(directory.path)).toEqual([]);
  });
});
