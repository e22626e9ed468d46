// A name ends up in host names and, with a state directory, in names of files.
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?$/;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** Whether a hub or an application can have this name. */
export function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value);
}

/** Whether it can be a DNS name; a port does not belong to it. */
export function isHostName(value: unknown): boolean {
  return typeof value === 'string' && HOST_NAME.test(value);
}
