import type { AssignmentKey } from '../../options/assignment-store';
import type { Registration } from '../../options/registration';

/** One remembered assignment. */
export interface Entry {
  readonly key: AssignmentKey;
  readonly registration: Registration;
}

/** The device of a key, as text. A device has one assignment, that of its present certificate. */
export function deviceOf({ idScope, globalEndpoint, registrationId }: AssignmentKey): string {
  return JSON.stringify([idScope, globalEndpoint, registrationId]);
}

/** The assignment, if it was made for the certificate of the key. */
export function assignmentOf(entry: Entry | undefined, key: AssignmentKey): Registration | undefined {
  return entry?.key.thumbprint === key.thumbprint ? entry.registration : undefined;
}
