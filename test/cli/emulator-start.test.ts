import { existsSync, readFileSync } from 'node:fs';
import { startEmulator } from 'azure-iot-emulator';
import { send } from '../../packages/emulator/test/support/https';
import { useCommandLines } from './support/emulator-lines';

const { directory, cli, must, start } = useCommandLines();

describe('emulator --retry-after', () => {
  it.each([
    ['0s', 0],
    ['3s', 3],
    ['1m', 60],
    ['2000ms', 2],
  ])('%s is told to devices as %d seconds', async (given, seconds) => {
    const emulator = await start(`emulator --in-memory --retry-after ${given}`);
    const { globalEndpoint, idScope, caFile } = emulator.status;
    await must('cert device --cn pump-1 --subject O=Contoso');
    await must('emulator enroll certificates/pump-1.crt');
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
    const { io, code } = await cli(`emulator --in-memory --retry-after ${given}`);
    expect(code).toBe(2);
    expect(io.err).toMatch(
      /error: --retry-after must be whole seconds such as 0s or 3s, not (500|1500)ms: DPS tells devices no others\./,
    );
    expect(existsSync(directory.file('.azure-iot-emulator'))).toBe(false);
  });
});

describe('emulator --hub', () => {
  it.each(['north=', '=north', 'north hub', 'north=a=b', 'north=https://north', '-'.repeat(3)])(
    '%j is refused with the form that is right',
    async (given) => {
      const { io, code } = await cli('emulator --in-memory', `--hub=${given}`, '--hub=fine');
      expect(code).toBe(2);
      expect(io.err).toContain(
        `error: --hub must be NAME or NAME=HOSTNAME, such as north or north=north.example.org, not ${JSON.stringify(given)}.`,
      );
      expect(io.err).not.toContain('fine');
    },
  );

  it('takes both forms', async () => {
    const emulator = await start('emulator --in-memory --hub north --hub south=south.example.org');
    expect((await must('emulator status')).out).toMatch(
      /hub north +localhost:\d+\n.*hub south +south\.example\.org:\d+/,
    );
    await emulator.stop();
  });
});

describe('a second emulator with the same state', () => {
  const running = () =>
    `error: An emulator is running already with the state in ${directory.file('.azure-iot-emulator')}.`;

  it.each([
    ['emulator', 'emulator'],
    ['emulator', 'emulator --in-memory'],
    ['emulator --in-memory', 'emulator'],
    ['emulator --in-memory', 'emulator --in-memory'],
  ])('%s, then %s: it does not start, and says what to do', async (first, second) => {
    const emulator = await start(first);
    const { io, code } = await cli(second);
    expect(code).toBe(1);
    expect(io.err).toContain(running());
    expect(io.err).toContain('- use it: azure-iot-x509 emulator status\n');
    expect(io.err).toContain('- stop it: azure-iot-x509 emulator stop\n');
    expect(io.err).toContain('- give this one a directory of its own with --state\n');
    expect((await must('emulator status')).out).toContain(emulator.status.idScope);
    expect(await emulator.stop()).toBe(0);
    // An emulator in memory has left nothing that the other one would find.
    expect(existsSync(directory.file('.azure-iot-emulator/emulator.json'))).toBe(first === 'emulator');
  });

  it('says the same as JSON, and names another directory as a shell reads it', async () => {
    const emulator = await start('emulator --in-memory', '--state', 'my state');
    const { io, code } = await cli('emulator --json', '--state', 'my state');
    expect(code).toBe(1);
    const place = directory.file('my state');
    expect(io.json).toMatchObject({
      error: {
        code: 'EMULATOR_RUNNING',
        message: `An emulator is running already with the state in ${place}.`,
        remedy: expect.stringContaining(`azure-iot-x509 emulator stop --state '${place}'`) as string,
      },
    });
    await emulator.stop();
  });

  it('says which process it is when a program has started it, which takes no commands', async () => {
    await using emulator = await startEmulator({ stateDirectory: directory.file('.azure-iot-emulator') });
    const { io, code } = await cli('emulator');
    expect(code).toBe(1);
    expect(io.err).toContain(`An emulator (process ${process.pid}) is running already with the state in`);
    expect(io.err).toContain('azure-iot-x509 emulator status');
    expect(io.err).toContain('azure-iot-x509 emulator stop');
    expect(io.err).toContain('--state');
    expect(emulator.hubs).toHaveLength(1);
  });
});

it.each(['emulator', 'emulator --in-memory'])('%s keeps its new directory out of Git', async (line) => {
  const emulator = await start(line);
  const lines = readFileSync(directory.file('.azure-iot-emulator/.gitignore'), 'utf8').split('\n');
  expect(lines).toContain('*');
  await emulator.stop();
});
