import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { doctor } from '../../src/cli/doctor/command';
import { runDoctor } from '../../src/cli/doctor/run';
import { bundledRoots, isAzureHost, readableName, signerOf } from '../../src/cli/doctor/signer';
import type { Network, StepName } from '../../src/cli/doctor/step';
import type { FaultInit } from 'azure-iot-emulator';
import { useEmulator } from '../../packages/emulator/test/support/emulator';
import { startConnectProxy } from '../support/connect-proxy';
import { expectNothingLeft } from '../support/leaks';
import { startScriptedHub } from '../support/scripted-hub';
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server';
import { useDirectory, writeDevice, type DeviceFiles } from './support/device-files';
import { MemoryIo } from './support/memory-io';
import { runCommand } from './support/run-command';

const running = useEmulator();
const directory = useDirectory();
let device: DeviceFiles;
let number = 0;

beforeEach(async () => {
  device = await writeDevice(directory.path, running.emulator, 'hub-group', `pump-${++number}`);
});
// DPS holds no more than 25 certificate authorities.
afterEach(() => {
  const { certificates, enrollmentGroups } = running.emulator.dps;
  for (const { enrollmentGroupId } of enrollmentGroups.list()) enrollmentGroups.delete(enrollmentGroupId);
  for (const { name } of certificates.list()) certificates.delete(name);
});

interface Step {
  readonly step: StepName;
  readonly status: string;
  readonly summary: string;
  readonly remedy?: string;
  readonly data?: Record<string, unknown>;
  readonly error?: Record<string, unknown>;
}

/** What the command says with `--json`. */
interface Report {
  readonly code: number;
  readonly ok: boolean;
  readonly steps: readonly Step[];
  readonly err: string;
}

/** The command in another network. */
const examining = (network: Partial<Network>): typeof doctor => ({
  ...doctor,
  run: (invocation) => runDoctor(invocation, { probeTimeoutMs: 2_000, ...network }),
});

async function examine(
  flags: readonly string[],
  network: Partial<Network> = {},
  io = new MemoryIo(),
): Promise<Report> {
  const code = await runCommand(examining(network), [...flags, '--json'], io);
  return { code, err: io.err, ...(io.json as Pick<Report, 'ok' | 'steps'>) };
}

const statuses = ({ steps }: Report) => Object.fromEntries(steps.map(({ step, status }) => [step, status]));
const stepOf = ({ steps }: Report, name: StepName): Step => {
  const found = steps.find(({ step }) => step === name);
  if (!found) throw new Error(`There is no step ${name}.`);
  return found;
};

/** The flags with an endpoint, and perhaps roots, of the test's. */
function at(endpoint: string, ca?: string): readonly string[] {
  const flags = [...device.flags];
  flags[flags.indexOf('--endpoint') + 1] = endpoint;
  if (ca === undefined) return flags;
  const file = join(directory.path, `ca-${number}.pem`);
  writeFileSync(file, ca);
  flags[flags.indexOf('--ca') + 1] = file;
  return flags;
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 86_400_000);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** A server that does something to each connection; closed with everything on it. */
async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const port = await listen(server);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const NETWORK_STEPS = ['dps-name', 'dps-port', 'dps-tls'] as const;
const AFTER_TLS = ['registration', 'hub-name', 'hub-port', 'hub-tls', 'hub-connection', 'telemetry'];
const skipped = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'skipped']));

