import type { JsonObject } from '../json';

/** Something whose content can outlive the emulator. */
export interface Persistent {
  /** All that has to be kept, as plain JSON that a person can read and edit. */
  snapshot(): JsonObject;
  /**
   * Takes over what was kept, replacing what there is. Called before anybody can reach the service.
   *
   * @throws Error saying which property is wrong; the snapshot may have been edited by hand.
   */
  restore(snapshot: JsonObject): void;
  /** Calls the listener after every change of what {@link snapshot} returns. */
  onChange(listener: () => void): void;
}
