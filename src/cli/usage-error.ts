/** Flags or arguments are wrong. Nothing has been done, and the exit code is 2. Lists every problem at once. */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[] | string) {
    const all = typeof problems === 'string' ? [problems] : problems;
    super(all.join('\n'));
    this.name = 'UsageError';
    this.problems = all;
  }
}
