import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { startEmulator, type Emulator } from 'azure-iot-emulator';
import type { JsonObject } from '../../src/protocol/json';
import { useTemporaryDirectory } from '../../../certificates/test/making/temporary-directory';
import { moduleOf, Program } from '../support/program';

/* An emulator in a process of its own that is killed while it is busy, and another one on what it has left. */

const path = useTemporaryDirectory();
const imports = `import { startEmulator } from ${moduleOf('index.ts')};`;
const optionsFor = (folder = 'state') => ({ stateDirectory: path(folder), hubs: ['north', 'south'] });

/**
 * Changes 300 devices at two hubs over and over, one after the other and with a number that counts up, and says each
 * number as soon as it is in all of them.
 */
const BUSY = `
  const [north, south] = emulator.hubs;
  for (const hub of [north, south]) {
    for (let index = hub.devices.list().length; index < 150; index++) hub.devices.create({ deviceId: 'pump-' + index });
  }
  let count = Number(north.getTwin('pump-0').properties.desired.count ?? 0);
  for (;;) {
    count++;
    for (let index = 0; index < 150; index++) {
      for (const hub of [north, south]) hub.updateDesiredProperties('pump-' + index, { count, text: 'x'.repeat(500) });
    }
    print(String(count));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }`;

function countsOf(emulator: Emulator): readonly number[] {
  return emulator.hubs.flatMap((hub) =>
    hub.devices.list().map(({ deviceId }) => Number(hub.getTwin(deviceId).properties.desired['count'])),
  );
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}

/** Waits until there is another file of that name. */
async function replaced(name: string): Promise<void> {
  const inode = (): bigint | undefined =>
    statSync(path('state', name), { bigint: true, throwIfNoEntry: false })?.ino;
  const before = inode();
  while (inode() === before) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** The lock of an emulator, and the temporary files of one that was killed. */
function hiddenIn(folder: string): readonly string[] {
  return filesIn(folder).filter((name) => /(^|\/)\./.test(name));
}

test('An emulator that is killed during many changes starts again with one of its states', async () => {
  let addresses: string | undefined;
  let latest = 0;
  for (let round = 1; round <= 3; round++) {
    await using program = Program.start(
      path(),
      imports,
      `const emulator = await startEmulator(${JSON.stringify(optionsFor())});
  print(JSON.stringify([emulator.idScope, emulator.globalEndpoint, emulator.ca, emulator.hubs.map((hub) => hub.hostName)]));
  ${BUSY}`,
    );
    const announced = await program.line();
    // The same ports, ID scope and root, each time.
    expect(announced).toBe(addresses ?? announced);
    addresses = announced;
    // Written several times, and then killed at some other point in between each time.
    for (let writes = 0; writes < 3; writes++) await replaced('hub-south.json');
    await new Promise((resolve) => setTimeout(resolve, round * 31));
    await program.kill();
    const said = Number((await program.rest()).at(-1));

    for (const name of filesIn(path('state')).filter((each) => /(^|\/)[^.].*\.json$/.test(each))) {
      expect(() => JSON.parse(readFileSync(path('state', name), 'utf8')) as JsonObject).not.toThrow();
    }
    await using emulator = await startEmulator({ stateDirectory: path('state') });
    expect([...hiddenIn(path('state'))].sort()).toEqual(['.gitignore', '.lock']);
    const counts = countsOf(emulator);
    expect(counts).toHaveLength(300);
    for (const hub of emulator.hubs) {
      // A file is of one moment: all of its devices had that number, or it was between two of them.
      const own = hub.devices.list().map(({ deviceId }) => hub.getTwin(deviceId).properties.desired['count']);
      expect(new Set(own).size).toBe(1);
    }
    for (const count of counts) {
      expect(count).toBeGreaterThan(latest);
      expect(count).toBeLessThanOrEqual(said + 1);
    }
    latest = Math.max(...counts);
  }
}, 120_000);

test('An emulator that is killed during its first start can start again', async () => {
  for (const delayMs of [10, 30, 60, 100]) {
    const options = optionsFor(`state-${delayMs}`);
    await using program = Program.start(
      path(),
      imports,
      `print('starting');
  await startEmulator(${JSON.stringify(options)});
  print('started');`,
    );
    expect(await program.line()).toBe('starting');
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await program.kill();
    const emulator = await startEmulator(options);
    expect(emulator.hubs).toHaveLength(2);
    await emulator.close();
    // Not there when the process was killed right after it had made the folder.
    expect(hiddenIn(options.stateDirectory).filter((name) => name !== '.gitignore')).toEqual([]);
  }
}, 60_000);
