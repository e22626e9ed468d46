import type { X509Certificate } from 'node:crypto';
import { factsOf } from 'azure-iot-certificates/internal';
import { utcTimestamp } from '../../protocol/timestamp';
import type { CertificateInformation } from '../types/allocation';

/** A distinguished name in the order of DPS: the common name first. In certificates it usually comes last. */
function nameOf(lines: string): string {
  return lines.split('\n').reverse().join(', ');
}

/** The details of a certificate in the service's words. */
export function certificateInformation(certificate: X509Certificate): CertificateInformation {
  return {
    subjectName: nameOf(certificate.subject),
    sha1Thumbprint: certificate.fingerprint.replaceAll(':', ''),
    sha256Thumbprint: certificate.fingerprint256.replaceAll(':', ''),
    issuerName: nameOf(certificate.issuer),
    notBeforeUtc: utcTimestamp(new Date(certificate.validFrom)),
    notAfterUtc: utcTimestamp(new Date(certificate.validTo)),
    serialNumber: certificate.serialNumber,
    version: factsOf(certificate).version,
  };
}