describe('doctor, on this machine,', () => {
  test('finds a key of another certificate, examines the network all the same, and registers nothing', async () => {
    const other = await writeDevice(directory.path, running.emulator, 'hub-group', `other-${number}`);
    const flags = [...device.without('--key'), '--key', other.keyFile];
    const report = await examine(flags);
    expect(report.code).toBe(1);
    expect(report.ok).toBe(false);
    expect(stepOf(report, 'credentials')).toMatchObject({
      status: 'failed',
      error: { code: 'CREDENTIALS_INVALID' },
      remedy: expect.stringMatching(/\S/) as string,
    });
    for (const name of NETWORK_STEPS) expect(stepOf(report, name).status).toBe('ok');
    expect(statuses(report)).toMatchObject(skipped(['registration', 'hub-connection', 'telemetry']));
    expect(running.emulator.dps.registrations.get(`pump-${number}`)).toBeUndefined();
  });

  test('warns of a certificate that expires soon', async () => {
    device = await writeDevice(directory.path, running.emulator, 'hub-individual', `soon-${number}`, {
      validity: { days: 5 },
    });
    const report = await examine(device.flags);
    expect(report.code).toBe(0);
    expect(stepOf(report, 'credentials').status).toBe('warning');
    const io = new MemoryIo();
    expect(await runCommand(examining({}), device.flags, io)).toBe(0);
    expect(io.out).toMatch(/^! credentials .*\n +\S.*expires.*\n +What to do: \S/m);
    expect(io.out).toContain('can connect. Look at the warnings, though: credentials.');
  });

  test('finds a clock that has never been set', async () => {
    const report = await examine(device.flags, { now: () => new Date('1970-01-01T00:03:00Z') });
    expect(report.code).toBe(1);
    expect(stepOf(report, 'clock')).toMatchObject({
      status: 'failed',
      summary: expect.stringMatching(
        /the clock says 1970-01-01T00:03:00Z, which is before 20\d\d-/,
      ) as string,
      remedy: expect.stringContaining('Set the clock') as string,
    });
    expect(statuses(report)).toMatchObject({ 'dps-port': 'ok', ...skipped(['dps-tls', ...AFTER_TLS]) });
  });

  test('notices a clock that is behind by the time in the answer of DPS', async () => {
    const now = () => new Date(Date.now() - 3_600_000);
    const report = await examine(device.flags, { now });
    expect(stepOf(report, 'registration')).toMatchObject({
      status: 'warning',
      summary: expect.stringMatching(/the clock is at least (59|60) minutes behind that of DPS/) as string,
    });
  });

  test('refuses a proxy variable that names no HTTP proxy, for MQTT over WebSockets only', async () => {
    const env = { HTTPS_PROXY: 'socks5://jane:S3cret-word@proxy:1080' };
    const report = await examine([...device.flags, '--transport', 'mqtt-ws'], { env });
    expect(stepOf(report, 'proxy')).toMatchObject({ status: 'failed', error: { code: 'INVALID_OPTIONS' } });
    expect(stepOf(report, 'proxy').summary).toContain('HTTPS_PROXY');
    expect(JSON.stringify(report)).not.toContain('S3cret-word');
    expect(stepOf(report, 'dps-name').status).toBe('skipped');
    const overMqtt = await examine(device.flags, { env });
    expect(overMqtt.code).toBe(0);
    expect(stepOf(overMqtt, 'proxy').summary).toMatch(/HTTPS_PROXY is set, but --transport mqtt does not/);
  });

  test.each([
    [{}, 'none is set'],
    [{ HTTP_PROXY: 'http://proxy:8080' }, 'none: HTTP_PROXY is set, but it is HTTPS_PROXY that counts'],
    [{ HTTPS_PROXY: 'http://proxy:8080' }, 'HTTPS_PROXY does not count for localhost:'],
  ])('says which proxy is used with the environment %j', async (env, summary) => {
    const report = await examine([...device.flags, '--transport', 'mqtt-ws'], { env });
    expect(stepOf(report, 'proxy').summary).toContain(summary);
    expect(report.code).toBe(0);
  });

  test('examines nothing when flags are missing', async () => {
    const io = new MemoryIo();
    expect(await runCommand(doctor, ['--json', '--enrollment', 'hub-group'], io)).toBe(2);
    expect(io.json).toMatchObject({ error: { code: 'USAGE' } });
    expect(io.err).toContain('--id-scope is missing');
  });
});

