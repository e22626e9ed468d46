import { lineToCopy, useCommandLines } from './support/emulator-lines';
import { writeFileSync } from 'node:fs';

/* What a person at a command line is told when the emulator refuses. */

const { directory, cli, must, start } = useCommandLines();

beforeEach(async () => {
  await must('cert root --cn Contoso --subject O=Contoso');
  await must('cert device --cn pump-1 --subject O=Contoso');
});

describe('what is there already', () => {
  it.each([
    ['emulator enroll certificates/pump-1.crt', 'emulator enrollment delete pump-1'],
    ['emulator group pumps --certificate certificates/root.crt', 'emulator enrollment delete pumps --group'],
  ])('%s, twice: the remedy makes room', async (line, remedy) => {
    const emulator = await start('emulator --in-memory');
    await must(line);
    const { io, code } = await cli(line);
    expect(code).toBe(1);
    expect(io.err).toMatch(/409001/);
    const [, command = ''] = /delete the other one: azure-iot-x509 (.*)/.exec(io.err) ?? [];
    expect(command).toBe(remedy);
    await must(command);
    await must(line);
    await emulator.stop();
  });

  it('a certificate of another group is named with that group', async () => {
    const emulator = await start('emulator --in-memory');
    await must('emulator group pumps --certificate certificates/root.crt');
    const { io } = await cli('emulator group valves --certificate certificates/root.crt');
    expect(io.err).toContain('azure-iot-x509 emulator enrollment delete pumps --group');
    await emulator.stop();
  });

  it.each(['emulator ca add certificates/root.crt', 'emulator central group g certificates/root.crt'])(
    '%s, twice: nothing is advised that cannot be done',
    async (line) => {
      const emulator = await start('emulator --in-memory');
      await must(line);
      const { io } = await cli(line);
      expect(io.err).toContain('What to do: Choose another name or certificate.');
      await emulator.stop();
    },
  );
});

describe('what is not there', () => {
  it('a group that was looked for among individual enrollments', async () => {
    const emulator = await start('emulator --in-memory');
    await must('emulator group pumps --certificate certificates/root.crt');
    const { io } = await cli('emulator enrollment delete pumps');
    expect(io.err).toContain('for an enrollment group, add --group');
    await emulator.stop();
  });

  it('advice keeps --state, so that it is about the same emulator', async () => {
    const emulator = await start('emulator --in-memory --state other');
    const { io } = await cli('emulator send nobody hello --state other');
    expect(io.err).toContain(`azure-iot-x509 emulator devices --state ${directory.file('other')} lists`);
    await emulator.stop();
    const gone = await cli('emulator devices --state other');
    expect(lineToCopy(gone.io.err.replaceAll(/.*terminal: /g, ''), 'emulator')).toEqual([
      'emulator',
      '--state',
      directory.file('other'),
    ]);
  });
});

it.each([
  ['emulator enroll missing.crt', 'CERTIFICATE cannot be used.'],
  ['emulator enroll nothing.txt', 'CERTIFICATE cannot be used.'],
  ['emulator enroll certificates/pump-1.crt --secondary missing.crt', '--secondary cannot be used.'],
  ['emulator enroll certificates/pump-1.crt --registration-id a/b', '--registration-id must be'],
  ['emulator enroll certificates/pump-1.crt --hub nowhere', '--hub names nowhere'],
  ['emulator enroll certificates/pump-1.crt --initial-twin 7', '--initial-twin must be a JSON object'],
  ['emulator group pumps --certificate missing.crt', '--certificate cannot be used.'],
  [
    'emulator group pumps --certificate certificates/pump-1.crt',
    '--certificate is not a certificate authority',
  ],
  ['emulator group a/b --certificate certificates/root.crt', 'GROUP must be'],
  ['emulator ca add missing.crt', 'CERTIFICATE cannot be used.'],
  ['emulator ca add certificates/pump-1.crt', 'CERTIFICATE is not a certificate authority'],
  ['emulator ca verify root certificates/pump-1.crt', 'CERTIFICATE does not verify root: its common name'],
  ['emulator central device valve-1 --cert missing.crt', '--cert cannot be used.'],
  ['emulator central device valve-1 --cert certificates/pump-1.crt', 'The common name of --cert is pump-1'],
  ['emulator central device a/b', 'DEVICE must be'],
  ['emulator central group valves certificates/pump-1.crt', 'CERTIFICATE is not a certificate authority'],
  ['emulator central template pump', 'MODEL must be a DTMI'],
])('%s: %s', async (line, message) => {
  const emulator = await start('emulator --in-memory');
  await must('emulator ca add certificates/root.crt --name root');
  writeFileSync(directory.file('nothing.txt'), 'nothing');
  const { io, code } = await cli(line);
  expect(io.err).toContain(message);
  expect(code).not.toBe(0);
  await emulator.stop();
});

describe('a command that does not exist', () => {
  it.each([
    ['emulator foo', '"emulator foo" is not a command.', 'emulator --help'],
    [
      'emulator sotp',
      '"emulator sotp" is not a command. Did you mean: azure-iot-x509 emulator stop?',
      'emulator --help',
    ],
    ['emulator ca ad root.crt', 'Did you mean: azure-iot-x509 emulator ca add?', 'emulator ca --help'],
    ['emulator ca foo', '"emulator ca foo" is not a command.', 'emulator ca --help'],
    [
      'emulator central devcies',
      'Did you mean: azure-iot-x509 emulator central devices?',
      'emulator central --help',
    ],
    ['emulator cnetral devices', 'Did you mean: azure-iot-x509 emulator central devices?', 'emulator --help'],
    ['emulatr status', 'Did you mean: azure-iot-x509 emulator status?', '--help'],
    ['cert foo', '"cert foo" is not a command.', 'cert --help'],
  ])('%s: %s', async (line, message, help) => {
    const { io, code } = await cli(line);
    expect(code).toBe(2);
    expect(io.err).toContain(message);
    expect(io.err).toContain(`See: azure-iot-x509 ${help}\n`);
    if (!message.includes('Did you mean')) expect(io.err).not.toContain('Did you mean');
    expect((await must(help)).out).toContain('Commands');
  });
});
