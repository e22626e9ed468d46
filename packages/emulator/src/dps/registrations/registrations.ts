import { exactOptional } from 'valibot';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import { newEtag, type IfMatch } from '../../protocol/etag';
import { toJson, type JsonObject, type JsonValue } from '../../protocol/json';
import { utcTimestamp } from '../../protocol/timestamp';
import { json, object, type ObjectOf } from '../../schemas/objects';
import { count, listOf, oneOf, text } from '../../schemas/values';
import { readStored } from '../../stored/stored-value';
import { METADATA } from '../enrollments/enrollment-store';
import { Entries } from '../enrollments/entries';
import type { LinkedHubs } from '../enrollments/linked-hubs';
import type { Assignment, RegistrationRecord, Registrations } from '../types/dps';

/** The outcome of a registration. */
export type RegistrationOutcome = Omit<RegistrationRecord, keyof typeof METADATA>;

/** A device that has registered. */
interface RegisteredDevice {
  readonly view: RegistrationRecord;
  /** The latest assignment, also when a later registration failed. */
  readonly assignment: Assignment | undefined;
}

/** A registration as it is stored, with its hub by name. */
const MEMBERS = {
  registrationId: text,
  enrollmentGroupId: exactOptional(text),
  payload: exactOptional(json),
  status: oneOf(['assigned', 'failed', 'disabled']),
  substatus: exactOptional(
    oneOf(['initialAssignment', 'deviceDataMigrated', 'deviceDataReset', 'reprovisionedToInitialAssignment']),
  ),
  returnedPayload: exactOptional(json),
  errorCode: exactOptional(count),
  errorMessage: exactOptional(text),
  ...METADATA,
  lastAssignment: exactOptional(object({ hub: text, deviceId: text })),
};
const STORED = listOf(object(MEMBERS));

/** Registration records by registration ID, without case. */
export class RegistrationStore implements Registrations {
  readonly #items: Entries<RegisteredDevice>;
  /** The registrations without an outcome. They are not stored. */
  readonly #inProgress = new Map<string, RegistrationRecord>();
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
    return this.#inProgress.get(registrationId.toLowerCase()) ?? this.#items.find(registrationId)?.view;
  }

  list(): readonly RegistrationRecord[] {
    const records = new Map(
      this.#items.values().map(({ view }) => [view.registrationId.toLowerCase(), view]),
    );
    return [...new Map([...records, ...this.#inProgress]).values()];
  }

  delete(registrationId: string, options?: IfMatch): void {
    // A registration in progress continues, and will make a new record.
    this.#items.delete(registrationId, options);
  }

  /** The latest assignment of the device; `undefined` if it never was assigned. */
  assignment(registrationId: string): Assignment | undefined {
    return this.#items.find(registrationId)?.assignment;
  }

  /** Shows the device as `assigning` until the returned function is called. */
  begin(registrationId: string): () => void {
    const key = registrationId.toLowerCase();
    const record = this.#stamp({ registrationId, status: 'assigning' });
    this.#inProgress.set(key, record);
    return () => {
      if (this.#inProgress.get(key) === record) this.#inProgress.delete(key);
    };
  }

  /** Replaces the record. The date of its creation stays. */
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
    return this.#items.values().map(({ view, assignment }) => {
      const { assignedHub: _assignedHub, deviceId: _deviceId, ...rest } = view;
      const [hub] = assignment === undefined ? [] : this.#linkedHubs.namesOf([assignment.assignedHub]);
      return toJson({
        ...rest,
        ...(assignment && { lastAssignment: { hub, deviceId: assignment.deviceId } }),
      });
    });
  }

  /** Replaces all records. @throws StoredValueError */
  restore(value: JsonValue | undefined, path: string): void {
    const items = readStored(STORED, value, path).map((stored) => this.#toItem(stored));
    this.#items.clear();
    for (const item of items) this.#items.restore(item.view.registrationId, item);
  }

  #toItem({ lastAssignment, ...record }: ObjectOf<typeof MEMBERS>): RegisteredDevice {
    if (lastAssignment === undefined) return { view: record, assignment: undefined };
    const { hub, deviceId } = lastAssignment;
    // A hub that was removed since is unknown; the device moves at its next registration.
    const assignment = { assignedHub: this.#linkedHubs.find(hub)?.hostName ?? hub, deviceId };
    return { view: { ...record, ...(record.status === 'assigned' && assignment) }, assignment };
  }

  #stamp(outcome: RegistrationOutcome): RegistrationRecord {
    const now = utcTimestamp();
    const { createdDateTimeUtc = now } = this.#items.find(outcome.registrationId)?.view ?? {};
    return { ...outcome, createdDateTimeUtc, lastUpdatedDateTimeUtc: now, etag: newEtag() };
  }
}
