import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provision } from '../../src/cli/provision';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { startConnectProxy } from '../support/connect-proxy';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedServer } from '../support/scripted-server';
import { MemoryIo } from './support/memory-io';
import { useDirectory, writeDevice, type DeviceFiles } from './support/device-files';
import { runCommand } from './support/run-command';

const running = useEmulator();
const directory = useDirectory();
let device: DeviceFiles;

beforeAll(async () => {
  device = await writeDevice(directory.path, running.emulator, 'hub-group', 'pump-1');
});

const run = (args: readonly string[], io: MemoryIo) => runCommand(provision, args, io);

describe('provision, when the device is refused:', () => {
  test('the refusal is explained: cause, remedy, code and tracking ID', async () => {
    const { enrollmentGroups } = running.emulator.dps;
    enrollmentGroups.update('pump-1-ca', { provisioningStatus: 'disabled' });
    try {
      const io = new MemoryIo();
      expect(await run(device.flags, io)).toBe(1);
      expect(io.out).toBe('');
      expect(io.err).toMatch(/^error: The Device Provisioning Service .*pump-1/m);
      expect(io.err).toMatch(/^What to do: \S/m);
    } finally {
      enrollmentGroups.update('pump-1-ca', { provisioningStatus: 'enabled' });
    }
  });

  test('service code and tracking ID are printed for a support request, with --json too', async () => {
    const other = await writeDevice(directory.path, running.emulator, 'hub-group', 'unverified-1', {
      unverified: true,
    });
    const io = new MemoryIo();
    expect(await run([...other.flags, '--json'], io)).toBe(1);
    const [, code, trackingId] = /^Reference: DPS code (\d{6}), tracking ID (\S+)$/m.exec(io.err) ?? [];
    expect(io.json).toMatchObject({
      error: { service: 'dps', serviceCode: Number(code), trackingId, isTransient: false },
    });
  });

  test('nothing is sent with credentials that cannot work', async () => {
    const before = running.emulator.dps.registrations.get('pump-1');
    const other = await writeDevice(directory.path, running.emulator, 'hub-individual', 'pump-2');
    const io = new MemoryIo();
    const code = await run([...device.without('--key'), '--key', other.keyFile], io);
    expect(code).toBe(1);
    expect(io.err).toMatch(/^error: .*key/m);
    expect(running.emulator.dps.registrations.get('pump-1')).toEqual(before);
  });

  test('flags that are missing are all named', async () => {
    const io = new MemoryIo();
    expect(await run([], io)).toBe(2);
    for (const flag of ['--enrollment', '--id-scope', '--cert', '--key'])
      expect(io.err).toContain(`${flag} is`);
  });

  test('an interruption ends it with 130, and nothing stays open', async () => {
    await using server = await startScriptedServer(() => undefined);
    const caFile = join(directory.path, 'silent.pem');
    writeFileSync(caFile, server.ca);
    const flags = [...device.flags.slice(0, 4), '--cert', device.certFile, '--key', device.keyFile];
    await expectNothingLeft(async () => {
      const io = new MemoryIo();
      const done = run([...flags, '--endpoint', server.endpoint, '--ca', caFile], io);
      await io.until(({ err }) => err.includes('Registering at'));
      io.interrupt();
      expect(await done).toBe(130);
      expect(io.out).toBe('');
      for (const client of server.clients) client.drop();
    });
  });

  test('it ends after the time of --timeout', async () => {
    await using server = await startScriptedServer(() => undefined);
    const caFile = join(directory.path, 'silent.pem');
    writeFileSync(caFile, server.ca);
    const flags = [...device.flags.slice(0, 4), '--cert', device.certFile, '--key', device.keyFile];
    const io = new MemoryIo();
    const args = [...flags, '--endpoint', server.endpoint, '--ca', caFile, '--timeout', '300ms', '--json'];
    expect(await run(args, io)).toBe(1);
    expect(io.json).toMatchObject({ error: { code: 'TIMEOUT', isTransient: true } });
    expect(io.err).toContain('--timeout');
  });

  test('a proxy for MQTT over TCP is refused in terms of flags', async () => {
    const io = new MemoryIo();
    expect(await run([...device.flags, '--proxy', 'http://jane:S3cret-word@proxy:8080'], io)).toBe(2);
    expect(io.err).toContain('--proxy is given, but MQTT over TCP does not go through an HTTP proxy.');
    expect(io.err).toContain('Give --transport mqtt-ws as well, or leave --proxy out.');
    expect(io.err).not.toContain('S3cret-word');
  });
});

