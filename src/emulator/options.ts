import { InvalidOptionsError, type OptionProblem } from '../errors';
import { ID_SCOPE, newIdScope } from './dps/identifiers';
import type { EmulatorOptions } from './types';
import { DEFAULT_UNVERIFIED_BEHAVIOR, type UnverifiedBehavior } from './unverified-behavior';

/** The options with their defaults. */
export interface ResolvedOptions extends Required<EmulatorOptions> {
  readonly unverifiedBehavior: UnverifiedBehavior;
}

/** One thing that must hold of an option. */
interface Rule {
  readonly option: keyof EmulatorOptions;
  readonly holds: (options: ResolvedOptions) => boolean;
  readonly message: string;
  readonly remedy: string;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Callers in JavaScript may pass anything, hence `unknown` where the type says more. */
const RULES: readonly Rule[] = [
  {
    option: 'hubs',
    holds: ({ hubs }: { hubs: unknown }) =>
      Array.isArray(hubs) && hubs.every((name: unknown) => typeof name === 'string' && name !== ''),
    message: 'is not a list of names.',
    remedy: "Pass names such as ['hub-1', 'hub-2'].",
  },
  {
    option: 'hubs',
    holds: ({ hubs }) => !Array.isArray(hubs) || new Set(hubs).size === hubs.length,
    message: 'names a hub twice.',
    remedy: 'Give every hub a name of its own.',
  },
  {
    option: 'idScope',
    holds: ({ idScope }: { idScope: unknown }) => typeof idScope === 'string' && ID_SCOPE.test(idScope),
    message: 'is not of the form 0ne and eight upper-case hexadecimal digits.',
    remedy: 'Pass something like 0ne00ABCDEF, or leave it out for a random one.',
  },
  {
    option: 'retryAfterSeconds',
    holds: ({ retryAfterSeconds }) => isCount(retryAfterSeconds),
    message: 'is not a whole number from 0.',
    remedy: 'Pass seconds, e.g. 0 for fast tests.',
  },
  {
    option: 'pollsBeforeAssigned',
    holds: ({ pollsBeforeAssigned }) => isCount(pollsBeforeAssigned),
    message: 'is not a whole number from 0.',
    remedy: 'Pass how many polls are answered assigning, e.g. 1.',
  },
];

/** @throws InvalidOptionsError listing every problem. */
export function resolveOptions(options: EmulatorOptions): ResolvedOptions {
  const resolved: ResolvedOptions = {
    hubs: options.hubs ?? ['hub-1'],
    idScope: options.idScope ?? newIdScope(),
    retryAfterSeconds: options.retryAfterSeconds ?? 3,
    pollsBeforeAssigned: options.pollsBeforeAssigned ?? 1,
    unverifiedBehavior: { ...DEFAULT_UNVERIFIED_BEHAVIOR, ...options.unverifiedBehavior },
  };
  const problems = RULES.filter(({ holds }) => !holds(resolved)).map(
    ({ option, message, remedy }): OptionProblem => ({ option, message, remedy }),
  );
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return resolved;
}
