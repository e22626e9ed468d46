import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isObject, writeFiles } from 'azure-iot-certificates/internal';
import type { AssignmentKey, AssignmentStore } from '../../options/assignment-store';
import type { Registration } from '../../options/registration';

/** One remembered assignment. */
interface Entry {
  readonly key: AssignmentKey;
  readonly registration: Registration;
}

const FORMAT_VERSION = 1;

/**
 * The last write of each file. The writers of one file take turns, because each reads, changes and replaces the file.
 */
const turns = new Map<string, Promise<unknown>>();

/**
 * Remembers assignments as long as the process lives, e.g. for devices that are connected and closed again and again.
 */
export function memoryAssignmentStore(): AssignmentStore {
  let entries: readonly Entry[] = [];
  return {
    load: (key) => Promise.resolve(find(entries, key)),
    save: (key, registration) => {
      entries = replaced(entries, { key, registration });
      return Promise.resolve();
    },
  };
}

/**
 * Remembers assignments in a JSON file, which several devices may share. The file is replaced in one step and has mode
 * 0600. A file that is damaged, of another program or of an unknown version is ignored and written anew.
 *
 * @param path of the file; its directory must exist
 */
export function fileAssignmentStore(path: string): AssignmentStore {
  const file = resolve(path);
  return {
    load: async (key) => find(await read(file), key),
    save: (key, registration) =>
      inTurn(file, async () => {
        const assignments = replaced(await read(file), { key, registration });
        const content = `${JSON.stringify({ version: FORMAT_VERSION, assignments }, undefined, 2)}\n`;
        await writeFiles([{ path: file, content, mode: 0o600 }], true);
      }),
  };
}

function find(entries: readonly Entry[], key: AssignmentKey): Registration | undefined {
  return entries.find((entry) => isSameDevice(entry.key, key) && entry.key.thumbprint === key.thumbprint)
    ?.registration;
}

/** The entries with one added, in place of that of an earlier certificate of the same device. */
function replaced(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  return [...entries.filter(({ key }) => !isSameDevice(key, entry.key)), entry];
}

function isSameDevice(one: AssignmentKey, other: AssignmentKey): boolean {
  return (
    one.idScope === other.idScope &&
    one.globalEndpoint === other.globalEndpoint &&
    one.registrationId === other.registrationId
  );
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

/**
 * The entries of a file. An unreadable file counts as empty: the device registers again, and the file is written anew.
 */
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

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
