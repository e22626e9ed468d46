import type { Finding } from '../report';
import { CHAIN_RULES } from './rules/chain';
import { COMMON_NAME_RULES } from './rules/common-name';
import { ALGORITHM_RULES, KEY_RULES, tlsRule } from './rules/key';
import { LEAF_RULES, USAGE_RULES, VALIDITY_RULES } from './rules/leaf';
import type { Rule, RuleContext } from './rules/rule';

const NAMED_CAUSES: readonly Rule[] = [
  ...ALGORITHM_RULES,
  ...KEY_RULES,
  ...LEAF_RULES,
  ...VALIDITY_RULES,
  ...COMMON_NAME_RULES,
  ...USAGE_RULES,
  ...CHAIN_RULES,
];

/** All rules. Causes stand before their consequences. */
export const RULES: readonly Rule[] = [
  ...NAMED_CAUSES,
  tlsRule(
    NAMED_CAUSES.filter(({ severity }) => Object.values(severity).includes('error')).map(({ name }) => name),
  ),
];

/** Applies the rules in their order. */
export function applyRules(context: RuleContext, skipped: ReadonlySet<string>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, severity, unless = [], check } of RULES) {
    const grade = severity[context.enrollment];
    if (grade === 'off' || skipped.has(name)) continue;
    if (findings.some(({ rule }) => unless.includes(rule))) continue;
    findings.push(...check(context).map((finding) => ({ rule: name, severity: grade, ...finding })));
  }
  return findings;
}
