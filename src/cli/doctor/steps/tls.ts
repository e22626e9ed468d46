import type { X509Certificate } from 'node:crypto';
import { instant } from 'azure-iot-certificates/internal';
import { CommandError } from '../../command-error';
import { inFlagTerms } from '../../flag-terms';
import { shakeHands, type ServerFacts } from '../handshake';
import { explained, NoAnswer, targetOf, type Target } from '../network';
import { isAzureHost, readableName, signerOf, type Signer } from '../signer';
import type { Examination, Outcome, Service, Step } from '../step';
import { SET_THE_CLOCK } from './clock';

const INSPECTED =
  'A proxy or firewall probably inspects TLS. Have *.azure-devices-provisioning.net and *.azure-devices.net exempted from inspection: it takes the certificate of the device away, so that DPS and the hub refuse the device, even where the root of the inspection is trusted.';
const OTHER_ROOT =
  'Or Azure has begun to use another root: compare it with the page "Azure Certificate Authority details" of Microsoft.';

/** The step that makes a TLS connection to the service, whose certificate must chain to a root of Azure. */
export function tls(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-tls`,
    title,
    needs,
    run: async (examination, signal) => {
      const target = targetOf(service, examination);
      const { facts, error } = await shakeHands(target, examination, signal);
      if (error) throw failureOf(error, facts, target, examination);
      return facts === undefined ? { status: 'ok', summary: 'the server is trusted' } : found(facts, target);
    },
  };
}

function found(facts: ServerFacts, { name }: Target): Outcome {
  const { protocol, cipher, chain } = facts;
  const signer = signerOf(chain);
  const summary = `${protocol}, ${cipher}; the certificate of the server goes back to ${signer.root}`;
  const common = { details: describe(chain), data: dataOf(facts, signer) };
  if (!isAzureHost(name)) return { status: 'ok', summary, ...common };
  if (signer.kind === 'azure') return { status: 'ok', summary: `${summary}, as it should be`, ...common };
  return {
    status: 'warning',
    summary: `${summary}, which is no root of Azure`,
    remedy: signer.kind === 'public' ? `${INSPECTED} ${OTHER_ROOT}` : INSPECTED,
    ...common,
  };
}

function failureOf(
  error: Error & { code?: string },
  facts: ServerFacts | undefined,
  target: Target,
  examination: Examination,
): CommandError {
  const { service, host, port, name } = target;
  if (error instanceof NoAnswer)
    return new CommandError({
      code: 'TIMEOUT',
      service,
      message: `${host} accepted the connection to port ${port} but did not answer the TLS handshake.`,
      remedy:
        'A firewall may swallow connections with a protocol that it does not know: have connections to this host exempted. With --transport mqtt-ws it looks like any other HTTPS.',
      isTransient: true,
    });
  const known = inFlagTerms(explained(error, target, examination));
  if (facts === undefined || known.code !== 'SERVER_NOT_TRUSTED') return known;
  const { chain } = facts;
  const signer = signerOf(chain);
  const cause =
    CAUSES[error.code ?? '']?.(chain, examination.network.now()) ?? unknownSigner(chain, signer, target);
  const hint = isAzureHost(name) && signer.kind === 'private' ? ` ${INSPECTED}` : '';
  return new CommandError({
    code: known.code,
    service,
    message: `${known.message} ${cause.message} The server sent: ${describe(chain).join('; ')}.`,
    remedy: `${cause.remedy}${hint}`.trim(),
    cause: error,
  });
}

interface Cause {
  readonly message: string;
  readonly remedy: string;
}

/** The causes of an untrusted server certificate, by the error codes of OpenSSL and Node.js. */
const CAUSES: Readonly<Record<string, (chain: readonly X509Certificate[], now: Date) => Cause>> = {
  CERT_NOT_YET_VALID: outOfTime,
  CERT_HAS_EXPIRED: outOfTime,
  ERR_TLS_CERT_ALTNAME_INVALID: ([leaf]) => ({
    message: `It is made for ${leaf?.subjectAltName ?? readableName(leaf?.subject ?? '')}.`,
    remedy:
      'Check the spelling of the endpoint. If it is right, somebody else answers in its place: a proxy, a firewall, or a wrong entry of the name server or of /etc/hosts.',
  }),
};

function outOfTime(chain: readonly X509Certificate[], now: Date): Cause {
  const wrong = chain.find((one) => !isValidAt(one, now)) ?? chain[0];
  const from = instant(new Date(wrong?.validFrom ?? 0));
  const to = instant(new Date(wrong?.validTo ?? 0));
  return {
    message: `${readableName(wrong?.subject ?? '')} is valid from ${from} to ${to}, and the clock of this machine says ${instant(now)}.`,
    remedy: `If the clock is wrong: ${SET_THE_CLOCK} If it is right, the server needs a new certificate.`,
  };
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return Date.parse(validFrom) <= now.getTime() && now.getTime() <= Date.parse(validTo);
}

function unknownSigner(chain: readonly X509Certificate[], { root }: Signer, { name }: Target): Cause {
  const server = readableName(chain[0]?.subject ?? '');
  return {
    message: `It goes back to ${root}.`,
    remedy: isAzureHost(name)
      ? ''
      : `If ${server} is the emulator or a gateway of yours, give its root certificate with --ca.`,
  };
}

/** A line for each certificate, the server's first. */
function describe(chain: readonly X509Certificate[]): string[] {
  return chain.map(
    ({ subject, issuer, validTo }) =>
      `${readableName(subject)}, issued by ${readableName(issuer)}, valid until ${instant(new Date(validTo))}`,
  );
}

function dataOf({ protocol, cipher, chain }: ServerFacts, { root, kind }: Signer): object {
  const certificates = chain.map(({ subject, issuer, validFrom, validTo, fingerprint256 }) => ({
    subject: subject.split('\n').join(', '),
    issuer: issuer.split('\n').join(', '),
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
    thumbprint: fingerprint256.replaceAll(':', ''),
  }));
  return { protocol, cipher, root, rootKind: kind, chain: certificates };
}
