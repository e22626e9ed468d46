import { isUtf8 } from 'node:buffer';

/* Text that messages share. Values come from certificates and options and are never trusted. */

/**
 * Control and format characters, separators of lines, unpaired surrogates, private characters, spaces besides U+0020,
 * and what Unicode shows as nothing (soft hyphen, variation selectors, fillers). Text written from right to left is shown
 * as it is; characters that change the direction are escaped.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;
const MAX_QUOTED = 120;

/** Text of unknown origin (a certificate, a message, a service) on one line and without power over the terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => escapeUnit(character.charCodeAt(unit))).join(''),
  );
}

/** A message of several lines, each made {@link printable}. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** The value in double quotes, at most 120 characters, with control and invisible characters escaped. */
export function quote(value: string): string {
  return printable(JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value));
}

/** The value as one word of a POSIX shell, at most 200 characters. Invisible characters become `?`. */
export function shellWord(input: string): string {
  const value = input.replace(UNPRINTABLE, '?');
  return /^[\w@%+=:,./-]{1,200}$/.test(value) ? value : `'${value.slice(0, 200).replaceAll("'", `'\\''`)}'`;
}

/** The date in ISO 8601 without milliseconds, which certificates do not have. */
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

/** The text of a file, without a byte order mark. */
interface DecodedText {
  readonly text: string;
  readonly encoding: 'UTF-8' | 'UTF-16' | 'Windows-1252';
  readonly hasMark: boolean;
}

/**
 * Decodes a text file: UTF-16 in either byte order, with a byte order mark or without one, as Windows writes it; else
 * UTF-8; else Windows-1252.
 */
export function decodeText(bytes: Buffer): DecodedText {
  const wide = wideEncoding(bytes);
  const isWide = wide !== undefined;
  const encoding = isWide ? 'UTF-16' : isUtf8(bytes) ? 'UTF-8' : 'Windows-1252';
  const decoded = new TextDecoder(wide ?? encoding, { ignoreBOM: true }).decode(bytes);
  const hasMark = decoded.startsWith('\ufeff');
  return { text: hasMark ? decoded.slice(1) : decoded, encoding, hasMark };
}

/** The number of bytes that show the encoding. */
const SAMPLE_BYTES = 64;

function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  // Most characters of Western text have a zero byte.
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  const zeros = (offset: number): number =>
    sample.filter((octet, index) => octet === 0 && index % 2 === offset).length;
  const [even, odd] = [zeros(0), zeros(1)];
  if (odd > 0 && even === 0 && odd * 4 >= sample.length) return 'utf-16le';
  return even > 0 && odd === 0 && even * 4 >= sample.length ? 'utf-16be' : undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The length of a day in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** A span of time for people, in whole days, below two days in hours, below two hours in minutes: `36 hours`. */
export function span(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY_MS);
  if (days >= 2) return count(days, 'day');
  const hours = Math.floor(milliseconds / HOUR_MS);
  return hours >= 2
    ? count(hours, 'hour')
    : count(Math.max(1, Math.ceil(milliseconds / MINUTE_MS)), 'minute');
}

/** The number of letters that may be wrong, missing, extra or swapped. */
const MAX_MISTAKES = 2;

/** The known name that is most similar to a misspelled one, if any is similar. Letter case does not count. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const candidates = known
    .map((candidate) => ({ candidate, mistakes: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    // In a short name, two wrong letters make another name.
    .filter(({ candidate, mistakes }) => mistakes <= Math.min(MAX_MISTAKES, candidate.length / 3))
    .sort((one, other) => one.mistakes - other.mistakes);
  return candidates[0]?.candidate;
}

/** The optimal string alignment distance, which counts two swapped neighbours as one mistake. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped && row > 1 && column > 1 ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length] ?? 0;
}
