import type { JsonObject } from '../protocol/json';

/** A service whose state can outlive the emulator. */
export interface Persistent {
  /**
   * The state as JSON that can be read and edited by hand. The same state always gives the same text: properties have a
   * fixed order, and lists the order in which they are restored. Hubs are referred to by their names, because ports and
   * host names may change. No property is called `formatVersion`.
   */
  snapshot(): JsonObject;
  /**
   * Replaces the state. Called once, before devices can reach the service, when the host names of all hubs are known.
   * Does not call the listeners of {@link onChange}.
   *
   * @throws StoredValueError naming the property that is wrong; the snapshot may have been edited by hand.
   */
  restore(snapshot: JsonObject): void;
  /**
   * Calls the listener after every change of the {@link snapshot}. The listener returns at once and takes no snapshot
   * itself. A change with every message of a device, such as the time of its last activity, is stored together with the
   * next other change.
   */
  onChange(listener: () => void): void;
}
