import { resolve } from 'node:path';
import type { AssignmentStore } from '../../options/assignment-store';
import { AssignmentFile } from './assignment-file';
import { assignmentOf, deviceOf, type Entry } from './entry';

/**
 * Remembers assignments as long as the process lives, e.g. for devices that are connected and closed again and again.
 */
export function memoryAssignmentStore(): AssignmentStore {
  const entries = new Map<string, Entry>();
  return {
    load: (key) => Promise.resolve(assignmentOf(entries.get(deviceOf(key)), key)),
    save: (key, registration) => {
      entries.set(deviceOf(key), { key, registration });
      return Promise.resolve();
    },
  };
}

/**
 * Remembers assignments in a JSON file, which several devices and several processes may share: while one process changes
 * it, the others wait at a lock beside it (`.assignments.json.lock` for `assignments.json`). The file is replaced in one
 * step and has mode 0600. A file that is damaged, of another program or of an unknown version is ignored and written
 * anew. A process that is ended while it saves leaves the file as it was; the next save removes what it has left.
 *
 * @param path of the file; its directory must exist
 */
export function fileAssignmentStore(path: string): AssignmentStore {
  const file = AssignmentFile.at(resolve(path));
  return {
    load: async (key) => assignmentOf(await file.load(key), key),
    save: (key, registration) => file.save({ key, registration }),
  };
}