describe('doctor, on the way to DPS,', () => {
  test.each([
    ['ENOTFOUND', 'HOST_NOT_FOUND', /has no address/],
    ['EAI_AGAIN', 'NAME_RESOLUTION_FAILED', /name server did not answer/],
  ])('explains the answer %s of the name server', async (code, errorCode, message) => {
    const lookup = () => Promise.reject(Object.assign(new Error(code), { code }));
    const report = await examine(at('dps.example.com'), { lookup });
    expect(stepOf(report, 'dps-name')).toMatchObject({ status: 'failed', error: { code: errorCode } });
    expect(stepOf(report, 'dps-name').summary).toMatch(message);
    expect(statuses(report)).toMatchObject(skipped(['dps-port', 'dps-tls', ...AFTER_TLS]));
  });

  test('suggests MQTT over WebSockets when there is a proxy that resolves names', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const env = { HTTPS_PROXY: 'http://proxy.example.com:8080' };
    const report = await examine(at('dps.example.com'), { lookup, env });
    expect(stepOf(report, 'dps-name').remedy).toMatch(
      /with --transport mqtt-ws, the proxy resolves names\.$/,
    );
  });

  test('finds a name server that never answers', async () => {
    const report = await examine(at('dps.example.com'), {
      lookup: () => new Promise(() => undefined),
      probeTimeoutMs: 50,
    });
    expect(stepOf(report, 'dps-name').summary).toContain(
      'The name server does not answer for dps.example.com',
    );
  });

  test.each([
    ['mqtt', 'mqtt-ws'],
    ['mqtt-ws', 'mqtt'],
  ] as const)('suggests the other transport when only the port for %s is closed', async (closed, open) => {
    await using server = await rawServer((socket) => socket.end());
    const blocked = await closedPort();
    const ports = { [closed]: blocked, [open]: server.port } as Network['ports'];
    const report = await examine([...at('localhost'), '--transport', closed], { ports });
    const step = stepOf(report, 'dps-port');
    expect(step).toMatchObject({ status: 'failed', error: { code: 'CONNECTION_REFUSED' } });
    expect(step.summary).toBe(
      `Port ${blocked} of localhost refuses connections, port ${server.port} is open.`,
    );
    expect(step.remedy).toContain(`Use --transport ${open}, which needs port ${server.port} only`);
    expect(statuses(report)).toMatchObject(skipped(['dps-tls', ...AFTER_TLS]));
  });

  test('suggests the firewall and a proxy when both ports are closed', async () => {
    const ports = { mqtt: await closedPort(), 'mqtt-ws': await closedPort() };
    const report = await examine(at('localhost'), { ports });
    const { summary, remedy } = stepOf(report, 'dps-port');
    expect(summary).toMatch(/^Port \d+ of localhost refuses connections, port \d+ refuses connections\.$/);
    expect(remedy).toContain('firewall');
    expect(remedy).toContain('use --transport mqtt-ws and set HTTPS_PROXY');
  });

  test('suggests to check the port of the endpoint when that is closed', async () => {
    const port = await closedPort();
    const report = await examine(at(`localhost:${port}`));
    expect(stepOf(report, 'dps-port').remedy).toMatch(
      /^Check the port of the endpoint, and that the server runs\./,
    );
  });

  test.each([
    ['never answers', (_socket: Socket) => undefined, 'TIMEOUT', /did not answer the TLS handshake/],
    ['closes', (socket: Socket) => socket.end(), 'CONNECTION_LOST', /reset the connection/],
    [
      'speaks no TLS',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'TLS_FAILED',
      /secure/,
    ],
  ])('explains a server that %s', async (_what, onConnection, code, message) => {
    await expectNothingLeft(async () => {
      await using server = await rawServer(onConnection);
      const report = await examine(at(`localhost:${server.port}`), { probeTimeoutMs: 200 });
      expect(stepOf(report, 'dps-tls')).toMatchObject({ status: 'failed', error: { code } });
      expect(stepOf(report, 'dps-tls').summary).toMatch(message);
      expect(stepOf(report, 'dps-tls').remedy).toMatch(/\S/);
      expect(statuses(report)).toMatchObject(skipped(AFTER_TLS));
    });
  });

  test.each([
    ['407: it wants user and password', { kind: 'refuse', status: 407 }, 'PROXY_REFUSED', /user:password@/],
    ['it never answers', { kind: 'stall' }, 'TIMEOUT', /Check the address of the proxy/],
  ] as const)('explains a proxy that does not connect: %s', async (_what, behavior, code, remedy) => {
    await using proxy = await startConnectProxy({ behavior });
    const flags = [...at('dps.example.com'), '--transport', 'mqtt-ws', '--proxy', proxy.url];
    const report = await examine(flags, { probeTimeoutMs: 300 });
    expect(stepOf(report, 'dps-name').summary).toMatch(/^the proxy localhost has the address /);
    expect(stepOf(report, 'dps-port')).toMatchObject({ status: 'failed', error: { code } });
    expect(stepOf(report, 'dps-port').summary).toContain(proxy.name);
    expect(stepOf(report, 'dps-port').remedy).toMatch(remedy);
  });
});

