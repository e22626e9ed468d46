import { createHash } from 'node:crypto';

/** A number from 0 to below 1 that the arguments determine: the same ones, the same number, on every machine. */
export function drawn(...arguments_: readonly (string | number)[]): number {
  const digest = createHash('sha256').update(JSON.stringify(arguments_)).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
