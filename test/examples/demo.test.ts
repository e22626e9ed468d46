import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startEmulator } from 'azure-iot-emulator';
import { demo } from '../../examples/demo/demo';

const ROOT = resolve(__dirname, '../..');
const STEPS = [
  ...['certificates', 'enroll', 'connect', 'telemetry'],
  ...['cloud-to-device', 'direct method', 'device twin', 'disconnect'],
];

/** Runs the demo against an emulator and answers with its lines. */
async function show(
  prepare: (emulator: Awaited<ReturnType<typeof startEmulator>>) => void = () => undefined,
) {
  await using emulator = await startEmulator({ retryAfterSeconds: 0 });
  prepare(emulator);
  const lines: string[] = [];
  const isGood = await demo(emulator, (line) => lines.push(line));
  return { isGood, lines };
}

test('npm run demo shows every step of the four kinds of enrollment and exits with 0', async () => {
  const args = [require.resolve('tsx/cli'), join('examples', 'demo')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stderr).toBe('');
  for (const kind of ['hub-individual', 'hub-group', 'central-individual', 'central-group'])
    expect(stdout).toMatch(new RegExp(`^\\d\\. ${kind}$`, 'm'));
  for (const step of STEPS)
    expect(stdout.split('\n').filter((line) => line.startsWith(`  ✔ ${step}`))).toHaveLength(4);
  expect(stdout).toContain('The services observed all 32 steps.');
  expect(stdout).toContain('"Connecting to a real Azure subscription"');
  expect(stdout).not.toContain('PRIVATE KEY');
  // A pipe gets no colors.
  expect(stdout).not.toContain('\u001b');
});

test('the demo explains a device that DPS refuses, and still shows the other kinds of enrollment', async () => {
  const { isGood, lines } = await show(({ dps: { individualEnrollments: enrollments } }) => {
    const create = enrollments.create.bind(enrollments);
    enrollments.create = (init) => create({ ...init, provisioningStatus: 'disabled' });
  });
  expect(isGood).toBe(false);
  const text = lines.join('\n');
  expect(text).toMatch(/^ {2}✖ connect .*pump-1/m);
  expect(text).toMatch(/^ +What to do: \S/m);
  expect(lines.filter((line) => line.startsWith('  ✔ disconnect'))).toHaveLength(3);
  expect(text).toContain('The services did not observe all steps of hub-individual; see above.');
});
