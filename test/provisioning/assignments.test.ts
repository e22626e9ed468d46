import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fileAssignmentStore,
  memoryAssignmentStore,
  type AssignmentKey,
  type Registration,
} from 'azure-iot-x509';

const key: AssignmentKey = {
  idScope: '0ne00ABCDEF',
  globalEndpoint: 'global.azure-devices-provisioning.net',
  registrationId: 'dev-1',
  thumbprint: 'AA',
};
const registration: Registration = {
  registrationId: 'dev-1',
  deviceId: 'dev-1',
  assignedHub: 'contoso.azure-devices.net',
  status: 'assigned',
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'azure-iot-x509-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const inMemory = () => memoryAssignmentStore();
const inFile = () => fileAssignmentStore(join(directory, 'assignments.json'));

describe.each([
  ['memoryAssignmentStore', inMemory],
  ['fileAssignmentStore', inFile],
])('%s', (_name, create) => {
  test('loads the assignment that was saved', async () => {
    const store = create();
    await expect(store.load(key)).resolves.toBeUndefined();
    await store.save(key, registration);
    await expect(store.load(key)).resolves.toEqual(registration);
  });

  test.each(['idScope', 'globalEndpoint', 'registrationId', 'thumbprint'] as const)(
    'keeps apart what differs by %s',
    async (part) => {
      const store = create();
      await store.save(key, registration);
      await expect(store.load({ ...key, [part]: 'other' })).resolves.toBeUndefined();
    },
  );

  test('replaces the assignment of an earlier certificate of the device', async () => {
    const store = create();
    await store.save(key, registration);
    await store.save({ ...key, thumbprint: 'BB' }, registration);
    await expect(store.load(key)).resolves.toBeUndefined();
  });

  test('remembers several devices, saved at once', async () => {
    const store = create();
    const ids = Array.from({ length: 20 }, (_, index) => `dev-${index}`);
    await Promise.all(
      ids.map((registrationId) =>
        store.save({ ...key, registrationId }, { ...registration, registrationId }),
      ),
    );
    for (const registrationId of ids) {
      await expect(store.load({ ...key, registrationId })).resolves.toMatchObject({ registrationId });
    }
  });
});

describe('the file', () => {
  const path = () => join(directory, 'assignments.json');

  test('has mode 0600, and nothing else is left in its directory', async () => {
    await inFile().save(key, registration);
    if (process.platform !== 'win32') expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['assignments.json']);
  });

  test('is found by another process', async () => {
    await inFile().save(key, registration);
    await expect(inFile().load(key)).resolves.toEqual(registration);
  });

  test.each([
    ['torn', '{"version":1,"assignments":[{"key":{"idSc'],
    ['of another program', '[1,2,3]'],
    ['of another version', '{"version":2,"assignments":[]}'],
    ['binary', Buffer.from([0, 255, 254, 1])],
    ['empty', ''],
    [
      'with an entry that is none',
      `{"version":1,"assignments":[{"key":${JSON.stringify(key)},"registration":{}}]}`,
    ],
  ])('that is %s is ignored and written anew', async (_what, content) => {
    await writeFile(path(), content);
    const store = inFile();
    await expect(store.load(key)).resolves.toBeUndefined();
    await store.save(key, registration);
    await expect(store.load(key)).resolves.toEqual(registration);
    expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({ version: 1 });
  });

  test('in a directory that does not exist cannot be saved, and nothing is left behind', async () => {
    const store = fileAssignmentStore(join(directory, 'missing', 'assignments.json'));
    await expect(store.load(key)).resolves.toBeUndefined();
    await expect(store.save(key, registration)).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    expect(await readdir(directory)).toEqual([]);
  });
});