describe('doctor, for the certificate of the server,', () => {
  /** The server got a connection and not a single packet. */
  const heardNothing = ({ clients }: ScriptedServer) =>
    clients.every(({ received }) => received.length === 0);

  test('shows the issuer when the server is not trusted, and sends nothing to it', async () => {
    await using server = await startScriptedServer(() => undefined, { rootName: 'Somebody else' });
    const report = await examine(at(server.endpoint));
    const step = stepOf(report, 'dps-tls');
    expect(step).toMatchObject({ status: 'failed', error: { code: 'SERVER_NOT_TRUSTED' } });
    expect(step.summary).toContain('It goes back to Somebody else.');
    expect(step.summary).toContain('The server sent: localhost, issued by Somebody else, valid until ');
    expect(step.remedy).toContain('--ca');
    expect(heardNothing(server)).toBe(true);
  });

  test.each([
    ['has expired', { notBefore: daysFromNow(-10), notAfter: daysFromNow(-5) }],
    ['is not valid yet', { notBefore: daysFromNow(5), notAfter: daysFromNow(10) }],
  ])('suggests to check the clock when the certificate %s', async (what, validity) => {
    await using server = await startScriptedServer(() => undefined, { validity });
    const step = stepOf(await examine(at(server.endpoint, server.ca)), 'dps-tls');
    expect(step.summary).toContain(what);
    expect(step.summary).toMatch(/is valid from \S+Z to \S+Z, and the clock of this machine says \S+Z\./);
    expect(step.remedy).toMatch(/^If the clock is wrong: Set the clock/);
  });

  test('shows the name that the certificate is made for', async () => {
    await using server = await startScriptedServer(() => undefined, { hostNames: ['portal.hotel.example'] });
    const step = stepOf(await examine(at(server.endpoint, server.ca)), 'dps-tls');
    expect(step.summary).toContain('It is made for DNS:portal.hotel.example.');
    expect(step.remedy).toContain('somebody else answers in its place');
  });

  describe('and a host name of Azure,', () => {
    const name = 'global.azure-devices-provisioning.net';

    /** What is found when somebody opens TLS on the way to Azure. */
    async function inspected(
      rootName: string,
      isTrusted: boolean,
    ): Promise<Report & { discardsOutgoing: boolean }> {
      await using server = await startScriptedServer((client) => client.socket.end(), {
        rootName,
        hostNames: ['*.azure-devices-provisioning.net'],
      });
      await using proxy = await startConnectProxy({ target: server.endpoint });
      const flags = isTrusted ? at(name, server.ca) : at(name);
      const report = await examine([...flags, '--transport', 'mqtt-ws', '--proxy', proxy.url]);
      return { ...report, discardsOutgoing: heardNothing(server) };
    }

    test('fails for an inspection of TLS whose root is not trusted, and sends nothing', async () => {
      const report = await inspected('Contoso internal CA', false);
      const step = stepOf(report, 'dps-tls');
      expect(step).toMatchObject({ status: 'failed', error: { code: 'SERVER_NOT_TRUSTED' } });
      expect(step.summary).toContain('It goes back to Contoso internal CA.');
      expect(step.remedy).toMatch(
        /^A proxy or firewall probably inspects TLS\. Have \*\.azure-devices-provisioning\.net and /,
      );
      expect(report.discardsOutgoing).toBe(true);
    });

    test('warns of an inspection of TLS whose root is trusted: DPS does not get the certificate of the device', async () => {
      const report = await inspected('Contoso internal CA', true);
      const step = stepOf(report, 'dps-tls');
      expect(step).toMatchObject({
        status: 'warning',
        data: { rootKind: 'private', root: 'Contoso internal CA' },
      });
      expect(step.summary).toMatch(/goes back to Contoso internal CA, which is no root of Azure$/);
      expect(step.remedy).toMatch(
        /^A proxy or firewall probably inspects TLS\. .*takes the certificate of the device away/,
      );
      expect(stepOf(report, 'registration').status).toBe('failed');
    });
  });

  test('takes four of the roots in Node.js for those of Azure', () => {
    const roots = bundledRoots();
    const azure = roots.filter((root) => signerOf([root]).kind === 'azure');
    expect(azure.map(({ subject }) => readableName(subject)).sort()).toEqual([
      'DigiCert Global Root G2',
      'DigiCert Global Root G3',
      'Microsoft ECC Root Certificate Authority 2017',
      'Microsoft RSA Root Certificate Authority 2017',
    ]);
    const others = roots.filter((root) => !azure.includes(root));
    expect(new Set(others.map((root) => signerOf([root]).kind))).toEqual(new Set(['public']));
  });

  test.each([
    ['global.azure-devices-provisioning.net', true],
    ['contoso.azure-devices.net', true],
    ['contoso.azure-devices.cn.', true],
    ['azure-devices.net.example.com', false],
    ['localhost', false],
  ])('says whether the host %s belongs to Azure: %s', (host, expected) => {
    expect(isAzureHost(host)).toBe(expected);
  });
});

