import { X509Certificate } from 'node:crypto';
import { invalidArgument } from '../protocol/errors';

/** Reads a certificate in PEM form. Of several certificates the first is read, which is the leaf in a chain file. */
export function readCertificate(pem: string, parameter: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    // The input is not repeated: it might be a private key.
    throw invalidArgument(`${parameter} is not a certificate in PEM form`);
  }
}

/** The common name (CN) of the certificate's subject. */
export function commonName(certificate: X509Certificate): string | undefined {
  const attribute = certificate.subject.split('\n').find((line) => line.startsWith('CN='));
  return attribute?.slice('CN='.length);
}

/** Tells whether the certificate is valid at that time. */
export function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return new Date(certificate.validFrom) <= now && now <= new Date(certificate.validTo);
}

/** Tells whether the issuer signed the certificate: names, key identifiers and the signature itself. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Tells whether two certificates are the same, byte by byte. */
export function isSameCertificate(left: X509Certificate, right: X509Certificate): boolean {
  return left.raw.equals(right.raw);
}
