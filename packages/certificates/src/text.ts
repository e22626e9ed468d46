/* Text that messages share. Values come from certificates and options and are never trusted. */

const UNPRINTABLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const MAX_QUOTED = 120;

/** The value in double quotes, at most 120 characters, with control and invisible characters escaped. */
export function quote(value: string): string {
  const short = value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value;
  return JSON.stringify(short).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Control characters but the line break, characters without a shape, and spaces that only look like one. */
const INVISIBLE = /(?![\n ])[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]/gu;

/** The text with invisible characters escaped. Line breaks stay. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16);
    return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
  });
}

/** The value as one word of a POSIX shell, at most 200 characters. Invisible characters become `?`. */
export function shellWord(input: string): string {
  const value = input.replace(/\p{Cc}/gu, '?').replace(UNPRINTABLE, '?');
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
