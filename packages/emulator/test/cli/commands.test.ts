import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expectNothingLeft } from '../../../../test/support/leaks';
import { useCommandLines, type Started } from './support/command-lines';
import type { MemoryIo } from '../../../../test/cli/support/memory-io';

const { directory, io, runLine, cli, must, device, start } = useCommandLines();

function connectFlags({ status }: Started, name: string, kind: string, idScope = status.idScope): string {
  return [
    `--enrollment ${kind} --id-scope ${idScope} --endpoint ${status.globalEndpoint} --ca ${status.caFile}`,
    `--cert certificates/${name}.crt --key certificates/${name}.key`,
  ].join(' ');
}

/** A device that `azure-iot-x509 connect` plays; the promise is its exit code. */
function connect(flags: string): { io: MemoryIo; code: Promise<number> } {
  const own = io();
  const words = ['azure-iot-x509', 'connect', ...flags.split(' '), '--json'];
  return { io: own, code: runLine(words, own).then(({ code }) => code) };
}

/** `azure-iot-emulator watch`, once it watches; the promise is its exit code. */
async function watch(...args: readonly string[]): Promise<{ io: MemoryIo; code: Promise<number> }> {
  const own = io();
  const running = runLine(['azure-iot-emulator', 'watch', ...args], own).then(({ code }) => code);
  await own.until(({ err }) => err.includes('Watching '));
  return { io: own, code: running };
}

