/** How many letters of a name may be wrong, missing, too many or swapped. */
const MAX_MISTAKES = 2;

/** The known name that was probably meant, if one is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const candidates = known
    .map((candidate) => ({ candidate, mistakes: mistakesIn(name.toLowerCase(), candidate.toLowerCase()) }))
    // Of a short name, two letters are too much to be a slip.
    .filter(({ candidate, mistakes }) => mistakes <= Math.min(MAX_MISTAKES, candidate.length / 3))
    .sort((one, other) => one.mistakes - other.mistakes);
  return candidates[0]?.candidate;
}

/** The edit distance in which two swapped neighbours count as one mistake (optimal string alignment). */
function mistakesIn(one: string, other: string): number {
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
