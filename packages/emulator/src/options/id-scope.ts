import { randomBytes } from 'node:crypto';

/** DPS: an ID scope looks like 0ne00ABCDEF. */
export const ID_SCOPE = /^0ne[0-9A-F]{8}$/;

/** A random ID scope. */
export function newIdScope(): string {
  return `0ne${randomBytes(4).toString('hex').toUpperCase()}`;
}
