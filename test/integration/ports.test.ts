import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { connectDevice } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { startEmulator, type Emulator, type EmulatorOptions } from 'azure-iot-emulator';
import { isLoopback } from '../../packages/emulator/src/devices/ports';
import { useTemporaryDirectory } from '../../packages/certificates/test/making/temporary-directory';
import { enrollDevice } from '../support/enrolled-device';
import { connectToDps } from '../../packages/emulator/test/support/clients';
import { moduleOf, Program } from '../../packages/emulator/test/support/program';
import { RawClient } from '../../packages/emulator/test/support/raw-client';
import { freePort, listenOn } from '../../packages/emulator/test/support/tcp';
import { useWarnings } from '../../packages/emulator/test/support/warnings';

/* Where the emulator listens, and under which names. */

describe('the ports of an emulator', () => {
  it('are those that were asked for', async () => {
    const [port, hubPort] = [await freePort(), await freePort()];
    await using emulator = await startEmulator({ port, hubs: [{ name: 'north', port: hubPort }, 'south'] });
    expect(emulator.globalEndpoint).toBe(`localhost:${port}`);
    expect(emulator.hubs[0]?.hostName).toBe(`localhost:${hubPort}`);
    expect(emulator.sharedPorts).toEqual([]);
    const device = await createSelfSignedCertificate({ commonName: 'pump-1' });
    await using client = await connectToDps(emulator, device, 'pump-1');
    await client.ping();
  });

  it.each<[string, (taken: number, free: number) => EmulatorOptions]>([
    ['of DPS', (taken, free) => ({ port: taken, hubs: [{ name: 'north', port: free }] })],
    [
      'of a hub',
      (taken, free) => ({
        hubs: [
          { name: 'north', port: free },
          { name: 'south', port: taken },
        ],
      }),
    ],
    ['that is shared', (taken, free) => ({ sharedPorts: [free, taken] })],
  ])('are all freed by a start that fails because the one %s is taken', async (_what, options) => {
    const taken = await listenOn();
    const free = await freePort();
    await expect(startEmulator(options(taken.port, free))).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port: taken.port,
    });
    await (await listenOn(free)).close();
    await taken.close();
  });

  it.each<[string, EmulatorOptions]>([
    ['sharedPorts', { sharedPorts: [0], port: 8883 }],
    ['sharedPorts', { sharedPorts: [0], hubs: [{ name: 'north', port: 8883 }] }],
    ['sharedPorts[0]', { sharedPorts: [65536] }],
    ['port', { port: -1 }],
    ['hubs[0].port', { hubs: [{ name: 'north', port: 1.5 }] }],
    ['hubs[0].hostName', { hubs: [{ name: 'north', hostName: 'north:8883' }] }],
    ['host', { host: '' }],
    ['hostName', { hostName: 'https://gateway' }],
  ])('are refused with a wrong option %s in %j', async (option, options) => {
    await expect(startEmulator(options)).rejects.toMatchObject({ problems: [{ option }] });
  });
});

describe('the host names of an emulator', () => {
  /** Whether the server proves to have that name. */
  async function isProven(emulator: Emulator, name: string): Promise<boolean> {
    const port = Number(emulator.globalEndpoint.split(':')[1]);
    const socket = connectTls({ host: '127.0.0.1', port, servername: name, ca: emulator.ca });
    try {
      await once(socket, 'secureConnect');
      return socket.authorized;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  it('are in the addresses and in the certificate', async () => {
    await using emulator = await startEmulator({
      hostName: 'gateway.example.org',
      hubs: ['north', { name: 'south', hostName: 'South.example.org' }],
      retryAfterSeconds: 0,
    });
    expect(emulator.globalEndpoint).toMatch(/^gateway\.example\.org:\d+$/);
    expect(emulator.hubs[0]?.hostName).toMatch(/^gateway\.example\.org:\d+$/);
    expect(emulator.hubs[1]?.hostName).toMatch(/^south\.example\.org:\d+$/);
    for (const name of ['gateway.example.org', 'south.example.org', 'localhost']) {
      expect(await isProven(emulator, name)).toBe(true);
    }
    expect(await isProven(emulator, 'north.example.org')).toBe(false);
  });

  it('behind shared ports begin with the name of the hub', async () => {
    await using emulator = await startEmulator({
      hostName: 'gateway.example.org',
      hubs: ['North', { name: 'south', hostName: 'other.example.org' }],
      sharedPorts: [0],
      announcedPort: 8883,
    });
    expect(emulator.globalEndpoint).toBe('gateway.example.org');
    expect(emulator.hubs.map(({ hostName }) => hostName)).toEqual([
      'north.gateway.example.org',
      'other.example.org',
    ]);
    expect(emulator.central.hub.hostName).toBe('central.gateway.example.org');
    expect(emulator.findHub('NORTH.gateway.example.org')).toBe(emulator.hubs[0]);
  });

  it('can be IP addresses', async () => {
    await using emulator = await startEmulator({ hostName: '127.0.0.1', retryAfterSeconds: 0 });
    const { options, hub } = await enrollDevice(emulator, 'hub-individual', 'pump-1');
    expect(options.globalEndpoint).toMatch(/^127\.0\.0\.1:\d+$/);
    await using connection = await connectDevice(options);
    expect(connection.registration.assignedHub).toBe(hub.hostName);
  });
});

describe('the option host of an emulator:', () => {
  const path = useTemporaryDirectory();
  const warned = useWarnings();

  it.each(['127.0.0.1', 'localhost'])('%s makes it reachable from this machine alone', async (host) => {
    await using emulator = await startEmulator({ host });
    const client = await RawClient.open(emulator, emulator.globalEndpoint);
    await client.drop();
    expect(warned.warnings).toEqual([]);
  });

  it.each<[string, boolean]>([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['LocalHost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['128.0.0.1', false],
    ['fe80::1', false],
    ['gateway', false],
    ['127.example.org', false],
    ['localhost.example.org', false],
  ])('isLoopback(%j) is %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it('an interface that others reach leads to a warning', async () => {
    await using emulator = await startEmulator({ host: '0.0.0.0' });
    const client = await RawClient.open(emulator, emulator.globalEndpoint);
    await client.drop();
    expect(warned.warnings).toEqual([
      {
        code: 'AZURE_IOT_X509_EMULATOR_EXPOSED',
        message: expect.stringContaining('The Azure IoT emulator listens on 0.0.0.0') as string,
      },
    ]);
  });

  it('a start that fails leads to no warning', async () => {
    const taken = await listenOn();
    await expect(startEmulator({ host: '0.0.0.0', port: taken.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(warned.warnings).toEqual([]);
    await taken.close();
  });

  it('the warning is an event of the process', async () => {
    await using program = Program.start(
      path(),
      `import { startEmulator } from ${moduleOf('index.ts')};`,
      `process.on('warning', (warning) => print(String((warning as { code?: string }).code)));
  const emulator = await startEmulator({ host: '0.0.0.0' });
  await emulator.close();`,
    );
    expect(await program.line()).toBe('AZURE_IOT_X509_EMULATOR_EXPOSED');
  });
});
