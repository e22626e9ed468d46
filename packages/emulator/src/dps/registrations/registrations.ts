import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import { newEtag } from '../../protocol/etag';
import type { IfMatch } from '../../hub/identities/types';
import type { JsonObject, JsonValue } from '../../protocol/json';
import { arrayOf } from '../../stored/read';
import { utcTimestamp } from '../../protocol/timestamp';
import type { LinkedHubs } from '../allocation/linked-hubs';
import { Entries } from '../enrollments/entries';
import type { RegistrationRecord, Registrations } from '../types';
import { readStoredRegistration, storedRegistration } from './stored-registration';

/** What a registration came to. */
export type RegistrationOutcome = Omit<
  RegistrationRecord,
  'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'
>;

/** A device's place. */
export type Assignment = Required<Pick<RegistrationRecord, 'assignedHub' | 'deviceId'>>;

/** A device that has registered. */
export interface RegisteredDevice {
  readonly view: RegistrationRecord;
  /** Where it was assigned last, also when a later registration failed. */
  readonly assignment: Assignment | undefined;
}

/** Registration records by registration ID, in which upper and lower case do not count. */
export class RegistrationStore implements Registrations {
  readonly #items: Entries<RegisteredDevice>;
  /** Registrations that have no outcome yet. Nothing of them is kept. */
  readonly #underWay = new Map<string, RegistrationRecord>();
  readonly #linkedHubs: LinkedHubs;

  constructor(linkedHubs: LinkedHubs, onChange: () => void) {
    this.#linkedHubs = linkedHubs;
    this.#items = new Entries({
      notFound: (registrationId) =>
        new EmulatorError(SERVICE_ERROR.enrollmentNotFound, `There is no registration ${registrationId}`),
      onChange,
    });
  }

  get(registrationId: string): RegistrationRecord | undefined {
    return this.#underWay.get(registrationId.toLowerCase()) ?? this.#items.find(registrationId)?.view;
  }

  list(): readonly RegistrationRecord[] {
    const records = new Map(
      this.#items.values().map(({ view }) => [view.registrationId.toLowerCase(), view]),
    );
    return [...new Map([...records, ...this.#underWay]).values()];
  }

  delete(registrationId: string, options?: IfMatch): void {
    // What is under way is left alone: it will make the device known again.
    this.#items.delete(registrationId, options);
  }

  /** Where the device was assigned last; `undefined` if it never was. */
  assignment(registrationId: string): Assignment | undefined {
    return this.#items.find(registrationId)?.assignment;
  }

  /** Shows the device as `assigning` until the returned function is called. */
  begin(registrationId: string): () => void {
    const key = registrationId.toLowerCase();
    const record = this.#stamp({ registrationId, status: 'assigning' });
    this.#underWay.set(key, record);
    return () => {
      if (this.#underWay.get(key) === record) this.#underWay.delete(key);
    };
  }

  /** Replaces the record; the date of its creation stays. */
  record(outcome: RegistrationOutcome): RegistrationRecord {
    const view = this.#stamp(outcome);
    const { registrationId, assignedHub, deviceId } = view;
    const assignment =
      assignedHub !== undefined && deviceId !== undefined
        ? { assignedHub, deviceId }
        : this.assignment(registrationId);
    this.#items.set(registrationId, { view, assignment });
    return view;
  }

  snapshot(): readonly JsonObject[] {
    return this.#items.values().map((item) => storedRegistration(item, this.#linkedHubs));
  }

  restore(value: JsonValue | undefined, path: string): void {
    this.#items.clear();
    for (const item of arrayOf(readStoredRegistration(this.#linkedHubs))(value, path)) {
      this.#items.restore(item.view.registrationId, item);
    }
  }

  #stamp(outcome: RegistrationOutcome): RegistrationRecord {
    const now = utcTimestamp();
    const { createdDateTimeUtc = now } = this.#items.find(outcome.registrationId)?.view ?? {};
    return { ...outcome, createdDateTimeUtc, lastUpdatedDateTimeUtc: now, etag: newEtag() };
  }
}
