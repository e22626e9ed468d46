import { tmpdir } from 'node:os';
import { existsSync, renameSync } from 'node:fs';
import { run } from '../../src/cli/run';
import { lineToCopy, shellWords, useCommandLines } from './support/emulator-lines';
import { MemoryIo } from './support/memory-io';

/* What is printed to be copied works in another terminal, wherever that is. */

const NAME = "Ann's pumps";
const { directory, must, start } = useCommandLines(NAME);
const file = (name: string): string => directory.file(`${NAME}/${name}`);

/** Runs the words in a terminal somewhere else. */
async function elsewhere(words: readonly string[]): Promise<MemoryIo> {
  const io = new MemoryIo({ cwd: tmpdir() });
  const code = await run(words, io);
  if (code !== 0) throw new Error(`${words.join(' ')}: exit code ${code}\n${io.err}`);
  return io;
}

/** Runs the `connect` line of what was printed, which sends a message and ends. */
async function connects(printed: MemoryIo, deviceId: string): Promise<void> {
  const { out } = await elsewhere([
    ...lineToCopy(printed.out, 'connect'),
    '--once',
    '--telemetry',
    '"hello"',
  ]);
  expect(out).toMatch(new RegExp(`connected to localhost:\\d+ as ${deviceId}$`, 'm'));
  expect(out).toMatch(/sent "hello"$/m);
}

