import type { Registration } from '../../options/registration';
import { isSameDevice, type AssignmentKey, type AssignmentStore } from '../../options/assignment-store';

/** Remembers assignments as long as the process lives, e.g. for devices that are connected and closed again and again. */
export function memoryAssignmentStore(): AssignmentStore {
  const entries: { key: AssignmentKey; registration: Registration }[] = [];
  return {
    load: (key) =>
      Promise.resolve(
        entries.find((entry) => isSameDevice(entry.key, key) && entry.key.thumbprint === key.thumbprint)
          ?.registration,
      ),
    save: (key, registration) => {
      const index = entries.findIndex((entry) => isSameDevice(entry.key, key));
      entries.splice(index < 0 ? entries.length : index, 1, { key, registration });
      return Promise.resolve();
    },
  };
}
