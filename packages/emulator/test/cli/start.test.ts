import { existsSync, readFileSync } from 'node:fs';
import { startEmulator } from 'azure-iot-emulator';
import { send } from '../support/https';
import { useCommandLines } from './support/command-lines';

const { directory, cli, must, device, start } = useCommandLines();

describe('azure-iot-emulator --retry-after', () => {
  it.each([
    ['0s', 0],
    ['3s', 3],
    ['1m', 60],
    ['2000ms', 2],
  ])('%s makes DPS tell devices to wait %d seconds', async (given, seconds) => {
    const emulator = await start(`--in-memory --retry-after ${given}`);
    const { globalEndpoint, idScope, caFile } = emulator.status;
    await device('cert device --cn pump-1 --subject O=Contoso');
    await must('enroll certificates/pump-1.crt');
    const read = (file: string): string => readFileSync(file, 'utf8');
    const { headers } = await send(
      { endpoint: globalEndpoint, ca: read(caFile) },
      {
        method: 'PUT',
        path: `/${idScope}/registrations/pump-1/register?api-version=2019-03-31`,
        headers: { 'content-type': 'application/json' },
        body: '{"registrationId":"pump-1"}',
        identity: {
          fullChain: read(directory.file('certificates/pump-1.crt')),
          privateKey: read(directory.file('certificates/pump-1.key')),
        },
      },
    );
    expect(headers['retry-after']).toBe(String(seconds));
    await emulator.stop();
  });

  it.each(['500ms', '1500ms', '0.5s'])('%s is refused, because DPS has whole seconds', async (given) => {
    const { io, code } = await cli(`--in-memory --retry-after ${given}`);
    expect(code).toBe(2);
    expect(io.err).toContain(
      `'${given}' is invalid. It must be whole seconds such as 0s or 3s: DPS tells devices no others.`,
    );
    expect(existsSync(directory.file('.azure-iot-emulator'))).toBe(false);
  });
});

describe('azure-iot-emulator --hub', () => {
  it.each(['north=', '=north', 'north hub', 'north=a=b', 'north=https://north', '-'.repeat(3)])(
    '%j is refused, and the right form is shown',
    async (given) => {
      const { io, code } = await cli('--in-memory', `--hub=${given}`, '--hub=fine');
      expect(code).toBe(2);
      expect(io.err).toContain(
        `'${given}' is invalid. It must be NAME or NAME=HOSTNAME, such as north or north=north.example.org.`,
      );
      expect(io.err).not.toContain('fine');
    },
  );

  it('takes a name alone, and a name with a host name', async () => {
    const emulator = await start('--in-memory --hub north --hub south=south.example.org');
    expect((await must('status')).out).toMatch(
      /hub north +localhost:\d+\n.*hub south +south\.example\.org:\d+/,
    );
    await emulator.stop();
  });
});

describe('a second emulator with the same state folder', () => {
  const running = () =>
    `error: An emulator is running already with the state in ${directory.file('.azure-iot-emulator')}.`;

  it.each([
    ['start', 'start'],
    ['start', '--in-memory'],
    ['--in-memory', 'start'],
    ['--in-memory', '--in-memory'],
  ])('does not start, and the first one is named ("%s", then "%s")', async (first, second) => {
    const emulator = await start(first);
    const { io, code } = await cli(second);
    expect(code).toBe(1);
    expect(io.err).toContain(running());
    expect(io.err).toContain('- use it: azure-iot-emulator status\n');
    expect(io.err).toContain('- stop it: azure-iot-emulator stop\n');
    expect(io.err).toContain('- give this one a folder of its own with --state\n');
    expect((await must('status')).out).toContain(emulator.status.idScope);
    expect(await emulator.stop()).toBe(0);
    // An emulator in memory has left nothing that the other one would find.
    expect(existsSync(directory.file('.azure-iot-emulator/emulator.json'))).toBe(first === 'start');
  });

  it('is refused in JSON too, with the state folder in quotes for a shell', async () => {
    const emulator = await start('--in-memory', '--state', 'my state');
    const { io, code } = await cli('--json', '--state', 'my state');
    expect(code).toBe(1);
    const place = directory.file('my state');
    expect(io.json).toMatchObject({
      error: {
        code: 'EMULATOR_RUNNING',
        message: `An emulator is running already with the state in ${place}.`,
        remedy: expect.stringContaining(`azure-iot-emulator stop --state '${place}'`) as string,
      },
    });
    await emulator.stop();
  });

  it('is told the process of the first one when a program has started that', async () => {
    await using emulator = await startEmulator({ stateDirectory: directory.file('.azure-iot-emulator') });
    const { io, code } = await cli('start');
    expect(code).toBe(2);
    expect(io.err).toContain('--state ');
    expect(io.err).toContain(`process ${process.pid}`);
    expect(io.err).toContain('azure-iot-emulator stop');
    expect(emulator.hubs).toHaveLength(1);
  });
});

it.each(['start', '--in-memory'])('"azure-iot-emulator %s" keeps its new folder out of Git', async (line) => {
  const emulator = await start(line);
  const lines = readFileSync(directory.file('.azure-iot-emulator/.gitignore'), 'utf8').split('\n');
  expect(lines).toContain('*');
  await emulator.stop();
});
