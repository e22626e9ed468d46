import { EmulatorError, SERVICE_ERROR } from '../errors';
import { newEtag } from '../etag';
import { utcTimestamp } from '../time';
import type { RegistrationRecord, Registrations } from './types';

/** What a registration came to. */
export type RegistrationOutcome = Omit<
  RegistrationRecord,
  'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'
>;

/** Registration records by registration ID, in which upper and lower case do not count. */
export class RegistrationStore implements Registrations {
  readonly #records = new Map<string, RegistrationRecord>();

  get(registrationId: string): RegistrationRecord | undefined {
    return this.#records.get(registrationId.toLowerCase());
  }

  list(): readonly RegistrationRecord[] {
    return [...this.#records.values()];
  }

  delete(registrationId: string): void {
    if (this.#records.delete(registrationId.toLowerCase())) return;
    throw new EmulatorError(SERVICE_ERROR.enrollmentNotFound, `There is no registration ${registrationId}`);
  }

  /** Replaces the record; the date of its creation stays. */
  record(outcome: RegistrationOutcome): RegistrationRecord {
    const now = utcTimestamp();
    const { createdDateTimeUtc = now } = this.get(outcome.registrationId) ?? {};
    const record = { ...outcome, createdDateTimeUtc, lastUpdatedDateTimeUtc: now, etag: newEtag() };
    this.#records.set(outcome.registrationId.toLowerCase(), record);
    return record;
  }
}