describe('after enrolling', () => {
  it('the line that connects the device is complete', async () => {
    const emulator = await start();
    await must('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('emulator enroll certificates/pump-1.crt');
    expect(lineToCopy(enrolled.out, 'connect')).toEqual([
      ...['connect', '--enrollment', 'hub-individual'],
      ...['--cert', file('certificates/pump-1.crt'), '--key', file('certificates/pump-1.key')],
      ...['--id-scope', emulator.status.idScope, '--endpoint', emulator.status.globalEndpoint],
      ...['--ca', file('.azure-iot-emulator/emulator-ca.pem')],
    ]);
    await connects(enrolled, 'pump-1');
    expect(await emulator.stop()).toBe(0);
  });

  it('a key that is not where keys are is left to be put in', async () => {
    const emulator = await start('emulator --in-memory');
    await must('cert device --cn pump-1 --subject O=Contoso');
    renameSync(file('certificates/pump-1.key'), file('secret.key'));
    const enrolled = await must('emulator enroll certificates/pump-1.crt');
    expect(lineToCopy(enrolled.out, 'connect').join(' ')).toContain(' --key KEY ');
    await emulator.stop();
  });

  it('a disabled enrollment is enabled first', async () => {
    const emulator = await start('emulator --in-memory');
    await must('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('emulator enroll certificates/pump-1.crt --disabled');
    expect(enrolled.out).not.toContain('connect');
    await must(lineToCopy(enrolled.out, 'emulator').join(' '));
    expect((await must('emulator enrollments')).out).toMatch(/pump-1 +enabled/);
    await emulator.stop();
  });

  it('a device of IoT Central has a line of its own', async () => {
    const emulator = await start();
    await must('cert device --cn valve-1 --subject O=Contoso');
    const made = await must('emulator central device valve-1 --cert certificates/valve-1.crt');
    expect(made.out).toContain('--enrollment central-individual');
    await connects(made, 'valve-1');
    await emulator.stop();
  });
});

describe('a certificate authority is taken from line to line', () => {
  it('in DPS, with the files and the names that were given', async () => {
    const emulator = await start('emulator --retry-after 0s', '--state', 'my state');
    const here = ['--state', 'my state'];
    await must('cert root --cn Contoso --subject O=Contoso');
    const added = await must('emulator ca add certificates/root.crt', '--name', 'our root', ...here);
    const verification = lineToCopy(added.out, 'cert verification');
    expect(verification).toEqual(
      expect.arrayContaining([
        '--ca',
        file('certificates/root.crt'),
        '--ca-key',
        file('certificates/root.key'),
      ]),
    );
    await mustRun(verification);
    const verified = await mustRun(lineToCopy(added.out, 'emulator ca verify'));
    const group = await mustRun(lineToCopy(verified.out, 'emulator group'));
    expect(group.out).toContain('Enrollment group GROUP: enabled.');
    await must(
      'cert device --cn pump-2 --subject O=Contoso --ca certificates/root.crt --ca-key certificates/root.key',
    );
    const { out } = await mustRun([...ofDevice(group.out), '--once', '--telemetry', '"hello"']);
    expect(out).toMatch(/ as pump-2$/m);
    expect(await emulator.stop()).toBe(0);
    expect(existsSync(file('my state/emulator.json'))).toBe(true);
  });

  it('in IoT Central', async () => {
    const emulator = await start();
    await must('cert root --cn Contoso --subject O=Contoso');
    const added = await must('emulator central group valves certificates/root.crt');
    await mustRun(lineToCopy(added.out, 'cert verification'));
    const verified = await mustRun(lineToCopy(added.out, 'emulator central verify'));
    await must(
      'cert device --cn pump-2 --subject O=Contoso --ca certificates/root.crt --ca-key certificates/root.key',
    );
    const { out } = await mustRun([...ofDevice(verified.out), '--once', '--telemetry', '"hello"']);
    expect(out).toMatch(/ as pump-2$/m);
    await emulator.stop();
  });

  it('that counts as verified at once goes on to its group', async () => {
    const emulator = await start('emulator --in-memory');
    await must('cert root --cn Contoso --subject O=Contoso');
    const added = await must('emulator ca add certificates/root.crt --verified');
    const group = await mustRun(lineToCopy(added.out, 'emulator group'));
    expect(group.out).toContain('--enrollment hub-group');
    const central = await must('emulator central group valves certificates/root.crt --verified');
    expect(central.out).toContain('--enrollment central-group');
    await emulator.stop();
  });

  /** The line that connects a device, with one put in. */
  function ofDevice(printed: string): readonly string[] {
    return lineToCopy(printed, 'connect').map((word) => word.replace('DEVICE', 'pump-2'));
  }

  /** Runs the words in the directory in which the others were run. */
  async function mustRun(words: readonly string[]): Promise<MemoryIo> {
    const [first = '', ...others] = words;
    return await must(first, ...others);
  }
});

it.each(['emulator', 'emulator status'])('%s prints lines that work in another terminal', async (line) => {
  const emulator = await start('emulator --in-memory', '--state', 'my state');
  const caFile = file('my state/emulator-ca.pem');
  expect(emulator.status.caFile).toBe(caFile);
  const printed = line === 'emulator' ? await printedByStart() : await must(line, '--state', 'my state');
  const root = line === 'emulator' ? file('other/emulator-ca.pem') : caFile;
  const exported = printed.out.split('\n').find((each) => each.startsWith('  export ')) ?? '';
  expect(shellWords(exported.trim())).toEqual(
    expect.arrayContaining([`CA_FILE=${root}`, `NODE_EXTRA_CA_CERTS=${root}`]),
  );
  expect(lineToCopy(printed.out, 'connect')).toEqual(expect.arrayContaining(['--ca', root]));
  await emulator.stop();

  async function printedByStart(): Promise<MemoryIo> {
    const io = new MemoryIo({ cwd: file('') });
    const code = run(['emulator', '--in-memory', '--state', 'other'], io);
    await io.until(({ err }) => err.includes('The emulator runs.'));
    io.interrupt();
    expect(await code).toBe(0);
    return io;
  }
});

it('a line to copy is not broken on a narrow terminal', async () => {
  const emulator = await start('emulator --in-memory');
  const io = new MemoryIo({ cwd: file(''), terminal: { columns: 40 } });
  expect(await run(['emulator', 'status'], io)).toBe(0);
  expect(io.out).toMatch(/^ {2}export PROVISIONING_HOST=.*emulator-ca\.pem'$/m);
  await emulator.stop();
});
