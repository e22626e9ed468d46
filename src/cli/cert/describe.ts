import {
  count,
  describeCertificate as describe,
  type CertificateDescription,
  type CertificateFacts,
} from 'azure-iot-certificates/internal';
import { printable } from '../output/printable';

export type { CertificateDescription };

/** Describes a certificate, with names that can be printed. */
export function describeCertificate(facts: CertificateFacts, now: Date): CertificateDescription {
  const description = describe(facts, now);
  return {
    ...description,
    subject: printable(description.subject),
    issuer: printable(description.issuer),
  };
}

/** `364 days left`, `expired 3 days ago`, `not valid before …`. */
export function validityText({ notBefore, daysLeft }: CertificateDescription, now: Date): string {
  if (Date.parse(notBefore) > now.getTime()) return `not valid before ${notBefore}`;
  if (daysLeft < 0) return `expired ${count(-daysLeft, 'day')} ago`;
  return daysLeft === 0 ? 'expires within a day' : `${count(daysLeft, 'day')} left`;
}
