import type { Registration } from './registration';

/** What an assignment was made for: another certificate or another scope is another assignment. */
export interface AssignmentKey {
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly registrationId: string;
  /** SHA-256 thumbprint of the leaf, in hexadecimal digits. */
  readonly thumbprint: string;
}

/**
 * Remembers what DPS assigned, so that a restart goes straight to the hub, as Microsoft recommends to do: DPS limits how
 * often devices may register. A store that fails never keeps a device from connecting; the failure shows as `warning` of
 * the state.
 */
export interface AssignmentStore {
  /** The assignment saved for exactly this key, or `undefined`. */
  load(key: AssignmentKey): Promise<Registration | undefined>;
  /** Keeps the assignment, in place of an older one for the same device. */
  save(key: AssignmentKey, registration: Registration): Promise<void>;
}

/** Whether two keys name the same device; a new certificate replaces what was remembered for the old one. */
export function isSameDevice(one: AssignmentKey, other: AssignmentKey): boolean {
  return (
    one.idScope === other.idScope &&
    one.globalEndpoint === other.globalEndpoint &&
    one.registrationId === other.registrationId
  );
}
