import { randomUUID } from 'node:crypto';
import { EmulatorError, SERVICE_ERROR } from './errors';

/** The condition of a change. */
export interface IfMatch {
  /** The `etag` that must be the current one; absent or `*` for any. */
  ifMatch?: string;
}

/** A new entity tag in the form that DPS uses: Base64 of a quoted identifier. */
export function newEtag(): string {
  return Buffer.from(`"${randomUUID()}"`).toString('base64');
}

/** @throws EmulatorError 412001 when the condition does not hold for that etag. */
export function checkIfMatch({ ifMatch = '*' }: IfMatch, etag: string): void {
  // In the header of the service's API the tag is quoted.
  const wanted = ifMatch.replace(/^(?:W\/)?"(.*)"$/, '$1');
  if (wanted === '*' || wanted === etag) return;
  throw new EmulatorError(SERVICE_ERROR.preconditionFailed, `The etag is ${etag} and not ${wanted}`);
}
