import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileAssignmentStore, type AssignmentKey, type Registration } from 'azure-iot-x509';
import { PROGRAM_ENV, ROOT, writeProgram } from '../support/built';

/* A file of assignments that many devices and several processes write, which may be ended at any moment. */

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
  path = join(directory, 'assignments.json');
});
afterEach(async () => {
  jest.restoreAllMocks();
  await fs.rm(directory, { recursive: true });
});

const keyOf = (registrationId: string): AssignmentKey => ({
  idScope: '0ne00ABCDEF',
  globalEndpoint: 'global.azure-devices-provisioning.net',
  registrationId,
  thumbprint: 'AA',
});
const registrationOf = (registrationId: string): Registration => ({
  registrationId,
  deviceId: registrationId,
  assignedHub: 'contoso.azure-devices.net',
  status: 'assigned',
});
const save = (registrationId: string) =>
  fileAssignmentStore(path).save(keyOf(registrationId), registrationOf(registrationId));
const load = (registrationId: string) => fileAssignmentStore(path).load(keyOf(registrationId));

/** The devices that the file has, read without the code that wrote it. */
async function devicesInFile(): Promise<Set<string>> {
  const { assignments } = JSON.parse(await fs.readFile(path, 'utf8')) as {
    assignments: { key: AssignmentKey }[];
  };
  return new Set(assignments.map(({ key }) => key.registrationId));
}

/** Saves the devices named on its command line, and names each that is saved. */
const WRITER = `
  import { fileAssignmentStore } from ${JSON.stringify(ROOT)};
  const [path, ...devices] = process.argv.slice(2);
  const store = fileAssignmentStore(path);
  void (async () => {
    while (devices.length > 0) {
      await Promise.all(devices.splice(0, 5).map(async (registrationId) => {
        const device = { registrationId, deviceId: registrationId, assignedHub: 'contoso.azure-devices.net', status: 'assigned' };
        await store.save({ idScope: '0ne00ABCDEF', globalEndpoint: 'dps', registrationId, thumbprint: 'AA' }, device);
        process.stdout.write(registrationId + '\\n');
      }));
    }
  })();
`;

test('two processes that save two hundred devices each and are killed again and again lose nothing', async () => {
  const program = join(directory, 'writer.cjs');
  writeProgram(program, WRITER);
  const saved = new Set<string>();

  const start = (devices: string[]) => {
    const child = spawn(process.execPath, [program, path, ...devices], {
      env: { ...process.env, ...PROGRAM_ENV },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) saved.add(line);
    });
    return child;
  };
  const writeAll = async (name: string) => {
    const devices = Array.from({ length: 200 }, (_, index) => `${name}-${index}`);
    for (let kills = 2; ; kills -= 1) {
      const left = devices.filter((device) => !saved.has(device));
      if (left.length === 0) return;
      const child = start(left);
      if (kills > 0) {
        await once(child.stdout, 'data');
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 30);
      }
      await once(child, 'close');
    }
  };
  await Promise.all([writeAll('north'), writeAll('south')]);

  const present = await devicesInFile();
  expect([...saved].filter((device) => !present.has(device))).toEqual([]);
  expect(present.size).toBe(400);
  // Whatever a killed process has left, the next save removes it.
  await save('last');
  expect((await fs.readdir(directory)).toSorted()).toEqual(['assignments.json', 'writer.cjs']);
});

test('a save removes the temporary files of killed processes, and no other file', async () => {
  const id = '01234567-89ab-4cde-8f01-23456789abcd';
  const theirs = [`.other.json.${id}.tmp`, '.assignments.json.tmp', 'assignments.json.bak'];
  const leftovers = [`.assignments.json.${id}.tmp`, `..assignments.json.lock.${id}.tmp`];
  for (const name of [...theirs, ...leftovers]) await fs.writeFile(join(directory, name), '');
  await save('pump-1');
  expect((await fs.readdir(directory)).toSorted()).toEqual([...theirs, 'assignments.json'].toSorted());
});

describe('The lock of a file of assignments', () => {
  const lock = () => join(directory, '.assignments.json.lock');

  /** A lock as this process writes it, seen while it saves. */
  async function lockOfThisProcess(): Promise<Record<string, unknown>> {
    let content = '';
    const { rename } = fs;
    jest.spyOn(fs, 'rename').mockImplementationOnce(async (...args) => {
      content = await fs.readFile(lock(), 'utf8');
      await rename(...args);
    });
    await save('pump-0');
    return JSON.parse(content) as Record<string, unknown>;
  }

  test('is taken over at once when its owner has ended', async () => {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'close');
    await fs.writeFile(lock(), JSON.stringify({ ...(await lockOfThisProcess()), pid: child.pid }));
    const begin = performance.now();
    await save('pump-1');
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect(await fs.readdir(directory)).toEqual(['assignments.json']);
  });

  test.each([
    ['of another machine', '{"pid":1,"at":"elsewhere","token":"1"}'],
    ['that was never completed', ''],
  ])('%s is taken over when it has not changed for five seconds', async (_which, content) => {
    await fs.writeFile(lock(), content);
    let isSaved = false;
    const saving = save('pump-1').then(() => (isSaved = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isSaved).toBe(false);
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 6_000);
    await saving;
    expect(await fs.readdir(directory)).toEqual(['assignments.json']);
  });

  test('keeps a process from overwriting the file when another has taken it over meanwhile', async () => {
    await save('pump-1');
    const { rename, open } = fs;
    let isTaken = false;
    // The process stands still before it puts its file in place, and another one takes over the lock and saves.
    jest.spyOn(fs, 'open').mockImplementation(async (...args) => {
      const handle = await open(...args);
      if (!String(args[0]).endsWith('.tmp') || isTaken) return handle;
      isTaken = true;
      await fs.writeFile(lock(), '{"pid":1,"at":"elsewhere","token":"2"}');
      const content = JSON.parse(await fs.readFile(path, 'utf8')) as { assignments: unknown[] };
      content.assignments.push({ key: keyOf('pump-2'), registration: registrationOf('pump-2') });
      await fs.writeFile(`${path}.new`, JSON.stringify(content));
      await rename(`${path}.new`, path);
      setTimeout(() => void fs.rm(lock()), 20);
      return handle;
    });
    await save('pump-3');
    expect(await devicesInFile()).toEqual(new Set(['pump-1', 'pump-2', 'pump-3']));
  });
});

describe('A thousand devices of one process', () => {
  const devices = Array.from({ length: 1_000 }, (_, index) => `pump-${index}`);

  test('are saved with few writes when they are saved at the same time', async () => {
    const rename = jest.spyOn(fs, 'rename');
    await Promise.all(devices.map(save));
    expect(rename.mock.calls.length).toBeLessThan(10);
    expect((await devicesInFile()).size).toBe(1_000);
  });

  test('are loaded with one reading, and read again after another program has changed the file', async () => {
    await Promise.all(devices.map(save));
    await fs.writeFile(path, (await fs.readFile(path, 'utf8')).replaceAll('contoso.', 'fabrikam.'));
    const readFile = jest.spyOn(fs, 'readFile');
    const loaded = await Promise.all(devices.map(load));
    expect(new Set(loaded.map((one) => one?.assignedHub))).toEqual(new Set(['fabrikam.azure-devices.net']));
    for (const device of devices.slice(0, 20)) {
      await save(device);
      await load(device);
    }
    expect(readFile.mock.calls.filter(([file]) => file === path)).toHaveLength(1);
  });
});
