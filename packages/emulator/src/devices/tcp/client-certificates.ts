import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** More certificates than any sensible chain has; what follows is not looked at. */
const MAX_CERTIFICATES = 16;

/**
 * The certificates that the client really sent, in the order in which it sent them. `getPeerCertificate(true)` would
 * follow issuers on its own and add what the server knows; this walk does neither.
 */
export function presentedCertificates(socket: TLSSocket): readonly X509Certificate[] {
  const certificates: X509Certificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && certificates.length < MAX_CERTIFICATES) {
    certificates.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return certificates;
}
