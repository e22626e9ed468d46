import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Registration } from '../../options/registration';
import { isSameDevice, type AssignmentKey, type AssignmentStore } from '../../options/assignment-store';

interface Entry {
  readonly key: AssignmentKey;
  readonly registration: Registration;
}

const FORMAT_VERSION = 1;

/** Writers of one file in this process take turns; the file as a whole is read, changed and replaced. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Remembers assignments in a JSON file, which several devices may share. It is replaced in one step and has mode 0600. A
 * file that is torn, of another program or of an unknown version is ignored and written anew.
 *
 * @param path of the file; its directory must exist
 */
export function fileAssignmentStore(path: string): AssignmentStore {
  const file = resolve(path);
  return {
    load: async (key) =>
      (await read(file)).find(
        (entry) => isSameDevice(entry.key, key) && entry.key.thumbprint === key.thumbprint,
      )?.registration,
    save: (key, registration) =>
      inTurn(file, async () => {
        const others = (await read(file)).filter((entry) => !isSameDevice(entry.key, key));
        await replace(file, [...others, { key, registration }]);
      }),
  };
}

async function inTurn(file: string, write: () => Promise<void>): Promise<void> {
  const turn = (turns.get(file) ?? Promise.resolve()).then(write, write);
  turns.set(file, turn);
  try {
    await turn;
  } finally {
    if (turns.get(file) === turn) turns.delete(file);
  }
}

/** What cannot be read or understood counts as empty: the device registers again, and the file is written anew. */
async function read(file: string): Promise<readonly Entry[]> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isObject(content) || content['version'] !== FORMAT_VERSION) return [];
    const { assignments } = content;
    return Array.isArray(assignments) ? assignments.filter(isEntry) : [];
  } catch {
    return [];
  }
}

async function replace(file: string, assignments: readonly Entry[]): Promise<void> {
  // In the same directory, because a rename is one step only within a file system.
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify({ version: FORMAT_VERSION, assignments }, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { key, registration } = value;
  return (
    isObject(key) &&
    ['idScope', 'globalEndpoint', 'registrationId', 'thumbprint'].every((name) => isText(key[name])) &&
    isObject(registration) &&
    ['registrationId', 'deviceId', 'assignedHub'].every((name) => isText(registration[name])) &&
    registration['status'] === 'assigned'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
