import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { startEmulator, type EmulatorOptions } from 'azure-iot-emulator';
import { expectNothingLeft } from '../../../../test/support/leaks';
import { addressesOf, filesIn, hubOf, useStatefulEmulators } from './stateful-emulators';

/* What is asked for at a restart, against what was kept. */

const { start, path, edit } = useStatefulEmulators();

describe('the options of an emulator that starts again', () => {
  test('are as they were if left out, and win and are stored if given', async () => {
    const first = await start({
      hubs: ['north', { name: 'south', allocationWeight: 5 }],
      idScope: '0ne0000000A',
    });
    const { globalEndpoint, ca } = first;
    await first.close();

    const second = await start({
      idScope: '0ne0000000B',
      hostName: '127.0.0.1',
      centralApplications: ['central', 'lab'],
    });
    expect(second.hubs.map(({ name }) => name)).toEqual(['north', 'south']);
    expect(second.idScope).toBe('0ne0000000B');
    expect(second.globalEndpoint).toBe(globalEndpoint.replace('localhost', '127.0.0.1'));
    expect(second.ca).toBe(ca);
    expect(second.centralApplications.map(({ hub }) => hub.name)).toEqual(['central', 'lab']);
    const scopes = second.centralApplications.map(({ idScope }) => idScope);
    await second.close();
    expect(JSON.parse(readFileSync(path('state', 'emulator.json'), 'utf8'))).toMatchObject({
      hubs: [{ name: 'north' }, { name: 'south', allocationWeight: 5 }],
    });

    const third = await start();
    expect(third.idScope).toBe('0ne0000000B');
    expect(third.centralApplications.map(({ idScope }) => idScope)).toEqual(scopes);
    expect(third.globalEndpoint).toBe(second.globalEndpoint);
    await third.close();
  });

  test('add a hub, whose devices are not forgotten by leaving it out', async () => {
    await (await start()).close();
    const both = await start({ hubs: ['hub-1', 'north'] });
    hubOf(both, 'north').devices.create({ deviceId: 'pump-1' });
    await both.close();
    await expect(start({ hubs: ['hub-1'] })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      problems: [{ option: 'hubs', message: expect.stringContaining('leaves out north') as string }],
    });
    // The one that was refused has left the folder.
    const again = await start({ hubs: ['north', 'hub-1'] });
    expect(hubOf(again, 'north').devices.get('pump-1')).toBeDefined();
    await again.close();
    rmSync(path('state', 'hub-north.json'));
    const one = await start({ hubs: ['hub-1'] });
    expect(one.hubs).toHaveLength(1);
    await one.close();
  });

  test('do not remove an application by leaving it out, whose ID scope stays reserved', async () => {
    const emulator = await start({ centralApplications: ['factory'] });
    const { idScope } = emulator.central;
    await emulator.close();
    await expect(start({ centralApplications: ['central'] })).rejects.toMatchObject({
      problems: [
        { option: 'centralApplications', message: expect.stringContaining('leaves out factory') as string },
      ],
    });
    await expect(start({ idScope })).rejects.toMatchObject({ problems: [{ option: 'idScope' }] });
  });

  test('may leave out the shared ports, which stay', async () => {
    const first = await start({ sharedPorts: [0, 0] });
    const before = addressesOf(first);
    await first.close();
    const second = await start();
    expect(addressesOf(second)).toEqual(before);
    await second.close();
  });

  test.each(['', 7, 'a\0b'])('are refused with the stateDirectory %j', async (stateDirectory) => {
    // What a caller in JavaScript may pass.
    await expect(startEmulator({ stateDirectory } as EmulatorOptions)).rejects.toMatchObject({
      problems: [{ option: 'stateDirectory' }],
    });
  });

  test('are refused with names that differ in upper and lower case only', async () => {
    await expect(start({ hubs: ['north', 'North'] })).rejects.toMatchObject({
      problems: [{ option: 'hubs' }],
    });
    await expect(start({ hubs: ['Central'] })).rejects.toMatchObject({
      problems: [{ option: 'centralApplications' }],
    });
    expect(existsSync(path('state'))).toBe(false);
  });
});

test('A new host name leads to a new server certificate under the same root', async () => {
  const first = await start({ host: '127.0.0.1' });
  const { ca } = first;
  await first.close();
  const second = await start({ hubs: [{ name: 'hub-1', hostName: 'gateway.example.org' }] });
  expect(second.ca).toBe(ca);
  expect(hubOf(second).hostName).toMatch(/^gateway\.example\.org:\d+$/);
  await second.close();
});

describe('an emulator with a state folder does not start because of', () => {
  test('another emulator on the same folder', async () => {
    const emulator = await start();
    await expect(start()).rejects.toThrow(
      `is in use: the emulator of process ${process.pid} keeps its state in`,
    );
    await emulator.close();
  });

  test('a stored port that is taken, and names the port and its file', async () => {
    const emulator = await start();
    const port = Number(hubOf(emulator).hostName.split(':')[1]);
    await emulator.close();
    const files = filesIn(path('state'));
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    await expect(start()).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message:
        `Option stateDirectory keeps TCP port ${port} (hubs[0].port in ${path('state', 'emulator.json')}), ` +
        'and another program listens on it.',
    });
    expect(filesIn(path('state'))).toEqual(files);
    // Given explicitly, it is the caller's own.
    await expect(start({ hubs: [{ name: 'hub-1', port }] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    });

    edit('emulator.json', (content) => ({ ...content, hubs: [{ name: 'hub-1' }] }));
    const elsewhere = await start();
    expect(hubOf(elsewhere).hostName).not.toBe(`localhost:${port}`);
    await elsewhere.close();
    squatter.close();
    await once(squatter, 'close');
    const explicit = await start({ hubs: [{ name: 'hub-1', port }] });
    expect(hubOf(explicit).hostName).toBe(`localhost:${port}`);
    await explicit.close();
  });

  test.each<[string, (content: Record<string, unknown>) => unknown, string]>([
    [
      'hub-hub-1.json',
      (content) => ({ ...content, devices: [{ deviceId: 7 }] }),
      'devices[0].deviceId must be a string',
    ],
    ['dps.json', (content) => ({ ...content, enrollmentGroups: {} }), 'enrollmentGroups must be a list'],
    [
      'central-central.json',
      (content) => ({ ...content, dps: undefined }),
      'dps is missing: it must be an object',
    ],
    ['emulator.json', (content) => ({ ...content, port: 'any' }), 'port must be a port'],
    [
      'dps.json',
      (content) => ({ ...content, formatVersion: 99 }),
      'formatVersion is 99, and this release knows',
    ],
    ['hub-hub-1.json', () => [], 'The content must be an object'],
  ])('a broken %s, and leaves it unchanged', async (name, damage, problem) => {
    const emulator = await start();
    hubOf(emulator).devices.create({ deviceId: 'pump-1' });
    await hubOf(emulator).sendCloudToDevice('pump-1', { body: 'waits' });
    await emulator.close();
    edit(name, damage);
    const files = filesIn(path('state'));
    await expectNothingLeft(async () => {
      await expect(start()).rejects.toMatchObject({
        code: 'FILE_NOT_READABLE',
        path: path('state', name),
        message: expect.stringContaining(problem) as string,
      });
    });
    expect(filesIn(path('state'))).toEqual(files);
    // Moved away as the remedy says, that part begins anew.
    rmSync(path('state', name));
    const next = await start();
    expect(next.hubs).toHaveLength(1);
    await next.close();
  });

  test('a folder that cannot be written', async () => {
    writeFileSync(path('state'), 'a file');
    await expect(start()).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE', path: path('state') });
  });
});
