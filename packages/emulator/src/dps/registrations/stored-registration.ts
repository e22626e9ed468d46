import { toJson, type JsonObject } from '../../protocol/json';
import { oneOf, optional, readCount, readFields, readJson, readString, type Read } from '../../stored/read';
import type { LinkedHubs } from '../allocation/linked-hubs';
import { readTimestamp } from '../enrollments/stored-terms';
import type { RegistrationRecord } from '../types';
import type { Assignment, RegisteredDevice } from './registrations';

/** The registration in the form in which it is stored, with its hub by name. */
export function storedRegistration(
  { view, assignment }: RegisteredDevice,
  linkedHubs: LinkedHubs,
): JsonObject {
  const { assignedHub: _assignedHub, deviceId: _deviceId, ...rest } = view;
  const [hub] = assignment === undefined ? [] : linkedHubs.namesOf([assignment.assignedHub]);
  return toJson({
    ...rest,
    ...(assignment !== undefined && { lastAssignment: { hub, deviceId: assignment.deviceId } }),
  });
}

function readAssignment(linkedHubs: LinkedHubs): Read<Assignment> {
  return (value, path) => {
    const field = readFields(value, path);
    const name = field('hub', readString);
    // The hub of a device may have been taken away since; the device then moves when it registers next.
    return { assignedHub: linkedHubs.find(name)?.hostName ?? name, deviceId: field('deviceId', readString) };
  };
}

/** Reads what {@link storedRegistration} has written. */
export function readStoredRegistration(linkedHubs: LinkedHubs): Read<RegisteredDevice> {
  return (value, path) => {
    const field = readFields(value, path);
    const assignment = field('lastAssignment', optional(readAssignment(linkedHubs)));
    const status = field('status', oneOf(['assigned', 'failed', 'disabled']));
    const substatus = field(
      'substatus',
      optional(
        oneOf([
          'initialAssignment',
          'deviceDataMigrated',
          'deviceDataReset',
          'reprovisionedToInitialAssignment',
        ]),
      ),
    );
    const enrollmentGroupId = field('enrollmentGroupId', optional(readString));
    const payload = field('payload', optional(readJson));
    const returnedPayload = field('returnedPayload', optional(readJson));
    const errorCode = field('errorCode', optional(readCount));
    const errorMessage = field('errorMessage', optional(readString));
    const view: RegistrationRecord = {
      registrationId: field('registrationId', readString),
      ...(enrollmentGroupId !== undefined && { enrollmentGroupId }),
      ...(payload !== undefined && { payload }),
      status,
      ...(substatus !== undefined && { substatus }),
      ...(status === 'assigned' && assignment),
      ...(returnedPayload !== undefined && { returnedPayload }),
      ...(errorCode !== undefined && { errorCode }),
      ...(errorMessage !== undefined && { errorMessage }),
      createdDateTimeUtc: field('createdDateTimeUtc', readTimestamp),
      lastUpdatedDateTimeUtc: field('lastUpdatedDateTimeUtc', readTimestamp),
      etag: field('etag', readString),
    };
    return { view, assignment };
  };
}
