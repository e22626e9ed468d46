import { must } from '../schemas/problems';
import { pattern } from '../schemas/values';

// Names are parts of host names and, with a state directory, of file names.
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?$/;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** A name for a hub or an application. */
export const name = pattern(
  NAME,
  must('must be a name of letters, digits and dashes, at most 50 characters', "Pass a name such as 'hub-1'."),
);

/** A DNS name. A port does not belong to it. */
export const hostName = pattern(
  HOST_NAME,
  must(
    'must be a DNS name without a port',
    'Pass a name such as hub-1.example.org, or leave it out for the default.',
  ),
);

/** Tells whether a hub or an application can have this name. */
export function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value);
}

/** Tells whether the value can be a DNS name without a port. */
export function isHostName(value: unknown): boolean {
  return typeof value === 'string' && HOST_NAME.test(value);
}
