import { writeFileSync } from 'node:fs';
import { lineToCopy, useCommandLines } from './support/command-lines';

/* The refusals of a running emulator, as a person at a command line reads them. */

const { directory, cli, must, mustRun, device, start } = useCommandLines();

beforeEach(async () => {
  await device('cert root --cn Contoso --subject O=Contoso');
  await device('cert device --cn pump-1 --subject O=Contoso');
});

describe('a name or certificate that is taken', () => {
  it.each([
    ['enroll certificates/pump-1.crt', 'enrollment delete pump-1'],
    ['group pumps --certificate certificates/root.crt', 'enrollment delete pumps --group'],
  ])('is freed by the remedy for a second "%s"', async (line, remedy) => {
    const emulator = await start('--in-memory');
    await must(line);
    const { io, code } = await cli(line);
    expect(code).toBe(1);
    expect(io.err).toMatch(/409001/);
    const [, command = ''] = /delete the other one: (.*)/.exec(io.err) ?? [];
    expect(command).toBe(`azure-iot-emulator ${remedy}`);
    await mustRun(command.split(' '));
    await must(line);
    await emulator.stop();
  });

  it('is named with the enrollment group that has it', async () => {
    const emulator = await start('--in-memory');
    await must('group pumps --certificate certificates/root.crt');
    const { io } = await cli('group valves --certificate certificates/root.crt');
    expect(io.err).toContain('azure-iot-emulator enrollment delete pumps --group');
    await emulator.stop();
  });

  it.each(['ca add certificates/root.crt', 'central group g certificates/root.crt'])(
    'is no reason to advise a deletion that no command makes (a second "%s")',
    async (line) => {
      const emulator = await start('--in-memory');
      await must(line);
      const { io } = await cli(line);
      expect(io.err).toContain('What to do: Choose another name or certificate.');
      await emulator.stop();
    },
  );
});

describe('the advice about something that is not there', () => {
  it('is to add --group when a group is looked for among individual enrollments', async () => {
    const emulator = await start('--in-memory');
    await must('group pumps --certificate certificates/root.crt');
    const { io } = await cli('enrollment delete pumps');
    expect(io.err).toContain('for an enrollment group, add --group');
    await emulator.stop();
  });

  it.each([
    ['central change block nobody', 'azure-iot-emulator central devices lists those that there are.'],
    [
      'central verify nobody certificates/pump-1.crt',
      'Make the group first: azure-iot-emulator central group',
    ],
    ['group pumps --ca nobody', 'azure-iot-emulator enrollments lists the certificate authorities'],
  ])('belongs to the command ("%s")', async (line, remedy) => {
    const emulator = await start('--in-memory');
    const { io, code } = await cli(line);
    expect(io.err).toContain(`What to do: ${remedy}`);
    expect(code).toBe(1);
    await emulator.stop();
  });

  it('keeps --state, so that it is about the same emulator', async () => {
    const emulator = await start('--in-memory --state other');
    const { io } = await cli('send nobody hello --state other');
    expect(io.err).toContain(`azure-iot-emulator devices --state ${directory.file('other')} lists`);
    await emulator.stop();
    const gone = await cli('devices --state other');
    expect(gone.io.err).toContain('No emulator is running');
    const line = lineToCopy(gone.io.err.replace(/.*terminal: /, ''), 'azure-iot-emulator');
    expect(line).toEqual(['azure-iot-emulator', '--state', directory.file('other')]);
  });
});

it.each([
  ['enroll missing.crt', 'CERTIFICATE cannot be used.'],
  ['enroll nothing.txt', 'CERTIFICATE cannot be used.'],
  ['enroll certificates/pump-1.crt --secondary missing.crt', '--secondary cannot be used.'],
  ['enroll certificates/pump-1.crt --registration-id a/b', '--registration-id must be'],
  ['enroll certificates/pump-1.crt --hub nowhere', '--hub names nowhere'],
  ['group pumps --certificate missing.crt', '--certificate cannot be used.'],
  ['group pumps --certificate certificates/pump-1.crt', '--certificate is not a certificate authority'],
  ['group a/b --certificate certificates/root.crt', 'GROUP must be'],
  ['ca add missing.crt', 'CERTIFICATE cannot be used.'],
  ['ca add certificates/pump-1.crt', 'CERTIFICATE is not a certificate authority'],
  ['ca verify root certificates/pump-1.crt', 'CERTIFICATE for root is refused: its common name'],
  ['central device valve-1 --cert missing.crt', '--cert cannot be used.'],
  ['central device valve-1 --cert certificates/pump-1.crt', 'The common name of --cert is pump-1'],
  ['central device a/b', 'DEVICE must be'],
  ['central group valves certificates/pump-1.crt', 'CERTIFICATE is not a certificate authority'],
  ['central template pump', 'MODEL must be a DTMI'],
])('"%s" is refused in terms of the command line: %s', async (line, message) => {
  const emulator = await start('--in-memory');
  await must('ca add certificates/root.crt --name root');
  writeFileSync(directory.file('nothing.txt'), 'nothing');
  const { io, code } = await cli(line);
  expect(io.err).toContain(message);
  expect(code).toBe(1);
  await emulator.stop();
});

it.each([
  ['foo', "unknown command 'foo'", '--help'],
  ['sotp', "unknown command 'sotp'\n(Did you mean stop?)", '--help'],
  ['ca ad root.crt', "unknown command 'ad'\n(Did you mean add?)", 'ca --help'],
  ['ca foo', "unknown command 'foo'", 'ca --help'],
  ['central devcies', "unknown command 'devcies'\n(Did you mean devices?)", 'central --help'],
  ['cnetral devices', "unknown command 'cnetral'\n(Did you mean central?)", '--help'],
])('"%s" is no command, which is said with the nearest one and the help', async (line, message, help) => {
  const { io, code } = await cli(line);
  expect(code).toBe(2);
  expect(io.err).toBe(`error: ${message}\nSee: azure-iot-emulator ${help}\n`);
  expect((await must(help)).out).toContain('[command]');
});
