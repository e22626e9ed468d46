import type { Operation } from './operations';

/** The answer to a registration. */
export function registeredBody({ operationId }: Operation): string {
  return JSON.stringify({ operationId, status: 'assigning' });
}

/** The answer to a poll while the registration is under way. Some clients insist on the registration state. */
export function assigningBody({ operationId, record }: Operation): string {
  const { registrationId } = record;
  return JSON.stringify({
    operationId,
    status: 'assigning',
    registrationState: { registrationId, status: 'assigning' },
  });
}

/** The answer to a poll when the registration has come to an end, be it good or bad. */
export function outcomeBody({ operationId, record }: Operation): string {
  const { status, registrationId, deviceId, assignedHub, substatus, errorCode, errorMessage } = record;
  const { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag } = record;
  return JSON.stringify({
    operationId,
    status,
    registrationState: {
      // Always empty in what clients have recorded, even though the API describes certificates here.
      x509: {},
      registrationId,
      createdDateTimeUtc,
      assignedHub,
      deviceId,
      status,
      substatus,
      errorCode,
      errorMessage,
      lastUpdatedDateTimeUtc,
      etag,
    },
  });
}
