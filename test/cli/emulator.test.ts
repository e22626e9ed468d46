import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/cli/run';
import { expectNothingLeft } from '../support/leaks';
import { useCommandLines, type Started } from './support/emulator-lines';
import { MemoryIo } from './support/memory-io';

const { directory, cli, must, start } = useCommandLines();

function connectFlags({ status }: Started, name: string, kind: string, idScope = status.idScope): string {
  return [
    `--enrollment ${kind} --id-scope ${idScope} --endpoint ${status.globalEndpoint} --ca ${status.caFile}`,
    `--cert certificates/${name}.crt --key certificates/${name}.key`,
  ].join(' ');
}

/** A device that is connected by the command line; the promise is its exit code. */
function connect(flags: string): { io: MemoryIo; code: Promise<number> } {
  const io = new MemoryIo({ cwd: directory.path });
  return { io, code: run(['connect', ...flags.split(' '), '--json'], io) };
}

describe('azure-iot-x509 emulator', () => {
  it('is enrolled in, connected to, sent to, called and watched by commands alone', async () => {
    const emulator = await start();
    await must('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('emulator enroll certificates/pump-1.crt');
    expect(enrolled.out).toContain('Individual enrollment pump-1: enabled');

    const watching = new MemoryIo({ cwd: directory.path });
    const watched = run(['emulator', 'watch', 'pump-1', '--json'], watching);
    await watching.until(({ err }) => err.includes('Watching pump-1'));

    const device = connect(
      `${connectFlags(emulator, 'pump-1', 'hub-individual')} --telemetry {"temperature":21.5} --property level=high`,
    );
    await watching.until(({ out }) => out.includes('"temperature":21.5'));
    expect(watching.jsonLines).toContainEqual(
      expect.objectContaining({
        event: 'telemetry',
        deviceId: 'pump-1',
        body: { temperature: 21.5 },
        properties: { level: 'high' },
      }),
    );

    expect((await must('emulator devices')).out).toMatch(/pump-1 +hub-1 +enabled +Connected/);
    const called = await must(
      'emulator invoke pump-1 open --payload {"percent":40} --json --connect-timeout 10s',
    );
    expect(called.json).toEqual({ status: 200, payload: {} });
    await must('emulator send pump-1 hello --property urgency=low --wait');
    await device.io.until(({ out }) => out.includes('hello'));
    const twin = await must('emulator twin pump-1 --desired {"interval":5} --tags {"site":"north"}');
    expect(twin.json).toMatchObject({ tags: { site: 'north' }, properties: { desired: { interval: 5 } } });
    await device.io.until(({ out }) => out.includes('"interval":5'));

    await must('emulator device disable pump-1');
    await watching.until(({ out }) => out.includes('device-disabled'));
    device.io.interrupt();
    await device.code;
    watching.interrupt();
    expect(await watched).toBe(0);
    expect(await emulator.stop()).toBe(0);
  });

  it('verifies a certificate authority and lets in its devices, in DPS and in IoT Central', async () => {
    const emulator = await start();
    await must('cert root --cn Contoso --subject O=Contoso');
    await must(
      'cert device --cn pump-2 --subject O=Contoso --ca certificates/root.crt --ca-key certificates/root.key',
    );

    const added = await must('emulator ca add certificates/root.crt --name contoso --json');
    const { verificationCode } = added.json as { verificationCode: string };
    expect((await must('emulator group pumps --ca contoso')).out).toContain('lets in nobody yet');
    const signer = '--ca certificates/root.crt --ca-key certificates/root.key';
    await must(`cert verification --code ${verificationCode} ${signer} --name proof`);
    await must('emulator ca verify contoso certificates/proof.crt');
    const provisioned = await must(`provision ${connectFlags(emulator, 'pump-2', 'hub-group')} --json`);
    expect(provisioned.json).toMatchObject({ deviceId: 'pump-2', status: 'assigned' });
    expect((await must('emulator enrollments')).out).toMatch(/group +pumps +enabled +contoso/);

    const group = await must('emulator central group valves certificates/root.crt --json');
    const { verificationCode: code } = group.json as { verificationCode: string };
    await must(`cert verification --code ${code} ${signer} --name proof-2`);
    await must('emulator central verify valves certificates/proof-2.crt');
    await must('emulator central auto-approve off');
    const centralScope = emulator.status.central[0]?.idScope;
    const flags = connectFlags(emulator, 'pump-2', 'central-group', centralScope);
    const refused = await cli(`provision ${flags}`);
    expect(refused.code).toBe(1);
    expect(refused.io.err).toContain('400209');
    expect((await must('emulator central change approve pump-2')).out).toContain('Registered');
    await must(`provision ${flags}`);
    expect((await must('emulator central devices')).out).toMatch(/pump-2 +Provisioned/);
    expect(await emulator.stop()).toBe(0);
  });

  it('tells a shell what devices need, and the verification code alone', async () => {
    const emulator = await start('emulator --in-memory');
    const { globalEndpoint, idScope, central } = emulator.status;
    const caFile = join(directory.path, '.azure-iot-emulator', 'emulator-ca.pem');
    const lines = (scope: string | undefined) => [
      `export PROVISIONING_HOST='${globalEndpoint}'`,
      `export PROVISIONING_IDSCOPE='${String(scope)}'`,
      `export CA_FILE='${caFile}'`,
      `export NODE_EXTRA_CA_CERTS='${caFile}'`,
      '',
    ];
    expect((await must('emulator status --env hub')).out.split('\n')).toEqual(lines(idScope));
    const [application] = central;
    expect((await must('emulator status --env central')).out.split('\n')).toEqual(
      lines(application?.idScope),
    );

    await must('cert root --cn Contoso --subject O=Contoso');
    const dps = await must('emulator ca add certificates/root.crt --print-code');
    expect(dps.out).toMatch(/^[0-9A-F]{48}\n$/);
    const group = await must('emulator central group valves certificates/root.crt --print-code');
    expect(group.out).toMatch(/^[0-9A-F]{48}\n$/);
    expect(await emulator.stop()).toBe(0);
  });

  it('tells those who watch that it stops', async () => {
    const emulator = await start('emulator --in-memory');
    const watching = new MemoryIo({ cwd: directory.path });
    const watched = run(['emulator', 'watch'], watching);
    await watching.until(({ err }) => err.includes('Watching all devices'));
    await must('emulator stop');
    expect(await watched).toBe(0);
    expect(watching.err).toContain('The emulator has stopped.');
    await emulator.stop();
  });

  it('goes on where it stopped', async () => {
    const first = await start();
    await must('cert device --cn pump-1 --subject O=Contoso');
    await must('emulator enroll certificates/pump-1.crt');
    expect(await first.stop()).toBe(0);
    const second = await start('emulator');
    expect(second.status).toEqual({ ...first.status, processId: process.pid });
    expect((await must('emulator enrollments')).out).toContain('pump-1');
    expect((await must('emulator stop')).out).toContain('stops');
    await second.io.until(({ err }) => err.includes('The emulator has stopped.'));
  });

  it('keeps nothing in memory, and leaves nothing behind', async () => {
    await expectNothingLeft(async () => {
      const emulator = await start('emulator --in-memory --hub north --hub south');
      expect((await must('emulator status')).out).toMatch(/hub north .*\n.*hub south/);
      expect(await emulator.stop()).toBe(0);
    });
    expect(existsSync(join(directory.path, '.azure-iot-emulator', 'dps.json'))).toBe(false);
    expect(existsSync(join(directory.path, '.azure-iot-emulator', 'control.sock'))).toBe(false);
  });

  it('lets nobody else open its control socket', async () => {
    const emulator = await start('emulator --in-memory');
    const state = join(directory.path, '.azure-iot-emulator');
    expect(statSync(join(state, 'control.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    await emulator.stop();
  });

  it('appends telemetry to a file', async () => {
    const emulator = await start('emulator --in-memory --retry-after 0s --telemetry-file telemetry.jsonl');
    await must('cert device --cn pump-1 --subject O=Contoso');
    await must('emulator enroll certificates/pump-1.crt');
    await must(
      `connect ${connectFlags(emulator, 'pump-1', 'hub-individual')} --once --telemetry {"temperature":20}`,
    );
    await emulator.stop();
    expect(readFileSync(join(directory.path, 'telemetry.jsonl'), 'utf8')).toContain('"temperature":20');
  });

  it.each([
    ['emulator devices', 1, 'No emulator is running'],
    ['emulator enroll', 2, 'CERTIFICATE is missing'],
    ['emulator enrol pump.crt', 2, 'Did you mean: azure-iot-x509 emulator enroll?'],
    ['emulator device destroy pump-1', 2, 'must be one of'],
    ['emulator --prot 1', 2, 'Did you mean --port?'],
    ['emulator --id-scope nonsense', 2, '--id-scope is not of the form'],
    ['emulator status --env hub --json', 2, 'either --env or --json'],
    ['emulator ca add root.crt --print-code --verified', 2, 'no code for --print-code'],
    ['emulator central group g root.crt --print-code --json', 2, 'either --print-code or --json'],
    ['emulator --hub a --hub a', 2, '--hub names a hub twice'],
  ])('%s: exit code %d', async (line, expected, message) => {
    const { io, code } = await cli(line);
    expect(io.err).toContain(message);
    expect(code).toBe(expected);
  });

  it.each([
    ['emulator send nobody hello', '404001'],
    ['emulator invoke nobody open', '404001'],
    ['emulator enrollment delete nobody', '404201'],
    ['emulator enrollment delete nobody --group', '404204'],
    ['emulator ca verify nobody certificates/pump-1.crt', '404008'],
    ['emulator enroll missing.crt', 'missing.crt'],
  ])('%s is refused, and what to do is said', async (line, message) => {
    const emulator = await start('emulator --in-memory');
    await must('cert device --cn pump-1 --subject O=Contoso');
    const { io, code } = await cli(line);
    expect(io.err).toContain(message);
    expect(io.err).toContain('What to do: ');
    expect(code).toBe(1);
    await emulator.stop();
  });
});
