import { ALGORITHM_RULES } from './rules/algorithms';
import { CHAIN_RULES } from './rules/chain';
import { COMMON_NAME_RULES } from './rules/common-name';
import { KEY_RULES, tlsRule } from './rules/key';
import { LEAF_RULES } from './rules/leaf';
import { USAGE_RULES } from './rules/usage';
import { VALIDITY_RULES } from './rules/validity';
import type { Rule } from './rules/rule';

const NAMED_CAUSES: readonly Rule[] = [
  ...ALGORITHM_RULES,
  ...KEY_RULES,
  ...LEAF_RULES,
  ...VALIDITY_RULES,
  ...COMMON_NAME_RULES,
  ...USAGE_RULES,
  ...CHAIN_RULES,
];

/** Every check, causes before what follows from them. */
export const RULES: readonly Rule[] = [
  ...NAMED_CAUSES,
  tlsRule(
    NAMED_CAUSES.filter(({ severity }) => Object.values(severity).includes('error')).map(({ name }) => name),
  ),
];

/** What option `skipChecks` takes. */
export const RULE_NAMES: readonly string[] = RULES.map(({ name }) => name);
