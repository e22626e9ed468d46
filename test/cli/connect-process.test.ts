import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { MAIN } from '../support/built';
import { useDirectory, writeDevice, type DeviceFiles } from './support/device-files';

/* A real process with real pipes and signals. */

const running = useEmulator();
const directory = useDirectory();
let device: DeviceFiles;

beforeAll(async () => {
  device = await writeDevice(directory.path, running.emulator, 'hub-individual', 'piped-1');
});

function start(...flags: string[]): {
  process: ChildProcessWithoutNullStreams;
  ended: Promise<[number | null, string | null]>;
} {
  const child = spawn(process.execPath, [MAIN, 'connect', ...device.flags, ...flags], { stdio: 'pipe' });
  return { process: child, ended: once(child, 'exit') as Promise<[number | null, string | null]> };
}

const bodies = () => running.hub.receivedTelemetry('piped-1').map(({ body }) => body.toString());

test('connect --stdin ends when its input ends and everything is delivered', async () => {
  const { process: child, ended } = start('--stdin', '--json');
  child.stdin.end('{"n":1}\n{"n":2}\n');
  const [out, [code]] = await Promise.all([text(child.stdout), ended]);
  expect(code).toBe(0);
  expect(out).toContain('"event":"telemetry"');
  expect(bodies()).toEqual(['{"n":1}', '{"n":2}']);
});

test('connect --stdin closes the connection on Ctrl-C and exits with 0, although its input stays open', async () => {
  const { process: child, ended } = start('--stdin');
  await once(running.hub, 'deviceSubscribed');
  const left = once(running.hub, 'deviceDisconnected');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(await left).toMatchObject([{ deviceId: 'piped-1', reason: 'client-disconnected' }]);
});
