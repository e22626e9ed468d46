import { inspectCredentials } from '../../src/checking/inspect';
import { type CredentialsReport } from '../../src/report';
import type { EnrollmentKind } from '../../src/enrollment';
import type { CredentialsOptions } from '../../src/options';

type Loose = Partial<Record<keyof CredentialsOptions, unknown>> & { enrollment?: EnrollmentKind };

/** Checks options that need not satisfy the types. */
export async function check(options: Loose, now?: Date): Promise<CredentialsReport> {
  const { report } = await inspectCredentials(
    { enrollment: 'hub-individual', ...options } as CredentialsOptions,
    now,
  );
  return report;
}

/** `severity rule` of every finding, in order. */
export function names(report: CredentialsReport): string[] {
  return report.findings.map(({ severity, rule }) => `${severity} ${rule}`);
}

/** The only finding of a rule. */
export function finding(report: CredentialsReport, rule: string): CredentialsReport['findings'][number] {
  const found = report.findings.filter((one) => one.rule === rule);
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`${found.length} findings of ${rule}; there are: ${names(report).join(', ')}`);
  }
  return found[0];
}

/** The names of the errors. */
export function errors(report: CredentialsReport): string[] {
  return report.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule);
}
