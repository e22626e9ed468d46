import type { KeyObject } from 'node:crypto';
import { ENROLLMENTS, type EnrollmentKind } from '../../enrollment';
import type { CertificateFacts } from '../../reading/certificate';
import type { CertificateSet } from '../../reading/chain';
import type { Origin } from '../../reading/source';
import type { Severity } from '../../report';
import type * as NewCertificate from './new-certificate';

/** The credentials and options that rules judge. */
export interface RuleContext {
  readonly enrollment: EnrollmentKind;
  /** The time at which validity is judged. */
  readonly now: Date;
  /** Option `registrationId`. */
  readonly registrationId: string | undefined;
  /** The certificates in order, if one could be read. */
  readonly certificates: CertificateSet | undefined;
  /**
   * True if every given certificate could be read. An unreadable one may be the reason for a gap in the chain.
   */
  readonly complete: boolean;
  readonly certificateOrigin: Origin;
  /** The option with the intermediates: that of the chain, or else that of the certificate. */
  readonly chainOrigin: Origin;
  readonly key: KeyObject | undefined;
  readonly keyOrigin: Origin;
  /** Permission bits of the key file, on POSIX systems. */
  readonly keyMode: number | undefined;
}

/** A context whose leaf could be read. */
export type LeafContext = RuleContext & { readonly certificates: CertificateSet };

/** One deviation from a rule. */
export interface RuleFinding {
  /** The deviation, with the actual values. */
  readonly message: string;
  readonly remedy: string;
  /** True if the deviation ends by itself. */
  readonly isTransient?: true;
}

/** The severity of a rule's findings for each enrollment kind; `off` where the rule does not apply. */
export type SeverityByKind = Readonly<Record<EnrollmentKind, Severity | 'off'>>;

/** One requirement for certificates and keys. */
export interface Rule {
  /** The stable name in kebab-case, which `skipChecks` takes. */
  readonly name: string;
  /** The state in which the rule finds nothing, for the documentation. */
  readonly checks: string;
  /** The standard, document or practice that the rule comes from. */
  readonly source: string;
  readonly severity: SeverityByKind;
  /** Rules whose findings have the same cause. If one of them found something, this rule is not applied. */
  readonly unless?: readonly string[];
  readonly check: (context: RuleContext) => readonly RuleFinding[];
}

/** The same severity for all enrollment kinds. */
export function always(severity: Severity): SeverityByKind {
  return byAttestation(severity, severity);
}

/** One severity for individual enrollments, which hold the leaf itself, and one for groups, which hold an authority. */
export function byAttestation(leaf: Severity | 'off', authority: Severity | 'off'): SeverityByKind {
  return {
    'hub-individual': leaf,
    'hub-group': authority,
    'central-individual': leaf,
    'central-group': authority,
  };
}

/** A check that needs the leaf. If there is none, the rules of reading have reported the reason. */
export function forLeaf(
  check: (leaf: CertificateFacts, context: LeafContext) => RuleFinding | readonly RuleFinding[] | undefined,
): Rule['check'] {
  return (context) => {
    const { certificates } = context;
    if (certificates === undefined) return [];
    return [check(certificates.leaf, { ...context, certificates }) ?? []].flat();
  };
}

/** Tells whether the enrollment holds the leaf itself. */
export function attestsLeaf({ enrollment }: RuleContext): boolean {
  return ENROLLMENTS[enrollment].attests === 'leaf';
}

/** The rules, not applied if the device must present another certificate anyway. */
export function unlessWrongCertificate(rules: readonly Rule[]): readonly Rule[] {
  const wrong = ['leaf-is-no-authority', 'leaf-is-not-self-signed'];
  return rules.map((rule) => ({ ...rule, unless: [...wrong, ...(rule.unless ?? [])] }));
}

/** The way to the enrollment in the portal. */
export function place(context: RuleContext): string {
  return ENROLLMENTS[context.enrollment].place;
}

/** The remedy of a finding: the commands for a new device certificate. */
export const newCertificate: typeof NewCertificate.newCertificate = (context, commonName) =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded by the first finding, in CommonJS, bundlers and Jest alike
  (require('./new-certificate') as typeof NewCertificate).newCertificate(context, commonName);
