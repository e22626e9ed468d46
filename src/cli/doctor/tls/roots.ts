import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

let parsed: readonly X509Certificate[] | undefined;

/** The roots that this Node.js was built with. Reading all of them takes a while, once. */
export function bundledRoots(): readonly X509Certificate[] {
  parsed ??= rootCertificates.map((pem) => new X509Certificate(pem));
  return parsed;
}
