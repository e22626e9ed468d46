import { randomUUID } from 'node:crypto';
import { utcTimestamp } from './timestamp';

/** The body of a refusal of DPS and of the twin. */
export function errorBody(errorCode: number, message: string): string {
  return JSON.stringify({ errorCode, trackingId: randomUUID(), message, timestampUtc: utcTimestamp() });
}

/** The HTTP status in a six-digit code. */
export function httpStatus(errorCode: number): number {
  return Math.floor(errorCode / 1000);
}
