import { randomUUID } from 'node:crypto';

/** A new entity tag in the form that DPS uses: Base64 of a quoted identifier. */
export function newEtag(): string {
  return Buffer.from(`"${randomUUID()}"`).toString('base64');
}
