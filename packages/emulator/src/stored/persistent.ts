import type { JsonObject } from '../protocol/json';

/** Something whose content can outlive the emulator. */
export interface Persistent {
  /**
   * All that has to be kept, as plain JSON that a person can read and edit. The same content always gives the same text:
   * properties in a fixed order, lists in the order in which they are to be restored. Hubs are referred to by their
   * names, because their ports and host names may be others next time. No property is called `formatVersion`.
   */
  snapshot(): JsonObject;
  /**
   * Takes over what was kept, replacing what there is. Called once, before anybody can reach the service, when the host
   * names of all hubs are known. Does not call the listeners of {@link onChange}.
   *
   * @throws StoredValueError saying which property is wrong (see `read.ts`); the snapshot may have been edited by hand.
   */
  restore(snapshot: JsonObject): void;
  /**
   * Calls the listener after every change of what {@link snapshot} returns. The listener returns at once and takes no
   * snapshot by itself; still, what happens with every message of a device (such as the time of its last activity) is
   * kept along with the next change and is not a change of its own.
   */
  onChange(listener: () => void): void;
}
