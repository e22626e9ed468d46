import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { SCENARIOS } from '../../scripts/example/scenarios';
import { ENROLLMENT_KINDS } from '../../packages/certificates/src/enrollment';

const ROOT = resolve(__dirname, '../..');

async function runExample(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; out: string; err: string }> {
  const example = spawn(process.execPath, [require.resolve('tsx/cli'), 'scripts/example.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(example.stdout),
    text(example.stderr),
    once(example, 'exit') as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

let temporaryDirectory: string;
beforeEach(() => {
  temporaryDirectory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
});
afterEach(() => rmSync(temporaryDirectory, { recursive: true, force: true }));

test.each(ENROLLMENT_KINDS)('%s runs unchanged against the emulator', async (kind) => {
  // What a person may have set for another device does not disturb it.
  const { code, out } = await runExample([kind, '--emulator'], {
    TMPDIR: temporaryDirectory,
    ENROLLMENT_KIND: 'central-group',
    PROVISIONING_REGISTRATION_ID: 'another-device',
  });
  expect(out).toMatch(/^Connected to localhost:\d+ as \w+-\d$/m);
  expect(out).toMatch(/^\[service\] received from \w+-\d: {"temperature":21.5}$/m);
  expect(out).toContain('Message from the cloud: Hello, device\n');
  expect(out).toContain('Desired properties: { reportEverySeconds: 30,');
  expect(out).toContain('[service] sent a message and a desired property, called the direct method "stop"\n');
  expect(out.trimEnd().split('\n').at(-1)).toContain(`Done: ${kind} did what it shows`);
  expect(code).toBe(0);
  expect(readdirSync(temporaryDirectory).filter((name) => name.startsWith('azure-iot-x509'))).toEqual([]);
});

const FEATURES = Object.keys(SCENARIOS).filter((name) => !ENROLLMENT_KINDS.some((kind) => kind === name));

// What the service must have seen is part of each scenario: the exit code tells whether it did.
test.each(FEATURES)(
  '%s runs unchanged against the emulator, and the service sees what it promises',
  async (name) => {
    const { code, out, err } = await runExample([name, '--emulator'], { TMPDIR: temporaryDirectory });
    expect(err).toBe('');
    expect(out).toContain('[service] ');
    expect(out.trimEnd().split('\n').at(-1)).toContain(`Done: ${name} did what it shows`);
    expect(code).toBe(0);
    expect(readdirSync(temporaryDirectory).filter((entry) => entry.startsWith('azure-iot-x509'))).toEqual([]);
  },
);

test('an application is tested with Jest and the emulator', async () => {
  const { code, out, err } = await runExample(['testing'], {});
  expect(out).toContain('Done: the tests of examples/testing pass.\n');
  expect(err).toMatch(/Tests: +3 passed, 3 total/);
  expect(code).toBe(0);
});

test('without the emulator and without the variables, an example says which ones to set', async () => {
  const none = { PROVISIONING_IDSCOPE: '', CERTIFICATE_FILE: '', KEY_FILE: '', ENROLLMENT_KIND: '' };
  const { code, err } = await runExample(['hub-group'], none);
  expect(code).toBe(1);
  for (const name of ['PROVISIONING_IDSCOPE', 'CERTIFICATE_FILE', 'KEY_FILE']) expect(err).toContain(name);
  expect(err).not.toContain('ENROLLMENT_KIND');
  expect(err.trimEnd().split('\n').at(-1)).toBe(
    'Failed: hub-group ended with exit code 1. To try it without a subscription: npm run example -- hub-group --emulator',
  );
});

test.each([[[]], [['telemtry']], [['hub-group', '--nonsense']]])(
  '%j is answered with the usage',
  async (args) => {
    const { code, err } = await runExample(args, {});
    expect(code).toBe(2);
    expect(err).toContain('Usage: npm run example');
  },
);
