import type { EnrollmentKind } from '../../src/enrollment';
import type { check } from './check';
import { DAY, GOOD_SUBJECT, make, type Made, type Recipe } from './make';

/** One rule, an input that breaks this rule alone, and a similar one that passes. A certificate includes its key. */
export interface Case {
  rule: string;
  expected: 'error' | 'warning' | 'info';
  enrollment?: EnrollmentKind;
  breaks: Parameters<typeof check>[0] | (() => Made);
  passes: Parameters<typeof check>[0] | (() => Made);
  message: RegExp;
}

export const good = (recipe: Recipe = {}): Made => make({ subject: GOOD_SUBJECT, ...recipe });
export const subject = (name: string): NonNullable<Recipe['subject']> => [
  ['O', 'Example'],
  ['CN', name],
];
export const day = (days: number): Date => new Date(Date.now() + days * DAY);

export const inGroup = { enrollment: 'hub-group' } as const;
export const chainOf = (...parts: Made[]): { cert: string; key: string } => ({
  cert: parts.map(({ pem }) => pem).join(''),
  key: parts[0]?.key ?? '',
});
export const authority = (name: string, recipe: Recipe): Made =>
  make({ subject: [['CN', name]], ca: true, keyUsage: [5], ...recipe });
export const under = (issuer: Made, recipe: Recipe = {}): Made => good({ issuer, ...recipe });
