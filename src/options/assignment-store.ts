import type { Registration } from './registration';

/** The key of an assignment. Another certificate or another ID scope has another assignment. */
export interface AssignmentKey {
  readonly idScope: string;
  readonly globalEndpoint: string;
  readonly registrationId: string;
  /** SHA-256 thumbprint of the leaf, in hexadecimal digits. */
  readonly thumbprint: string;
}

/**
 * Remembers the assignments of DPS, so that a restart goes straight to the hub. Microsoft recommends this, because DPS
 * limits how often devices may register. A store that fails never keeps a device from connecting; the failure shows as
 * `warning` of the state.
 */
export interface AssignmentStore {
  /** The assignment saved for exactly this key, or `undefined`. */
  load(key: AssignmentKey): Promise<Registration | undefined>;
  /** Saves the assignment, in place of an older one for the same device. */
  save(key: AssignmentKey, registration: Registration): Promise<void>;
}