describe('doctor, in the cloud,', () => {
  test('explains a registration that is refused, with its tracking ID', async () => {
    running.emulator.dps.enrollmentGroups.update(`pump-${number}-ca`, { provisioningStatus: 'disabled' });
    const report = await examine(device.flags);
    expect(report.code).toBe(1);
    expect(stepOf(report, 'registration')).toMatchObject({
      status: 'failed',
      error: { service: 'dps', trackingId: expect.any(String) as string },
    });
    expect(statuses(report)).toMatchObject(
      skipped(['hub-name', 'hub-port', 'hub-tls', 'hub-connection', 'telemetry']),
    );
  });

  test('finds a hub that cannot be reached', async () => {
    await running.hub.stop();
    try {
      const report = await examine(device.flags);
      expect(stepOf(report, 'registration').status).toBe('ok');
      expect(stepOf(report, 'hub-port')).toMatchObject({ status: 'failed', error: { service: 'hub' } });
      expect(statuses(report)).toMatchObject(skipped(['hub-tls', 'hub-connection', 'telemetry']));
    } finally {
      await running.hub.start();
    }
  });

  test('finds a hub that refuses the device', async () => {
    expect((await examine(device.flags)).code).toBe(0);
    running.hub.devices.disable(`pump-${number}`);
    const report = await examine(device.flags);
    expect(stepOf(report, 'hub-connection')).toMatchObject({
      status: 'failed',
      error: { code: 'UNAUTHORIZED', service: 'hub' },
    });
    expect(stepOf(report, 'telemetry').status).toBe('skipped');
  });

  test('finds a hub that drops the connection at a message', async () => {
    await using hub = await startScriptedHub(async (client) => {
      await client.accept();
      await client.expect('publish');
      client.drop();
    });
    const { cert, key, ca } = hub.options;
    const write = (name: string, content: string | Buffer | undefined) => {
      const file = join(directory.path, name);
      writeFileSync(file, content ?? '', { mode: 0o600 });
      return file;
    };
    const report = await examine([
      ...['--enrollment', 'hub-individual', '--id-scope', '0ne00ABCDEF', '--endpoint', hub.server.endpoint],
      ...['--cert', write('s.crt', cert), '--key', write('s.key', key), '--ca', write('s.pem', ca)],
    ]);
    expect(statuses(report)).toMatchObject({ 'hub-connection': 'ok', telemetry: 'failed' });
    expect(stepOf(report, 'telemetry')).toMatchObject({ error: { code: 'CONNECTION_LOST', service: 'hub' } });
  });
});

