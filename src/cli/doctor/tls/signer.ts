import type { X509Certificate } from 'node:crypto';
import { bundledRoots } from './roots';

/** Who vouches for a server's certificate. */
export type Signer =
  /** One of the roots of Azure. */
  | { kind: 'azure'; root: string }
  /** Another root that the runtime trusts. */
  | { kind: 'public'; root: string }
  /** A root that the runtime does not know. */
  | { kind: 'private'; root: string; inspector: string | undefined };

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

/** What proxies and firewalls that inspect TLS write into the certificates that they make. */
const INSPECTORS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/zscaler/i, 'Zscaler'],
  [/netskope/i, 'Netskope'],
  [/fortinet|fortigate/i, 'Fortinet FortiGate'],
  [/palo ?alto/i, 'Palo Alto Networks'],
  [/blue ?coat|symantec web/i, 'Symantec (Blue Coat) proxy'],
  [/cisco umbrella|cisco secure|ironport/i, 'Cisco'],
  [/check ?point/i, 'Check Point'],
  [/sophos/i, 'Sophos'],
  [/skyhigh|mcafee/i, 'Skyhigh (McAfee)'],
  [/forcepoint|websense/i, 'Forcepoint'],
  [/barracuda/i, 'Barracuda'],
  [/watchguard|fireware/i, 'WatchGuard'],
  [/sonicwall/i, 'SonicWall'],
  [/kaspersky/i, 'Kaspersky'],
  [/avast|avg technologies/i, 'Avast'],
  [/\beset\b/i, 'ESET'],
  [/bitdefender/i, 'Bitdefender'],
  [/mitmproxy/i, 'mitmproxy'],
  [/portswigger/i, 'Burp Suite'],
  [/fiddler/i, 'Fiddler'],
  [/charles proxy/i, 'Charles'],
  [/squid/i, 'Squid'],
];

/** IoT Hub, DPS: in the public cloud and in those of governments and China. */
const AZURE_HOST = /(^|\.)azure-devices(-provisioning)?\.(net|us|cn)$/i;

/** Whether a host belongs to Azure IoT, where nobody but Azure may vouch for it. */
export function isAzureHost(name: string): boolean {
  return AZURE_HOST.test(name.replace(/\.$/, ''));
}

/** Who vouches for the first of the certificates, the last of which is the highest that is known. */
export function signerOf(chain: readonly X509Certificate[]): Signer {
  const top = chain.at(-1);
  if (top === undefined) return { kind: 'private', root: 'nobody', inspector: undefined };
  const isRoot = top.checkIssued(top);
  const root = readableName(isRoot ? top.subject : top.issuer);
  if (isRoot && AZURE_ROOTS.has(top.fingerprint256)) return { kind: 'azure', root };
  const isBundled = bundledRoots().some(({ fingerprint256 }) => fingerprint256 === top.fingerprint256);
  if (isRoot && isBundled) return { kind: 'public', root };
  const names = chain.flatMap(({ subject, issuer }) => [subject, issuer]).join('\n');
  const [, inspector] = INSPECTORS.find(([pattern]) => pattern.test(names)) ?? [];
  return { kind: 'private', root, inspector };
}

/** The common name, or else everything that a name consists of. */
export function readableName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.split('\n').join(', ');
}
