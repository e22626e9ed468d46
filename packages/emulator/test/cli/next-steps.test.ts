import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MemoryIo } from '../../../../test/cli/support/memory-io';
import { lineToCopy, shellWords, useCommandLines } from './support/command-lines';

/* The lines that commands print to be copied work in another terminal, wherever that is. */

const NAME = "Ann's pumps";
const { directory, io, runLine, mustRun, must, device, start } = useCommandLines(NAME);
const file = (name: string): string => directory.file(`${NAME}/${name}`);

const ONE_MESSAGE = ['--once', '--telemetry', '"hello"'];

/** Runs the `connect` line that was printed in another directory; it sends a message and ends. */
async function connects(printed: MemoryIo, deviceId: string): Promise<void> {
  const line = lineToCopy(printed.out, 'azure-iot-x509 connect');
  const { out } = await mustRun([...line, ...ONE_MESSAGE], new MemoryIo({ cwd: tmpdir() }));
  expect(out).toMatch(new RegExp(` as ${deviceId}$`, 'm'));
  expect(out).toMatch(/sent "hello"$/m);
}

/** The line that connects a device of a group, with one put in. */
function ofDevice(printed: MemoryIo): readonly string[] {
  const line = lineToCopy(printed.out, 'azure-iot-x509 connect');
  return line.map((word) => word.replace('DEVICE', 'pump-2'));
}

/** The certificate authority, and a device whose certificate it has signed. */
async function makeAuthority(): Promise<void> {
  await device('cert root --cn Contoso --subject O=Contoso');
  const issuer = '--ca certificates/root.crt --ca-key certificates/root.key';
  await device(`cert device --cn pump-2 --subject O=Contoso ${issuer}`);
}

describe('after an enrollment', () => {
  it('the line that connects the device is complete', async () => {
    const emulator = await start();
    await device('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('enroll certificates/pump-1.crt');
    expect(lineToCopy(enrolled.out, 'azure-iot-x509 connect')).toEqual([
      ...['azure-iot-x509', 'connect', '--enrollment', 'hub-individual'],
      ...['--cert', file('certificates/pump-1.crt'), '--key', file('certificates/pump-1.key')],
      ...['--id-scope', emulator.status.idScope, '--endpoint', emulator.status.globalEndpoint],
      ...['--ca', file('.azure-iot-emulator/emulator-ca.pem')],
    ]);
    await connects(enrolled, 'pump-1');
    expect(await emulator.stop()).toBe(0);
  });

  it('KEY stands for a key that is not next to the certificate', async () => {
    const emulator = await start('--in-memory');
    await device('cert device --cn pump-1 --subject O=Contoso');
    renameSync(file('certificates/pump-1.key'), file('secret.key'));
    const enrolled = await must('enroll certificates/pump-1.crt');
    expect(lineToCopy(enrolled.out, 'azure-iot-x509 connect').join(' ')).toContain(' --key KEY ');
    await emulator.stop();
  });

  it('the line for a disabled one enables it', async () => {
    const emulator = await start('--in-memory');
    await device('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('enroll certificates/pump-1.crt --disabled');
    expect(enrolled.out).not.toContain('connect');
    await mustRun(lineToCopy(enrolled.out, 'azure-iot-emulator'));
    expect((await must('enrollments')).out).toMatch(/pump-1 +enabled/);
    await emulator.stop();
  });

  it('the line for a device of IoT Central connects it there', async () => {
    const emulator = await start();
    await device('cert device --cn valve-1 --subject O=Contoso');
    const made = await must('central device valve-1 --cert certificates/valve-1.crt');
    expect(made.out).toContain('--enrollment central-individual');
    await connects(made, 'valve-1');
    await emulator.stop();
  });
});

describe('after the upload of a certificate authority', () => {
  it('each line leads to the next, up to a connected device of a DPS group', async () => {
    const emulator = await start('--retry-after 0s', '--state', 'my state');
    await makeAuthority();
    const added = await must('ca add certificates/root.crt', '--name', 'our root', '--state', 'my state');
    const verification = lineToCopy(added.out, 'azure-iot-x509 cert verification');
    const signer = ['--ca', file('certificates/root.crt'), '--ca-key', file('certificates/root.key')];
    expect(verification).toEqual(expect.arrayContaining(signer));
    await mustRun(verification);
    const verified = await mustRun(lineToCopy(added.out, 'azure-iot-emulator ca verify'));
    const group = await mustRun(lineToCopy(verified.out, 'azure-iot-emulator group'));
    expect(group.out).toContain('Enrollment group GROUP: enabled.');
    const { out } = await mustRun([...ofDevice(group), ...ONE_MESSAGE]);
    expect(out).toMatch(/ as pump-2$/m);
    expect(await emulator.stop()).toBe(0);
    expect(existsSync(file('my state/emulator.json'))).toBe(true);
  });

  it('each line leads to the next, up to a connected device of an IoT Central group', async () => {
    const emulator = await start();
    await makeAuthority();
    const added = await must('central group valves certificates/root.crt');
    await mustRun(lineToCopy(added.out, 'azure-iot-x509 cert verification'));
    const verified = await mustRun(lineToCopy(added.out, 'azure-iot-emulator central verify'));
    const { out } = await mustRun([...ofDevice(verified), ...ONE_MESSAGE]);
    expect(out).toMatch(/ as pump-2$/m);
    await emulator.stop();
  });

  it('one that counts as verified at once goes on to its group', async () => {
    const emulator = await start('--in-memory');
    await device('cert root --cn Contoso --subject O=Contoso');
    const added = await must('ca add certificates/root.crt --verified');
    const group = await mustRun(lineToCopy(added.out, 'azure-iot-emulator group'));
    expect(group.out).toContain('--enrollment hub-group');
    const central = await must('central group valves certificates/root.crt --verified');
    expect(central.out).toContain('--enrollment central-group');
    await emulator.stop();
  });
});

describe('the guide', () => {
  /** Expects lines that name the root of the servers' certificates by its whole path. */
  function expectRoot({ out }: MemoryIo, root: string): void {
    const exported = out.split('\n').find((line) => line.startsWith('  export ')) ?? '';
    const variables = [`CA_FILE=${root}`, `NODE_EXTRA_CA_CERTS=${root}`];
    expect(shellWords(exported.trim())).toEqual(expect.arrayContaining(variables));
    expect(lineToCopy(out, 'azure-iot-x509 connect')).toEqual(expect.arrayContaining(['--ca', root]));
  }

  it('of "azure-iot-emulator" has lines that work in another terminal', async () => {
    const own = io();
    const ended = runLine(['azure-iot-emulator', '--in-memory', '--state', 'my state'], own);
    await own.until(({ err }) => err.includes('The emulator runs.'));
    own.interrupt();
    expect((await ended).code).toBe(0);
    expectRoot(own, file('my state/emulator-ca.pem'));
  });

  it('of "azure-iot-emulator status" has lines that work in another terminal', async () => {
    const emulator = await start('--in-memory', '--state', 'my state');
    const root = file('my state/emulator-ca.pem');
    expect(emulator.status.caFile).toBe(root);
    expectRoot(await must('status', '--state', 'my state'), root);
    await emulator.stop();
  });

  it('has no broken lines on a narrow terminal', async () => {
    const emulator = await start('--in-memory');
    const narrow = new MemoryIo({ cwd: file(''), terminal: { columns: 40 } });
    const { out } = await mustRun(['azure-iot-emulator', 'status'], narrow);
    expect(out).toMatch(/^ {2}export PROVISIONING_HOST=.*emulator-ca\.pem'$/m);
    await emulator.stop();
  });
});
