import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

/** The root of a server's certificate chain. */
export interface Signer {
  /** A root of Azure, another root that this Node.js trusts, or an unknown root. */
  readonly kind: 'azure' | 'public' | 'private';
  /** Its name. */
  readonly root: string;
}

/**
 * IoT Hub, DPS: the roots that Azure IoT uses or has announced, by SHA-256 fingerprint (Microsoft's pages on TLS in
 * IoT Hub and on the certificate authorities of Azure).
 */
const AZURE_ROOTS = new Set([
  // DigiCert Global Root G2
  'CB:3C:CB:B7:60:31:E5:E0:13:8F:8D:D3:9A:23:F9:DE:47:FF:C3:5E:43:C1:14:4C:EA:27:D4:6A:5A:B1:CB:5F',
  // DigiCert Global Root G3
  '31:AD:66:48:F8:10:41:38:C7:38:F3:9E:A4:32:01:33:39:3E:3A:18:CC:02:29:6E:F9:7C:2A:C9:EF:67:31:D0',
  // Microsoft RSA Root Certificate Authority 2017
  'C7:41:F7:0F:4B:2A:8D:88:BF:2E:71:C1:41:22:EF:53:EF:10:EB:A0:CF:A5:E6:4C:FA:20:F4:18:85:30:73:E0',
  // Microsoft ECC Root Certificate Authority 2017
  '35:8D:F3:9D:76:4A:F9:E1:B7:66:E9:C9:72:DF:35:2E:E1:5C:FA:C2:27:AF:6A:D1:D7:0E:8E:4A:6E:DC:BA:02',
]);

/** IoT Hub, DPS: hosts in the public cloud and in those of governments and China. */
const AZURE_HOST = /(^|\.)azure-devices(-provisioning)?\.(net|us|cn)$/i;

let parsed: readonly X509Certificate[] | undefined;

/** The roots that this Node.js was built with, parsed once. */
export function bundledRoots(): readonly X509Certificate[] {
  parsed ??= rootCertificates.map((pem) => new X509Certificate(pem));
  return parsed;
}

/** Tells whether a host belongs to Azure IoT, whose certificates only the roots of Azure sign. */
export function isAzureHost(name: string): boolean {
  return AZURE_HOST.test(name.replace(/\.$/, ''));
}

/** The root of a chain that starts with the server's certificate and ends with the highest known certificate. */
export function signerOf(chain: readonly X509Certificate[]): Signer {
  const top = chain.at(-1);
  if (top === undefined) return { kind: 'private', root: 'nobody' };
  const isRoot = top.checkIssued(top);
  const root = readableName(isRoot ? top.subject : top.issuer);
  if (isRoot && AZURE_ROOTS.has(top.fingerprint256)) return { kind: 'azure', root };
  const isBundled = bundledRoots().some(({ fingerprint256 }) => fingerprint256 === top.fingerprint256);
  return { kind: isRoot && isBundled ? 'public' : 'private', root };
}

/** The common name, or else the whole name on one line. */
export function readableName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.split('\n').join(', ');
}
