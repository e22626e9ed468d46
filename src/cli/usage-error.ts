/**
 * The error for wrong flags or arguments. It lists every problem. The command has done nothing, and the exit code is 2.
 */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[] | string) {
    const all = typeof problems === 'string' ? [problems] : problems;
    super(all.join('\n'));
    this.name = 'UsageError';
    this.problems = all;
  }
}