describe('doctor, when nothing is wrong,', () => {
  test.each(['hub-individual', 'hub-group', 'central-individual', 'central-group'] as const)(
    'ticks off every step for %s, and nothing stays open',
    async (kind) => {
      device = await writeDevice(directory.path, running.emulator, kind, `valve-${kind}`);
      const io = new MemoryIo();
      await expectNothingLeft(async () => {
        expect(await runCommand(examining({}), device.flags, io)).toBe(0);
      });
      const ticked = [...io.out.matchAll(/^✔ (\S+(?: \S+)?) {2,}\S/gm)].map(([, title]) => title);
      expect(ticked).toEqual([
        ...['credentials', 'clock', 'proxy', 'DPS name', 'DPS port', 'DPS TLS', 'registration'],
        ...['hub name', 'hub port', 'hub TLS', 'hub connection', 'telemetry', 'features'],
      ]);
      expect(io.out).toMatch(new RegExp(`^valve-${kind} can connect\\.$`, 'm'));
      expect(device.enrolled.hub.receivedTelemetry(`valve-${kind}`)).toMatchObject([
        { properties: { 'azure-iot-x509': 'doctor' } },
      ]);
    },
  );

  test.each<[string, FaultInit['action']]>([
    ['refuses the subscription to', { kind: 'refuse' }],
    ['ends each connection at the subscription to', { kind: 'close' }],
  ])('warns of a hub that %s direct methods and the twin', async (_what, action) => {
    const service = running.hub.name;
    const fault = { at: 'subscribe', service, times: Infinity, action } as FaultInit;
    const added = running.emulator.faults.add(fault);
    try {
      const report = await examine(device.flags);
      expect(report).toMatchObject({ code: 0, ok: true });
      const step = stepOf(report, 'features');
      expect(step).toMatchObject({ status: 'warning', remedy: expect.stringMatching(/Standard/) as string });
      expect(step.summary).toMatch(/refused .*device twin.*Basic tier/);
      expect(stepOf(report, 'telemetry').status).toBe('ok');
    } finally {
      added.remove();
    }
  });

  test('sends no message with --skip-telemetry', async () => {
    const report = await examine([...device.flags, '--skip-telemetry']);
    expect(report.code).toBe(0);
    expect(statuses(report)).not.toHaveProperty('telemetry');
    expect(stepOf(report, 'hub-connection').status).toBe('ok');
    expect(running.hub.receivedTelemetry(`pump-${number}`)).toEqual([]);
  });

  test('examines the way over WebSockets through a proxy, and never prints the password of the proxy', async () => {
    await using proxy = await startConnectProxy({ credentials: 'jane:p@ss' });
    const url = proxy.url.replace('://', '://jane:p%40ss@');
    const report = await examine([...device.flags, '--transport', 'mqtt-ws', '--proxy', url]);
    expect(new Set(Object.values(statuses(report)))).toEqual(new Set(['ok']));
    expect(stepOf(report, 'proxy').summary).toBe(`${proxy.name} with user and password, from --proxy`);
    expect(stepOf(report, 'hub-port').summary).toContain(`the proxy ${proxy.name} connects to port`);
    expect(JSON.stringify(report)).not.toContain('p@ss');
    expect(new Set(proxy.targets)).toEqual(new Set([running.emulator.globalEndpoint, running.hub.hostName]));
  });

  test('keeps to the width of the terminal, with texts beside their titles', async () => {
    const io = new MemoryIo({ terminal: { columns: 60 } });
    expect(await runCommand(examining({}), [...device.flags, '--transport', 'mqtt-ws'], io)).toBe(0);
    const visible = stripVTControlCharacters(io.out).split('\n');
    expect(Math.max(...visible.map((line) => line.length))).toBeLessThanOrEqual(60);
    const beside = visible.filter((line) => line.startsWith('  ') && line.trim() !== '');
    expect(beside.length).toBeGreaterThan(0);
    for (const line of beside) expect(line).toMatch(/^ {18}\S/);
  });

  test('ends with 130 when it is interrupted, and nothing stays open', async () => {
    await expectNothingLeft(async () => {
      await using server = await rawServer(() => undefined);
      const io = new MemoryIo();
      const done = runCommand(examining({ probeTimeoutMs: 20_000 }), at(`localhost:${server.port}`), io);
      await io.until(({ out }) => out.includes('DPS port'));
      io.interrupt();
      expect(await done).toBe(130);
    });
  });
});
