import type { X509Certificate } from 'node:crypto';
import { childrenOf, readElement, readInteger, Tag } from 'azure-iot-certificates/internal';
import { utcTimestamp } from '../../protocol/timestamp';
import type { CertificateInformation } from '../types/allocation';

/** The version of the certificate, 1 to 3 (RFC 5280, 4.1.2.1: not written when it is 1). */
function versionOf({ raw }: X509Certificate): number {
  const certificate = readElement(raw, 0);
  const body = certificate && childrenOf(raw, certificate)[0];
  const first = body && childrenOf(raw, body)[0];
  if (first?.tag !== Tag.context0) return 1;
  return (readInteger(raw, childrenOf(raw, first)[0]) ?? 0) + 1;
}

/** Common name first, as the service writes names; in certificates it usually comes last. */
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
    version: versionOf(certificate),
  };
}
