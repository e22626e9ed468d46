import type { X509Certificate } from 'node:crypto';

/** The gravity of a finding: `error` blocks the connection, `warning` and `info` never do. */
export type Severity = 'error' | 'warning' | 'info';

/** One deviation of the credentials from one rule. */
export interface Finding {
  /** The stable name of the rule, e.g. `key-matches-certificate`. */
  rule: string;
  severity: Severity;
  /** The deviation, with the actual values. Never key material. */
  message: string;
  /** The way to correct it: a command or a portal step. */
  remedy: string;
  /** `true` if the deviation ends by itself: when the clock of the machine is set, or a certificate becomes valid. */
  isTransient?: true;
}

/** The result of {@link checkCredentials}. */
export interface CredentialsReport {
  /** `true` if no finding is an error. */
  ok: boolean;
  /** The registration ID that would be used: the option, or else the leaf's common name. */
  registrationId: string | undefined;
  /** The leaf, if it could be read. */
  certificate: X509Certificate | undefined;
  /**
   * The certificates that would be sent after the leaf, each behind one that it issued. With cross-signed or renewed
   * authorities they form several paths.
   */
  chain: readonly X509Certificate[];
  /** The deviations in the order of the rules, causes first. Empty if there are none. */
  findings: readonly Finding[];
}
