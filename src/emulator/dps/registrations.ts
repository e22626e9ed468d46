import { EmulatorError, SERVICE_ERROR } from '../errors';
import { newEtag } from '../etag';
import { utcTimestamp } from '../time';
import type { RegistrationRecord, Registrations } from './types';

/** What a registration came to. */
export type RegistrationOutcome = Omit<
  RegistrationRecord,
  'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'
>;

/** A device's place. */
export type Assignment = Required<Pick<RegistrationRecord, 'assignedHub' | 'deviceId'>>;

/** Registration records by registration ID, in which upper and lower case do not count. */
export class RegistrationStore implements Registrations {
  readonly #records = new Map<string, RegistrationRecord>();
  /** Where each device was assigned last, also when a later registration failed. */
  readonly #assignments = new Map<string, Assignment>();

  get(registrationId: string): RegistrationRecord | undefined {
    return this.#records.get(registrationId.toLowerCase());
  }

  list(): readonly RegistrationRecord[] {
    return [...this.#records.values()];
  }

  delete(registrationId: string): void {
    this.#assignments.delete(registrationId.toLowerCase());
    if (this.#records.delete(registrationId.toLowerCase())) return;
    throw new EmulatorError(SERVICE_ERROR.enrollmentNotFound, `There is no registration ${registrationId}`);
  }

  /** Where the device was assigned last; `undefined` if it never was. */
  assignment(registrationId: string): Assignment | undefined {
    return this.#assignments.get(registrationId.toLowerCase());
  }

  /** Replaces the record; the date of its creation stays. */
  record(outcome: RegistrationOutcome): RegistrationRecord {
    const now = utcTimestamp();
    const { createdDateTimeUtc = now } = this.get(outcome.registrationId) ?? {};
    const record = { ...outcome, createdDateTimeUtc, lastUpdatedDateTimeUtc: now, etag: newEtag() };
    this.#records.set(outcome.registrationId.toLowerCase(), record);
    const { assignedHub, deviceId } = record;
    if (assignedHub !== undefined && deviceId !== undefined) {
      this.#assignments.set(outcome.registrationId.toLowerCase(), { assignedHub, deviceId });
    }
    return record;
  }
}
