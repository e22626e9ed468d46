import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { startEmulator, type Emulator, type EmulatorOptions } from 'azure-iot-emulator';
import { expectNothingLeft } from '../../../test/support/leaks';
import { freePort } from './support/tcp';

/* `localhost` stands for 127.0.0.1 and for ::1, and some clients look no further than the first that they find. */

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** The code of the error with which a device cannot connect at that address; `undefined` when it can. */
async function problemAt(host: string, port: number, { ca }: Emulator): Promise<string | undefined> {
  const socket = connectTls({ host, port, servername: 'localhost', ca });
  try {
    await once(socket, 'secureConnect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

const portOf = (endpoint = ''): number => Number(endpoint.split(':')[1]);

/** What the addresses answer at a port: nothing is no problem. */
async function problems(port: number, emulator: Emulator): Promise<readonly (string | undefined)[]> {
  return [await problemAt('127.0.0.1', port, emulator), await problemAt('::1', port, emulator)];
}

if (hasIPv6) {
  it.each<[string, EmulatorOptions]>([
    ['a port for each service', {}],
    ['shared ports', { sharedPorts: [0, 0] }],
  ])('Both loopback addresses serve until the emulator is closed: %s', async (_what, options) => {
    await expectNothingLeft(async () => {
      const emulator = await startEmulator(options);
      const ports = [portOf(emulator.globalEndpoint), ...emulator.sharedPorts];
      for (const port of ports) expect(await problems(port, emulator)).toEqual([undefined, undefined]);
      await emulator.close();
      for (const port of ports)
        expect(await problems(port, emulator)).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    });
  });

  it('A hub stops and starts at both loopback addresses', async () => {
    await using emulator = await startEmulator();
    const [hub] = emulator.hubs;
    const port = portOf(hub?.hostName);
    await hub?.stop();
    expect(await problems(port, emulator)).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    await hub?.start();
    expect(await problems(port, emulator)).toEqual([undefined, undefined]);
  });

  it('One loopback address is enough when the port is taken at the other', async () => {
    const other = createServer().listen(await freePort(), '::1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const emulator = await startEmulator({ port });
    expect(await problemAt('127.0.0.1', port, emulator)).toBeUndefined();
    await emulator.close();
    expect(other.listening).toBe(true);
    other.close();
    await once(other, 'close');
  });

  it('An emulator with the option host listens at that address only', async () => {
    await using emulator = await startEmulator({ host: '127.0.0.1' });
    expect(await problems(portOf(emulator.globalEndpoint), emulator)).toEqual([undefined, 'ECONNREFUSED']);
  });
} else {
  it('without ::1, the emulator listens at 127.0.0.1', async () => {
    await using emulator = await startEmulator();
    expect(await problemAt('127.0.0.1', portOf(emulator.globalEndpoint), emulator)).toBeUndefined();
  });
}
