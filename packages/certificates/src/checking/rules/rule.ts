import type { KeyObject } from 'node:crypto';
import { ENROLLMENTS, type EnrollmentKind } from '../../enrollment';
import type { CertificateFacts } from '../../reading/facts';
import type { CertificateSet } from '../../reading/chain';
import type { Origin } from '../../reading/origin';
import type { Severity } from '../../report';

/** Everything that rules look at. */
export interface RuleContext {
  readonly enrollment: EnrollmentKind;
  /** The clock that validity is judged by. */
  readonly now: Date;
  /** Option `registrationId`. */
  readonly registrationId: string | undefined;
  /** The certificates in order, unless none could be read. */
  readonly certificates: CertificateSet | undefined;
  /** Whether every given certificate could be read; a hole in the chain may be due to that. */
  readonly complete: boolean;
  readonly certificateOrigin: Origin;
  readonly key: KeyObject | undefined;
  readonly keyOrigin: Origin;
  /** Permission bits of the key file, on POSIX systems. */
  readonly keyMode: number | undefined;
}

/** A context whose leaf could be read. */
export type LeafContext = RuleContext & { readonly certificates: CertificateSet };

/** What a rule says about one thing that it found. */
export interface RuleFinding {
  /** What was found, with the actual values. */
  readonly message: string;
  readonly remedy: string;
}

/** How grave a rule's findings are for a kind of enrollment; `off` where the rule does not apply. */
export type SeverityByKind = Readonly<Record<EnrollmentKind, Severity | 'off'>>;

/** One thing that certificates and keys must fulfil. */
export interface Rule {
  /** Stable, in kebab-case; what `skipChecks` takes. */
  readonly name: string;
  /** What is as it should be when the rule finds nothing, for the documentation. */
  readonly checks: string;
  /** Where the rule comes from. */
  readonly source: string;
  readonly severity: SeverityByKind;
  /** Rules whose findings have the same cause: when one of them found something, this one is silent. */
  readonly unless?: readonly string[];
  readonly check: (context: RuleContext) => readonly RuleFinding[];
}

/** The same severity for all kinds. */
export function always(severity: Severity): SeverityByKind {
  return byAttestation(severity, severity);
}

/** One severity where the service holds the leaf itself, another where it holds an authority above. */
export function byAttestation(leaf: Severity | 'off', authority: Severity | 'off'): SeverityByKind {
  return {
    'hub-individual': leaf,
    'hub-group': authority,
    'central-individual': leaf,
    'central-group': authority,
  };
}

/** A check that needs the leaf; without one the reason is a finding already. */
export function forLeaf(
  check: (leaf: CertificateFacts, context: LeafContext) => RuleFinding | readonly RuleFinding[] | undefined,
): Rule['check'] {
  return (context) => {
    const { certificates } = context;
    if (certificates === undefined) return [];
    return [check(certificates.leaf, { ...context, certificates }) ?? []].flat();
  };
}

/** Whether the service holds the leaf itself. */
export function attestsLeaf({ enrollment }: RuleContext): boolean {
  return ENROLLMENTS[enrollment].attests === 'leaf';
}
