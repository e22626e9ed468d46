import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ENROLLMENT_KINDS } from '../../packages/certificates/src/enrollment';
import { SCENARIOS } from '../../scripts/example/scenarios';
import { ROOT } from '../support/built';

/* `npm run example`, with the packages as they are built. Most of the time the programs wait: they run side by side. */

// Several programs share the processor, and each has a deadline of its own: see scripts/example.ts.
jest.setTimeout(120_000);

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** What it left in the folder for temporary files. */
  readonly left: readonly string[];
}

async function runExample(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
  const example = spawn(process.execPath, ['--import', 'tsx', 'scripts/example.ts', ...args], {
    cwd: ROOT,
    // The settings of the build do not lead from the names of the packages to their sources.
    env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.build.json', TMPDIR: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(example.stdout),
    text(example.stderr),
    once(example, 'exit') as Promise<[number | null]>,
  ]);
  const left = readdirSync(directory).filter((name) => name.startsWith('azure-iot-x509'));
  rmSync(directory, { recursive: true, force: true });
  return { code, out, err, left };
}

test.concurrent.each(ENROLLMENT_KINDS)(
  'the example %s runs unchanged against the emulator, whatever variables are set for another device',
  async (kind) => {
    const foreign = { ENROLLMENT_KIND: 'central-group', PROVISIONING_REGISTRATION_ID: 'another-device' };
    const { code, out, left } = await runExample([kind, '--emulator'], foreign);
    expect(out).toMatch(/^Connected to localhost:\d+ as \w+-\d$/m);
    expect(out).toMatch(/^\[service\] received from \w+-\d: {"temperature":21.5}$/m);
    expect(out).toContain('Message from the cloud: Hello, device\n');
    expect(out).toContain('Desired properties: { reportEverySeconds: 30,');
    expect(out).toContain(
      '[service] sent a message and a desired property, called the direct method "stop"\n',
    );
    expect(out.trimEnd().split('\n').at(-1)).toContain(`Done: ${kind} did what it shows`);
    expect(code).toBe(0);
    expect(left).toEqual([]);
  },
);

const FEATURES = Object.keys(SCENARIOS).filter((name) => !ENROLLMENT_KINDS.some((kind) => kind === name));

// What the service must have seen is part of each scenario: the exit code tells whether it did.
test.concurrent.each(FEATURES)(
  'the example %s runs unchanged against the emulator, and the service sees what it promises',
  async (name) => {
    const { code, out, err, left } = await runExample([name, '--emulator']);
    expect(err).toBe('');
    expect(out).toContain('[service] ');
    expect(out.trimEnd().split('\n').at(-1)).toContain(`Done: ${name} did what it shows`);
    expect(code).toBe(0);
    expect(left).toEqual([]);
  },
);

test.concurrent(
  'without the emulator and without the variables, an example says which ones to set',
  async () => {
    const none = { PROVISIONING_IDSCOPE: '', CERTIFICATE_FILE: '', KEY_FILE: '', ENROLLMENT_KIND: '' };
    const { code, err } = await runExample(['hub-group'], none);
    expect(code).toBe(1);
    for (const name of ['PROVISIONING_IDSCOPE', 'CERTIFICATE_FILE', 'KEY_FILE']) expect(err).toContain(name);
    expect(err).not.toContain('ENROLLMENT_KIND');
    expect(err.trimEnd().split('\n').at(-1)).toBe(
      'Failed: hub-group ended with exit code 1. To try it without a subscription: npm run example -- hub-group --emulator',
    );
  },
);

test.concurrent.each([[[]], [['telemtry']], [['hub-group', '--nonsense']]])(
  'the arguments %j of npm run example are answered with its usage',
  async (args) => {
    const { code, err } = await runExample(args);
    expect(code).toBe(2);
    expect(err).toContain('Usage: npm run example');
  },
);

// After the others: its tests have the limits of an ordinary project.
test('the example of an application is tested with Jest and the emulator', async () => {
  const { code, out, err } = await runExample(['testing']);
  expect(out).toContain('Done: the tests of examples/testing pass.\n');
  expect(err).toMatch(/Tests: +3 passed, 3 total/);
  expect(code).toBe(0);
});
