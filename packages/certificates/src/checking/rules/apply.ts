import type { Finding } from '../../report';
import type { Rule, RuleContext } from './rule';

/** Applies the rules in their order: causes stand before what follows from them. */
export function applyRules(
  rules: readonly Rule[],
  context: RuleContext,
  skipped: ReadonlySet<string>,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, severity, unless = [], check } of rules) {
    const grade = severity[context.enrollment];
    if (grade === 'off' || skipped.has(name)) continue;
    if (findings.some(({ rule }) => unless.includes(rule))) continue;
    findings.push(
      ...check(context).map(({ message, remedy }) => ({ rule: name, severity: grade, message, remedy })),
    );
  }
  return findings;
}
