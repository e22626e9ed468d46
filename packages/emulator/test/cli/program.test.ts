import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { directoryPerTest } from '../../../../test/cli/support/directory';
import { Running } from '../../../../test/cli/support/program';
import { version } from '../../package.json';

/* The program azure-iot-emulator as it is built, in processes of its own. */

const MAIN = join(__dirname, '../../dist/cli/main.js');
const directory = directoryPerTest();
const running: Running[] = [];

afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const started = new Running(process.execPath, [MAIN, ...args], directory.path, env);
  running.push(started);
  return started;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const started = start(args, env);
  const code = await started.end();
  return { code, out: started.out, err: started.err };
}

/** An emulator that runs. */
async function emulator(): Promise<Running> {
  const started = start(['--in-memory', '--retry-after', '0s']);
  await started.until(({ err }) => err.includes('The emulator runs.'));
  return started;
}

test('the program begins with the line that makes it one', () => {
  expect(readFileSync(MAIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the program knows its version, and ends with the exit code of its command', async () => {
  const [known, failed, wrong] = await Promise.all([run(['--version']), run(['devices']), run(['nonsense'])]);
  expect(known).toEqual({ code: 0, out: `${version}\n`, err: '' });
  expect(failed).toMatchObject({ code: 1, out: '' });
  expect(wrong).toMatchObject({ code: 2, out: '' });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s stops the emulator, which ends with exit code 0',
  async (signal) => {
    const started = await emulator();
    started.child.kill(signal);
    expect(await started.end()).toBe(0);
    expect(started.err).toContain('The emulator has stopped.');
    expect(existsSync(directory.file('.azure-iot-emulator/control.sock'))).toBe(false);
  },
);

test('Ctrl-C ends "watch" with exit code 0, and the emulator goes on', async () => {
  const started = await emulator();
  const watching = start(['watch']);
  await watching.until(({ err }) => err.includes('Watching all devices.'));
  watching.child.kill('SIGINT');
  expect(await watching.end()).toBe(0);
  expect(await run(['devices'])).toMatchObject({ code: 0 });
  expect(await run(['stop'])).toMatchObject({ code: 0 });
  expect(await started.end()).toBe(0);
});

test('a killed emulator is missed by a command that waits, and can be started again', async () => {
  const started = await emulator();
  const watching = start(['watch', '--json']);
  await watching.until(({ err }) => err.includes('Watching all devices.'));
  started.child.kill('SIGKILL');
  expect(await watching.end()).toBe(1);
  expect(watching.err).toContain(
    'What to do: See what it printed last, and start it again: azure-iot-emulator',
  );
  expect(JSON.parse(watching.out)).toMatchObject({ error: { code: 'EMULATOR_GONE' } });
  expect(await run(['devices'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('No emulator is running') as string,
  });
  await emulator();
  expect(await run(['stop'])).toMatchObject({ code: 0 });
});

test('commands have the colors of the process that runs them', async () => {
  await emulator();
  const bold = '\u001b[1mDevices find the emulator here:\u001b[22m';
  const colors = { FORCE_COLOR: '1' };
  const [colored, plain, wrong] = await Promise.all([
    run(['status'], colors),
    run(['status']),
    run(['nonsense'], colors),
  ]);
  expect(colored.out).toContain(bold);
  expect(plain.out).not.toContain('\u001b');
  expect(wrong.err).toContain('\u001b[31m');
});

test('AZURE_IOT_EMULATOR_STATE names the state folder, and --state another', async () => {
  const variable = { AZURE_IOT_EMULATOR_STATE: 'ours' };
  const started = start(['--in-memory'], variable);
  await started.until(({ err }) => err.includes('The emulator runs.'));
  const [found, same, other, none] = await Promise.all([
    run(['status'], variable),
    run(['status', '--state', 'ours']),
    run(['status', '--state', 'theirs'], variable),
    run(['status']),
  ]);
  expect(found.out).toContain(directory.file('ours/emulator-ca.pem'));
  expect([found.code, same.code, other.code, none.code]).toEqual([0, 0, 1, 1]);
});

test('a command whose output nobody reads ends quietly', async () => {
  await emulator();
  const reading = start(['status']);
  reading.child.stdout.destroy();
  expect(await reading.end()).toBe(0);
  expect(reading.err).toBe('');
});

test('a second Ctrl-C ends at once what does not end by itself', async () => {
  const stubborn = `
    const { processIo } = require(${JSON.stringify(join(dirname(MAIN), 'terminal', 'process-io.js'))});
    const io = processIo();
    io.signal.addEventListener('abort', () => process.stdout.write('cleaning up\\n'));
    setInterval(() => undefined, 1000);
    process.stdout.write('ready\\n');`;
  const started = new Running(process.execPath, ['-e', stubborn], directory.path);
  running.push(started);
  await started.until(({ out }) => out.includes('ready'));
  started.child.kill('SIGINT');
  await started.until(({ out }) => out.includes('cleaning up'));
  expect(started.child.exitCode).toBeNull();
  // One that comes right away is the same key, passed on twice; sooner or later one counts.
  const pressing = setInterval(() => started.child.kill('SIGINT'), 50);
  expect(await started.end()).toBe(130);
  clearInterval(pressing);
});
