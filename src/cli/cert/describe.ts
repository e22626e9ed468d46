import {
  type CertificateDescription,
  type CertificateFacts,
  describeCertificate as describe,
  printable,
  span,
} from 'azure-iot-certificates/internal';

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

/** `364 days left`, `expired 36 hours ago`, `not valid before …`. */
export function validityText({ notBefore, notAfter }: CertificateDescription, now: Date): string {
  if (Date.parse(notBefore) > now.getTime()) return `not valid before ${notBefore}`;
  const left = Date.parse(notAfter) - now.getTime();
  return left < 0 ? `expired ${span(-left)} ago` : `${span(left)} left`;
}
