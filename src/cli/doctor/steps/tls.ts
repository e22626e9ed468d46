import type { X509Certificate } from 'node:crypto';
import { instant } from 'azure-iot-certificates/internal';
import { CommandError } from '../../command-error';
import { inFlagTerms } from '../../flag-terms';
import { explained, NoAnswer } from '../probe';
import type { Examination, Finding, Service, Step } from '../step';
import { targetOf, type Target } from '../target';
import { shakeHands, type ServerFacts } from '../tls/handshake';
import { isAzureHost, readableName, signerOf, type Signer } from '../tls/signer';
import { SET_THE_CLOCK } from './clock';

/** Whether TLS can be spoken with the service, and who vouches for its certificate. */
export function tls(service: Service, title: string, needs: Step['needs']): Step {
  return {
    name: `${service}-tls`,
    title,
    doing: 'speaking TLS',
    needs,
    run: async (examination, signal) => {
      const target = targetOf(service, examination);
      const { facts, error } = await shakeHands(target.port, target, examination, signal).catch(
        (reason: unknown) => {
          signal.throwIfAborted();
          return { facts: undefined, error: reason as Error };
        },
      );
      if (error) throw failureOf(error, facts, target, examination);
      return findingOf(facts, target);
    },
  };
}

function findingOf(facts: ServerFacts | undefined, { name }: Target): Finding {
  if (facts === undefined) return { status: 'ok', summary: 'the server is trusted' };
  const { protocol, cipher, chain } = facts;
  const signer = signerOf(chain);
  const trusted = `${protocol}, ${cipher}; the certificate of the server goes back to ${signer.root}`;
  const data = dataOf(facts, signer);
  const details = describe(chain);
  if (!isAzureHost(name)) return { status: 'ok', summary: trusted, details, data };
  if (signer.kind === 'azure') return { status: 'ok', summary: `${trusted}, as it should be`, details, data };
  return {
    status: 'warning',
    summary: `${trusted}, which is no root of Azure`,
    remedy:
      signer.kind === 'public'
        ? `${INSPECTED} Or Azure has begun to use another root: compare it with the page "Azure Certificate Authority details" of Microsoft.`
        : `${inspectedBy(signer)} ${EXEMPT}`,
    details,
    data,
  };
}

const INSPECTED = 'A proxy or firewall probably inspects TLS.';
const EXEMPT =
  'Have *.azure-devices-provisioning.net and *.azure-devices.net exempted from inspection: whoever opens TLS takes the certificate of the device away, so that DPS and the hub refuse it, even where the root of the inspection is trusted.';

function inspectedBy(signer: Signer): string {
  return signer.kind === 'private' && signer.inspector !== undefined
    ? `${signer.inspector} inspects TLS here.`
    : INSPECTED;
}

/** What is wrong with the server's certificate, by OpenSSL's and Node's names. */
const CAUSES: Readonly<Record<string, (chain: readonly X509Certificate[], now: Date) => Cause>> = {
  CERT_NOT_YET_VALID: (chain, now) => outOfTime(chain, now),
  CERT_HAS_EXPIRED: (chain, now) => outOfTime(chain, now),
  ERR_TLS_CERT_ALTNAME_INVALID: ([leaf]) => ({
    message: `It is made for ${leaf?.subjectAltName ?? readableName(leaf?.subject ?? '')}.`,
    remedy:
      'Check the spelling of the endpoint. If it is right, somebody else answers in its place: a proxy, a firewall, or a wrong entry of the name server or of /etc/hosts.',
  }),
};

interface Cause {
  readonly message: string;
  readonly remedy: string;
}

function outOfTime(chain: readonly X509Certificate[], now: Date): Cause {
  const [leaf] = chain;
  const wrong = chain.find((one) => !isValidAt(one, now)) ?? leaf;
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

function failureOf(
  error: Error & { code?: string },
  facts: ServerFacts | undefined,
  target: Target,
  examination: Examination,
): CommandError {
  if (error instanceof NoAnswer) return noAnswer(target);
  const known = inFlagTerms(explained(error, target, examination));
  if (facts === undefined || known.code !== 'SERVER_NOT_TRUSTED') return known;
  const signer = signerOf(facts.chain);
  const cause =
    CAUSES[error.code ?? '']?.(facts.chain, examination.network.now()) ??
    unknownSigner(facts.chain, signer, target);
  const hint =
    isAzureHost(target.name) && signer.kind === 'private' ? ` ${inspectedBy(signer)} ${EXEMPT}` : '';
  return new CommandError({
    code: known.code,
    service: target.service,
    message: `${known.message} ${cause.message} The server sent: ${describe(facts.chain).join('; ')}.`,
    remedy: `${cause.remedy}${hint}`.trim(),
    cause: error,
  });
}

function unknownSigner(chain: readonly X509Certificate[], signer: Signer, { name }: Target): Cause {
  const message = `It goes back to ${signer.root}.`;
  if (isAzureHost(name)) return { message, remedy: '' };
  return {
    message,
    remedy: `If ${readableName(chain[0]?.subject ?? '')} is the emulator or a gateway of yours, give its root certificate with --ca.`,
  };
}

function noAnswer({ service, host, port }: Target): CommandError {
  return new CommandError({
    code: 'TIMEOUT',
    service,
    message: `${host} accepted the connection to port ${port} but did not answer the TLS handshake.`,
    remedy:
      'A firewall that looks into connections may swallow what it does not know: have connections to this host exempted. With --transport mqtt-ws it looks like any other HTTPS.',
    isTransient: true,
  });
}

/** A line for each certificate, the server's first. */
function describe(chain: readonly X509Certificate[]): string[] {
  return chain.map(
    ({ subject, issuer, validTo }) =>
      `${readableName(subject)}, issued by ${readableName(issuer)}, valid until ${instant(new Date(validTo))}`,
  );
}

function dataOf({ protocol, cipher, chain }: ServerFacts, signer: Signer): object {
  return {
    protocol,
    cipher,
    root: signer.root,
    rootKind: signer.kind,
    chain: chain.map(({ subject, issuer, validFrom, validTo, fingerprint256 }) => ({
      subject: subject.split('\n').join(', '),
      issuer: issuer.split('\n').join(', '),
      notBefore: new Date(validFrom),
      notAfter: new Date(validTo),
      thumbprint: fingerprint256.replaceAll(':', ''),
    })),
  };
}
