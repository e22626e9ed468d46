/** Words that several messages share. Values come from certificates and options: they are never trusted. */

const UNPRINTABLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const MAX_QUOTED = 120;

/** A value in double quotes, with what a terminal would obey or hide made visible, and shortened where it is long. */
export function quote(value: string): string {
  const short = value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value;
  return JSON.stringify(short).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A value as one word of a POSIX shell, so that a remedy can be pasted; what cannot be seen becomes `?`. */
export function shellWord(input: string): string {
  const value = input.replace(/\p{Cc}/gu, '?').replace(UNPRINTABLE, '?');
  return /^[\w@%+=:,./-]{1,200}$/.test(value) ? value : `'${value.slice(0, 200).replaceAll("'", `'\\''`)}'`;
}

/** A point in time without the milliseconds that certificates do not have. */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** A number with its noun: `1 day`, `2 days`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
