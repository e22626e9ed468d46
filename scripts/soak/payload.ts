import { createHash, randomBytes } from 'node:crypto';
import type { Dice } from './dice';

/** A body with the properties that tell whether it arrived, and arrived unchanged. */
export interface Payload {
  readonly body: string | Buffer;
  readonly properties: { readonly number: string; readonly digest: string };
}

/** Random bytes, up to so many, or else the text. */
export function makePayload(dice: Dice, number: number, maxBytes: number, text: string): Payload {
  const body = dice.next() < 0.5 ? randomBytes(dice.between(0, maxBytes)) : text;
  return { body, properties: { number: String(number), digest: digestOf(Buffer.from(body)) } };
}

/** Tells a body from one that was changed. */
export function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}