describe('azure-iot-emulator', () => {
  it('serves a device that is enrolled, connected, sent to, called and watched by commands alone', async () => {
    const emulator = await start();
    await device('cert device --cn pump-1 --subject O=Contoso');
    const enrolled = await must('enroll certificates/pump-1.crt');
    expect(enrolled.out).toContain('Individual enrollment pump-1: enabled');

    const { io: watching, code: watched } = await watch('pump-1', '--json');
    const connected = connect(
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

    expect((await must('devices')).out).toMatch(/pump-1 +hub-1 +enabled +Connected/);
    const called = await must('invoke pump-1 open --payload {"percent":40} --json --connect-timeout 10s');
    expect(called.json).toEqual({ status: 200, payload: {} });
    await must('send pump-1 hello --property urgency=low --wait');
    await connected.io.until(({ out }) => out.includes('hello'));
    const twin = await must('twin pump-1 --desired {"interval":5} --tags {"site":"north"}');
    expect(twin.json).toMatchObject({ tags: { site: 'north' }, properties: { desired: { interval: 5 } } });
    await connected.io.until(({ out }) => out.includes('"interval":5'));

    await must('device disable pump-1');
    await watching.until(({ out }) => out.includes('device-disabled'));
    connected.io.interrupt();
    await connected.code;
    watching.interrupt();
    expect(await watched).toBe(0);
    expect(await emulator.stop()).toBe(0);
  });

  it('verifies a certificate authority and lets in its devices, in DPS and in IoT Central', async () => {
    const emulator = await start();
    await device('cert root --cn Contoso --subject O=Contoso');
    await device(
      'cert device --cn pump-2 --subject O=Contoso --ca certificates/root.crt --ca-key certificates/root.key',
    );

    const unanchored = await must('group valves --certificate certificates/root.crt');
    expect(unanchored.out).toContain('lets in nobody yet: no certificate authority is verified');
    await must('enrollment delete valves --group');
    const added = await must('ca add certificates/root.crt --name contoso --json');
    const { verificationCode } = added.json as { verificationCode: string };
    expect((await must('group pumps --ca contoso')).out).toContain('lets in nobody yet');
    const signer = '--ca certificates/root.crt --ca-key certificates/root.key';
    await device(`cert verification --code ${verificationCode} ${signer} --name proof`);
    await must('ca verify contoso certificates/proof.crt');
    const provisioned = await device(`provision ${connectFlags(emulator, 'pump-2', 'hub-group')} --json`);
    expect(provisioned.json).toMatchObject({ deviceId: 'pump-2', status: 'assigned' });
    expect((await must('enrollments')).out).toMatch(/group +pumps +enabled +contoso/);

    const group = await must('central group valves certificates/root.crt --json');
    const { verificationCode: code } = group.json as { verificationCode: string };
    await device(`cert verification --code ${code} ${signer} --name proof-2`);
    await must('central verify valves certificates/proof-2.crt');
    await must('central auto-approve off');
    const centralScope = emulator.status.central[0]?.idScope;
    const flags = connectFlags(emulator, 'pump-2', 'central-group', centralScope);
    const refused = await runLine(`azure-iot-x509 provision ${flags}`.split(' '));
    expect(refused.code).toBe(1);
    expect(refused.io.err).toContain('400209');
    expect((await must('central change approve pump-2')).out).toContain('Registered');
    await device(`provision ${flags}`);
    expect((await must('central devices')).out).toMatch(/pump-2 +Provisioned/);
    expect(await emulator.stop()).toBe(0);
  });

  it('prints the settings of devices for a shell, and the verification code alone', async () => {
    const emulator = await start('--in-memory');
    const { globalEndpoint, idScope, central } = emulator.status;
    const caFile = join(directory.path, '.azure-iot-emulator', 'emulator-ca.pem');
    const lines = (scope: string | undefined) => [
      `export PROVISIONING_HOST='${globalEndpoint}'`,
      `export PROVISIONING_IDSCOPE='${String(scope)}'`,
      `export CA_FILE='${caFile}'`,
      `export NODE_EXTRA_CA_CERTS='${caFile}'`,
      '',
    ];
    expect((await must('status --env hub')).out.split('\n')).toEqual(lines(idScope));
    const [application] = central;
    expect((await must('status --env central')).out.split('\n')).toEqual(lines(application?.idScope));

    await device('cert root --cn Contoso --subject O=Contoso');
    const dps = await must('ca add certificates/root.crt --print-code');
    expect(dps.out).toMatch(/^[0-9A-F]{48}\n$/);
    const group = await must('central group valves certificates/root.crt --print-code');
    expect(group.out).toMatch(/^[0-9A-F]{48}\n$/);
    expect(await emulator.stop()).toBe(0);
  });

  it('tells a program that watches that it stops', async () => {
    const emulator = await start('--in-memory');
    const { io: watching, code: watched } = await watch();
    await must('stop');
    expect(await watched).toBe(0);
    expect(watching.err).toContain('The emulator has stopped.');
    await emulator.stop();
  });

  it('ends an interrupted command with exit code 130, and goes on', async () => {
    const emulator = await start();
    await device('cert device --cn pump-1 --subject O=Contoso');
    await must('enroll certificates/pump-1.crt');
    await device(`provision ${connectFlags(emulator, 'pump-1', 'hub-individual')}`);
    const calling = io();
    const called = runLine('azure-iot-emulator invoke pump-1 open --connect-timeout 5m'.split(' '), calling);
    await calling.until(({ err }) => err.includes('Calling open of pump-1 …'));
    calling.interrupt();
    expect((await called).code).toBe(130);
    expect(calling.err).toContain('Interrupted.');
    await must('devices');
    expect(await emulator.stop()).toBe(0);
  });

  it('goes on from its state at the next start', async () => {
    const first = await start();
    await device('cert device --cn pump-1 --subject O=Contoso');
    await must('enroll certificates/pump-1.crt');
    expect(await first.stop()).toBe(0);
    const second = await start();
    expect(second.status).toEqual({ ...first.status, processId: process.pid });
    expect((await must('enrollments')).out).toContain('pump-1');
    expect((await must('stop')).out).toContain('stops');
    await second.io.until(({ err }) => err.includes('The emulator has stopped.'));
  });

  it('keeps no state and leaves no socket with --in-memory', async () => {
    await expectNothingLeft(async () => {
      const emulator = await start('--in-memory --hub north --hub south');
      expect((await must('status')).out).toMatch(/hub north .*\n.*hub south/);
      expect(await emulator.stop()).toBe(0);
    });
    expect(existsSync(join(directory.path, '.azure-iot-emulator', 'dps.json'))).toBe(false);
    expect(existsSync(join(directory.path, '.azure-iot-emulator', 'control.sock'))).toBe(false);
  });

  it('lets only its user open its control socket', async () => {
    const emulator = await start('--in-memory');
    const state = join(directory.path, '.azure-iot-emulator');
    expect(statSync(join(state, 'control.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    await emulator.stop();
  });

  it('appends telemetry to the file of --telemetry-file', async () => {
    const emulator = await start('--in-memory --retry-after 0s --telemetry-file telemetry.jsonl');
    await device('cert device --cn pump-1 --subject O=Contoso');
    await must('enroll certificates/pump-1.crt');
    await device(
      `connect ${connectFlags(emulator, 'pump-1', 'hub-individual')} --once --telemetry {"temperature":20}`,
    );
    await emulator.stop();
    expect(readFileSync(join(directory.path, 'telemetry.jsonl'), 'utf8')).toContain('"temperature":20');
  });

  it.each([
    ['devices', 1, 'No emulator is running'],
    ['enroll', 2, "missing required argument 'CERTIFICATE'"],
    ['enrol pump.crt', 2, 'Did you mean enroll?'],
    ['device destroy pump-1', 2, 'Allowed choices are enable, disable, disconnect, delete.'],
    ['start now', 2, "too many arguments for 'start'"],
    ['group pumps', 2, 'either --ca or --certificate'],
    ['group pumps --ca contoso --certificate root.crt', 2, 'either --ca or --certificate'],
    ['send pump-1 open --property high', 2, 'NAME=VALUE'],
    ['invoke pump-1 open --timeout 30', 2, 'with its unit'],
    ['invoke pump-1 open --timeout 0s', 2, 'from 1s to 300s'],
    ['invoke pump-1 open --payload {open', 2, 'It must be JSON'],
    ['invoke pump-1 open --payload @missing.json', 2, 'The file cannot be read (ENOENT).'],
    ['twin pump-1 --tags 7', 2, 'It must be a JSON object'],
    ['--port 65536', 2, 'a whole number from 0 to 65535'],
    ['--prot 1', 2, 'Did you mean --port?'],
    ['--id-scope nonsense', 2, '--id-scope is not of the form'],
    ['status --env hub --json', 2, 'either --env or --json'],
    ['ca add root.crt --print-code --verified', 2, "'--print-code' cannot be used with option '--verified'"],
    ['central group g root.crt --print-code --json', 2, 'either --print-code or --json'],
    ['--hub a --hub a', 2, '--hub names a hub twice'],
  ])('"azure-iot-emulator %s" ends with exit code %d and says why', async (line, expected, message) => {
    const { io: ended, code } = await cli(line);
    expect(ended.err).toContain(message);
    expect(code).toBe(expected);
    expect((await cli(line, '--json')).io.json).toMatchObject({
      error: { message: expect.any(String) as string },
    });
  });

  it.each([
    ['enroll', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----'],
    ['group pumps --certificate', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----'],
    ['devices --state', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----'],
  ])('"azure-iot-emulator %s" does not repeat a key that is given in place of a path', async (line, key) => {
    const { io: ended, code } = await cli(line, key);
    expect(ended.err).toContain('error: A path is expected, not the content of a file.');
    expect(ended.err).not.toContain('c2VjcmV0');
    expect(code).toBe(2);
  });

  it.each([
    ['send nobody hello', '404001'],
    ['invoke nobody open', '404001'],
    ['enrollment delete nobody', '404201'],
    ['enrollment delete nobody --group', '404204'],
    ['ca verify nobody certificates/pump-1.crt', '404008'],
    ['enroll missing.crt', 'missing.crt'],
  ])('"azure-iot-emulator %s" is refused, and a remedy is given', async (line, message) => {
    const emulator = await start('--in-memory');
    await device('cert device --cn pump-1 --subject O=Contoso');
    const { io: ended, code } = await cli(line);
    expect(ended.err).toContain(message);
    expect(ended.err).toContain('What to do: ');
    expect(code).toBe(1);
    await emulator.stop();
  });
});
