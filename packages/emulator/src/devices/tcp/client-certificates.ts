import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** The largest number of certificates that are read. A chain has fewer; further certificates are ignored. */
const MAX_CERTIFICATES = 16;

/**
 * The certificates that the client really sent, in that order. `getPeerCertificate(true)` would follow issuers and add
 * certificates that the server knows; this function does neither.
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
