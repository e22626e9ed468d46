import { displayName } from '../../reading/name';
import { count, instant } from '../../text';
import { newCertificate } from './remedies';
import { always, forLeaf, type Rule } from './rule';

/** How long before its end a certificate is reported. */
export const EXPIRY_WARNING_DAYS = 30;

const DAY_MS = 86_400_000;
const SOURCE = 'RFC 5280 section 4.1.2.5: a certificate is valid from notBefore to notAfter';

/** Milliseconds as a length of time that a person can judge. */
function span(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY_MS);
  if (days >= 2) return count(days, 'day');
  const hours = Math.floor(milliseconds / 3_600_000);
  return hours >= 2 ? count(hours, 'hour') : count(Math.max(1, Math.ceil(milliseconds / 60_000)), 'minute');
}

/** The leaf's validity, judged by the clock of this machine. */
export const VALIDITY_RULES: readonly Rule[] = [
  {
    name: 'certificate-already-valid',
    checks: 'The device certificate is valid already, by the clock of this machine.',
    source: SOURCE,
    severity: always('error'),
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const wait = leaf.notBefore.getTime() - now.getTime();
      if (!(wait > 0)) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} is valid from ${instant(leaf.notBefore)}, in ${span(wait)}; the clock of this machine says ${instant(now)}.`,
        remedy: `Set the clock if it is slow (date -u; timedatectl status). Otherwise wait, or: ${newCertificate(context)}`,
      };
    }),
  },
  {
    name: 'certificate-not-expired',
    checks: 'The device certificate has not expired.',
    source: SOURCE,
    severity: always('error'),
    unless: ['certificate-already-valid'],
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const passed = now.getTime() - leaf.notAfter.getTime();
      if (!(passed > 0)) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} expired at ${instant(leaf.notAfter)}, ${span(passed)} ago; the clock of this machine says ${instant(now)}.`,
        remedy: `${newCertificate(context)} If the clock is wrong, set it (date -u; timedatectl status).`,
      };
    }),
  },
  {
    name: 'certificate-not-expiring-soon',
    checks: 'The device certificate is valid for 30 more days.',
    source: 'Azure DPS, "How to roll X.509 device certificates": replace a certificate before it expires',
    severity: always('warning'),
    unless: ['certificate-not-expired', 'certificate-already-valid'],
    check: forLeaf((leaf, context) => {
      const { now, certificateOrigin } = context;
      const left = leaf.notAfter.getTime() - now.getTime();
      if (!(left >= 0 && left < EXPIRY_WARNING_DAYS * DAY_MS)) return undefined;
      return {
        message: `The certificate of ${displayName(leaf.subject)} in ${certificateOrigin.label} expires at ${instant(leaf.notAfter)}, in ${span(left)}; the clock of this machine says ${instant(now)}.`,
        remedy: newCertificate(context),
      };
    }),
  },
];
