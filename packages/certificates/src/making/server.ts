import { isIP } from 'node:net';
import type { OptionProblems } from '../options';
import { issueCertificate } from './issue';
import type { CertificateOptions, IssuerOption } from './options';
import type { IssuedCertificate } from './issued-certificate';
import { serverProfile } from './profile';
import { ANY_NAME } from './subject';

/** Options of {@link createServerCertificate}. */
type ServerCertificateOptions = Omit<CertificateOptions, 'commonName'> &
  IssuerOption & {
    /** DNS names and IP addresses under which clients reach the server; at least one. */
    hostNames: readonly string[];
    /** Default: the first host name. */
    commonName?: string;
  };

const DNS_NAME = /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

function checkHostNames(hostNames: readonly string[], problems: OptionProblems): void {
  const wrong = hostNames.filter((name) => isIP(name) === 0 && !(name.length <= 253 && DNS_NAME.test(name)));
  const remedy = "Pass names and addresses without port, e.g. ['localhost', '127.0.0.1'].";
  if (hostNames.length === 0) problems.add('hostNames', 'is empty.', remedy);
  if (wrong.length > 0) {
    problems.add(
      'hostNames',
      `holds what is neither a DNS name nor an IP address: ${wrong.join(', ')}.`,
      remedy,
    );
  }
}

/**
 * Makes the certificate of a TLS server, for the emulator. Default validity: 365 days or the issuer's end.
 *
 * @throws InvalidOptionsError when options are malformed, or the issuer may not sign it. Lists every problem.
 */
export async function createServerCertificate(options: ServerCertificateOptions): Promise<IssuedCertificate> {
  const { hostNames, commonName = hostNames[0] ?? 'server', ...rest } = options;
  return issueCertificate(
    { ...rest, commonName },
    {
      nameRule: ANY_NAME,
      defaultDays: 365,
      profile: serverProfile(
        hostNames.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      isSelfSigned: false,
      check: (_issuer, problems) => checkHostNames(hostNames, problems),
    },
  );
}
