import { isBeforeReprovisioning } from '../registrations/api-version';
import type { Operation } from '../registrations/operations';
import type { RegistrationRecord } from '../types/dps';

/** The answer to a registration. */
export function registeredBody({ operationId }: Operation): string {
  return JSON.stringify({ operationId, status: 'assigning' });
}

/** The answer to a poll while the registration is under way. Some clients insist on the registration state. */
export function assigningBody({ operationId, registrationId }: Operation): string {
  return JSON.stringify({
    operationId,
    status: 'assigning',
    registrationState: { registrationId, status: 'assigning' },
  });
}

/** The registration state for a device. */
function registrationState(record: RegistrationRecord, apiVersion: string): object {
  const { status, registrationId, deviceId, assignedHub, errorCode, errorMessage } = record;
  const { substatus, returnedPayload, createdDateTimeUtc, lastUpdatedDateTimeUtc, etag } = record;
  return {
    // The property is empty in all recorded answers, although the API describes certificates here.
    x509: {},
    registrationId,
    createdDateTimeUtc,
    assignedHub,
    deviceId,
    status,
    // DPS: substatus and payload came with the version that brought re-provisioning.
    ...(!isBeforeReprovisioning(apiVersion) && { substatus, payload: returnedPayload }),
    errorCode,
    errorMessage,
    lastUpdatedDateTimeUtc,
    etag,
  };
}

/** The answer to a poll after the registration has succeeded or failed. */
export function outcomeBody(operationId: string, record: RegistrationRecord, apiVersion: string): string {
  const { status } = record;
  return JSON.stringify({
    operationId,
    status,
    registrationState: registrationState(record, apiVersion),
  });
}

/** The answer to a look-up of the registration record. */
export function stateBody(record: RegistrationRecord, apiVersion: string): string {
  return JSON.stringify(registrationState(record, apiVersion));
}
