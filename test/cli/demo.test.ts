import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Emulator } from 'azure-iot-emulator';
import { showDemo } from '../../src/cli/demo/run';
import { STEP_NAMES, type DemoReport } from '../../src/cli/demo/report';
import { run } from '../../src/cli/run';
import { DIRECTORY_PREFIX, runDemo } from '../../src/cli/demo/run-demo';
import { ENROLLMENT_KINDS, ENROLLMENTS } from '../../packages/certificates/src/enrollment';
import { MemoryIo } from './support/memory-io';

const ESCAPE = '\u001b';
const CLEAR_LINE = `\r${ESCAPE}[2K`;

let temporaryDirectory: string;
beforeEach(() => {
  temporaryDirectory = mkdtempSync(join(tmpdir(), 'azure-iot-x509-test-'));
});
afterEach(() => rmSync(temporaryDirectory, { recursive: true, force: true }));

async function isListening(emulator: Emulator): Promise<boolean> {
  const [host = '', port] = emulator.globalEndpoint.split(':');
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Keeps no device waiting. */
const fast = { retryAfterSeconds: 0 };

const outcomes = ({ kinds }: DemoReport) =>
  Object.fromEntries(kinds.map(({ kind, steps }) => [kind, steps.map(({ outcome }) => outcome)]));
const allObserved = STEP_NAMES.map(() => 'observed');

describe('the demo', () => {
  test('observes every step of the four kinds on the service side, and leaves nothing behind', async () => {
    let emulator: Emulator | undefined;
    const report = await runDemo({
      ...fast,
      temporaryDirectory,
      beforeStep: (step) => {
        ({ emulator } = step);
        expect(readdirSync(temporaryDirectory)).toEqual([expect.stringContaining(DIRECTORY_PREFIX)]);
      },
    });

    expect(outcomes(report)).toEqual(Object.fromEntries(ENROLLMENT_KINDS.map((kind) => [kind, allObserved])));
    const hub = emulator?.hubs[0]?.hostName;
    const hidden = emulator?.central.hub.hostName;
    const expected = [
      ['hub-individual', 'pump-1', hub, 'pump-1', 'assigned'],
      ['hub-group', 'pump-2', hub, 'pump-2', 'assigned'],
      ['central-individual', 'valve-1', hidden, 'valve-1', 'Provisioned'],
      ['central-group', 'valve-2', hidden, 'valve-2', 'Provisioned'],
    ];
    expect(
      report.kinds.map((kind) => [kind.kind, kind.registrationId, kind.hub, kind.deviceId, kind.status]),
    ).toEqual(expected);
    for (const { steps } of report.kinds) {
      expect(steps.map(({ name }) => name)).toEqual(STEP_NAMES);
      for (const { detail } of steps) expect(detail).not.toBe('');
    }
    expect(emulator?.hubs[0]?.receivedTelemetry().map(({ deviceId }) => deviceId)).toEqual([
      'pump-1',
      'pump-2',
    ]);
    expect(readdirSync(temporaryDirectory)).toEqual([]);
    expect(emulator && (await isListening(emulator))).toBe(false);
  });

  test('tells it in plain lines to a pipe', async () => {
    const io = new MemoryIo();
    expect(await showDemo(io, { ...fast, temporaryDirectory })).toBe(0);
    expect(io.err).toBe('');
    expect(io.out).not.toContain(ESCAPE);
    expect(io.out).not.toContain('\r');
    for (const kind of ENROLLMENT_KINDS) expect(io.out).toContain(`${kind}: ${ENROLLMENTS[kind].label}\n`);
    for (const name of STEP_NAMES) {
      expect(io.out.split('\n').filter((line) => line.startsWith(`  ✔ ${name}`))).toHaveLength(4);
    }
    expect(io.out).toMatch(/central-group +valve-2 +localhost:\d+ +valve-2 +Provisioned +✔{8} /);
    expect(io.out).toContain('"Connecting to a real Azure subscription"');
    expect(io.out).not.toContain(temporaryDirectory);
    expect(io.out).not.toContain('PRIVATE KEY');
  });

  test('shows progress on a terminal, clears it, and keeps to its width', async () => {
    const io = new MemoryIo({ terminal: { columns: 80 } });
    expect(await showDemo(io, { temporaryDirectory })).toBe(0);
    expect(io.out).toContain(`${CLEAR_LINE}  ⠋ connect: registering with DPS`);
    expect(io.out).toContain(`${ESCAPE}[32m✔${ESCAPE}[39m`);
    // What is drawn last on a line is what stays; progress is always followed by an erased line.
    const remaining = io.out.split('\n').map((line) => line.slice(line.lastIndexOf(CLEAR_LINE) + 1));
    expect(remaining.join('\n')).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/u);
    // eslint-disable-next-line no-control-regex -- ESC is what the sequences begin with
    const visible = remaining.map((line) => line.replaceAll(/\u001b?\[[0-9]+[mK]/g, ''));
    expect(Math.max(...visible.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(io.out).toMatch(/hub-group: registration ID pump-2, hub localhost:/);
  });

  test('has no colors with NO_COLOR, and no progress on a terminal that cannot move its cursor', async () => {
    const uncolored = new MemoryIo({ terminal: { columns: 200 } });
    uncolored.env['NO_COLOR'] = '1';
    const dumb = new MemoryIo({ terminal: { columns: 200 } });
    dumb.env['TERM'] = 'dumb';
    expect(await Promise.all([uncolored, dumb].map((io) => showDemo(io, { temporaryDirectory })))).toEqual([
      0, 0,
    ]);
    expect(uncolored.out).toContain(CLEAR_LINE);
    expect(uncolored.out.replaceAll(CLEAR_LINE, '')).not.toContain(ESCAPE);
    expect(dumb.out).not.toContain(ESCAPE);
  });
});

describe('when something goes wrong', () => {
  test('a refused device is explained, the other kinds still run, and everything is cleaned up', async () => {
    const io = new MemoryIo();
    let emulator: Emulator | undefined;
    const code = await showDemo(io, {
      ...fast,
      temporaryDirectory,
      beforeStep: (step) => {
        ({ emulator } = step);
        if (step.kind !== 'hub-individual' || step.name !== 'connect') return;
        emulator.dps.individualEnrollments.update('pump-1', { provisioningStatus: 'disabled' });
      },
    });
    expect(code).toBe(1);
    expect(io.out).toMatch(/✖ connect .*pump-1/);
    expect(io.out).toMatch(/\n +What to do: \S/);
    expect(io.out.match(/ {2}- .*not run/g)).toHaveLength(5);
    expect(io.out).toMatch(/hub-individual +pump-1 +- +- +- +✔✔✖-----/);
    expect(io.out.match(/✔{8}/g)).toHaveLength(3);
    expect(io.out).toContain('observed 26 of 32 steps: hub-individual failed at "connect".');
    expect(readdirSync(temporaryDirectory)).toEqual([]);
    expect(emulator && (await isListening(emulator))).toBe(false);
  });

  test('a step that the service never sees ends at its deadline, with the device disconnected', async () => {
    let emulator: Emulator | undefined;
    const report = await runDemo({
      ...fast,
      temporaryDirectory,
      stepTimeoutMs: 4_000,
      beforeStep: (step) => {
        ({ emulator } = step);
        if (step.kind === 'central-group' && step.name === 'telemetry') {
          emulator.central.devices.block('valve-2');
        }
      },
    });
    const { steps, status } = report.kinds[3] ?? { steps: [] };
    expect(steps.map(({ outcome }) => outcome)).toEqual([
      ...['observed', 'observed', 'observed', 'failed'],
      ...['not-run', 'not-run', 'not-run', 'not-run'],
    ]);
    expect(steps[3]?.detail).toMatch(/within 4 s/);
    expect(steps[3]?.remedy).not.toBe('');
    expect(status).toBe('Blocked');
    expect(emulator?.central.hub.devices.get('valve-2')?.connectionState).toBe('Disconnected');
    expect(readdirSync(temporaryDirectory)).toEqual([]);
  });

  test('an interruption cleans up and ends with 130', async () => {
    const io = new MemoryIo({ terminal: { columns: 80 } });
    let emulator: Emulator | undefined;
    const running = showDemo(io, {
      ...fast,
      temporaryDirectory,
      beforeStep: (step) => {
        ({ emulator } = step);
        if (step.kind === 'hub-group' && step.name === 'connect') {
          // Not at once: in the middle of the step.
          setImmediate(() => io.interrupt());
        }
      },
    });
    expect(await running).toBe(130);
    expect(io.err).toMatch(/^Interrupted/);
    expect(io.out.trimEnd()).toMatch(/enrollment group "pump-2-group"/);
    expect(readdirSync(temporaryDirectory)).toEqual([]);
    expect(emulator && (await isListening(emulator))).toBe(false);
  });

  test('an interruption before the beginning ends with 130 too', async () => {
    const io = new MemoryIo();
    io.interrupt();
    expect(await showDemo(io, { temporaryDirectory })).toBe(130);
    expect(readdirSync(temporaryDirectory)).toEqual([]);
  });

  test('a folder that cannot be made is an error in words', async () => {
    const io = new MemoryIo();
    expect(await showDemo(io, { temporaryDirectory: join(temporaryDirectory, 'missing') })).toBe(1);
    expect(io.err).toMatch(/^The demo could not be run: /);
  });
});

describe('its command line', () => {
  test.each(['--help', '-h'])('%s prints the usage', async (flag) => {
    const io = new MemoryIo();
    expect(await run(['demo', flag], io)).toBe(0);
    expect(io.out).toMatch(/^ {2}azure-iot-x509 demo /m);
  });

  test.each(['--nonsense', 'nonsense', '--help=1'])('%s is refused', async (argument) => {
    const io = new MemoryIo();
    expect(await run(['demo', argument], io)).toBe(2);
    expect(io.out).toBe('');
    expect(io.err).toContain('See: azure-iot-x509 demo --help');
  });

  test('npm run demo ends by itself', async () => {
    const demo = spawn(process.execPath, [require.resolve('tsx/cli'), 'src/cli/main.ts', 'demo'], {
      cwd: resolve(__dirname, '../..'),
      env: { ...process.env, TMPDIR: temporaryDirectory },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [out, [code]] = await Promise.all([text(demo.stdout), once(demo, 'exit') as Promise<[number]>]);
    expect(code).toBe(0);
    expect(out).not.toContain(ESCAPE);
    expect(out).toContain('The services observed all 32 steps.');
    expect(readdirSync(temporaryDirectory).filter((name) => name.startsWith(DIRECTORY_PREFIX))).toEqual([]);
  });
});