describe('provision, when the device is assigned:', () => {
  test.each(['hub-individual', 'hub-group', 'central-individual', 'central-group'] as const)(
    '%s: the assignment is on stdout, and progress on stderr',
    async (kind) => {
      const { flags, enrolled } = await writeDevice(directory.path, running.emulator, kind, `valve-${kind}`);
      const io = new MemoryIo();
      expect(await run(flags, io)).toBe(0);
      expect(io.out).toMatch(new RegExp(`^Registration ID +valve-${kind}$`, 'm'));
      expect(io.out).toMatch(new RegExp(`^Device ID +valve-${kind}$`, 'm'));
      expect(io.out).toMatch(new RegExp(`^Assigned hub +${enrolled.hub.hostName}$`, 'm'));
      expect(io.out).toMatch(/^Status +assigned$/m);
      expect(io.out).toMatch(/^Substatus +initialAssignment$/m);
      expect(io.out).toMatch(/^Registered +\d{4}-\d\d-\d\dT/m);
      expect(io.err).toMatch(/^Registering at localhost:\d+ …$/m);
    },
  );

  test('--json prints the registration and nothing else', async () => {
    const io = new MemoryIo();
    expect(await run([...device.flags, '--json'], io)).toBe(0);
    expect(io.json).toMatchObject({
      registrationId: 'pump-1',
      deviceId: 'pump-1',
      assignedHub: running.hub.hostName,
      status: 'assigned',
    });
  });

  test('the settings may come from the environment', async () => {
    const io = new MemoryIo({
      env: {
        ENROLLMENT_KIND: 'hub-group',
        PROVISIONING_IDSCOPE: running.emulator.idScope,
        PROVISIONING_HOST: running.emulator.globalEndpoint,
        CERTIFICATE_FILE: device.certFile,
        KEY_FILE: device.keyFile,
        CA_FILE: device.caFile,
      },
    });
    expect(await run([], io)).toBe(0);
    expect(io.out).toMatch(/^Device ID +pump-1$/m);
  });

  test('the settings may come from a profile, whose assignment file is not used', async () => {
    const profile = join(directory.path, 'device.json');
    const settings = {
      version: 1,
      enrollment: 'hub-group',
      idScope: running.emulator.idScope,
      globalEndpoint: running.emulator.globalEndpoint,
      certFile: 'pump-1.crt',
      keyFile: 'pump-1.key',
      caFile: 'pump-1-servers.pem',
      assignmentFile: 'missing/assignments.json',
    };
    writeFileSync(profile, JSON.stringify(settings));
    const io = new MemoryIo();
    expect(await run(['--profile', profile], io)).toBe(0);
    expect(io.out).toMatch(/^Assigned hub +localhost:\d+$/m);
  });

  test('a certificate that expires soon is a warning on stderr', async () => {
    const soon = await writeDevice(directory.path, running.emulator, 'hub-individual', 'expiring-1', {
      validity: { days: 5 },
    });
    const io = new MemoryIo();
    expect(await run(soon.flags, io)).toBe(0);
    expect(io.err).toMatch(/^warning: .*expire/m);
  });

  test('the registration goes through the proxy of --proxy', async () => {
    await using proxy = await startConnectProxy();
    const io = new MemoryIo();
    expect(await run([...device.flags, '--transport', 'mqtt-ws', '--proxy', proxy.url], io)).toBe(0);
    expect(proxy.targets).toEqual([running.emulator.globalEndpoint]);
    const direct = new MemoryIo();
    expect(await run([...device.flags, '--transport', 'mqtt-ws', '--proxy', 'none'], direct)).toBe(0);
    expect(proxy.targets).toHaveLength(1);
  });
});

test('the help of provision names its flags, but not that of remembered assignments', async () => {
  const io = new MemoryIo();
  expect(await run(['--help'], io)).toBe(0);
  for (const flag of ['--profile', '--enrollment', '--proxy', '--json', '--timeout'])
    expect(io.out).toContain(flag);
  expect(io.out).not.toContain('--assignment-file');
});
