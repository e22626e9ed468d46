import { getSystemErrorMap, types } from 'node:util';
import type { Explanation } from './errors';
import { oneLine } from './text';
import { explainAlert, openSslCode } from './tls-alert';

/** An error of the system, of the resolver or of TLS. */
export type SocketError = Error & { code?: string };

/** The parts of an explanation that depend on the error only. */
interface Row extends Omit<Explanation, 'message'> {
  /** What happened, with `HOST` for the name of the host. */
  readonly message: string;
}

/* The groups of errors that have one explanation each. */

const UNREACHABLE: Row = {
  code: 'NETWORK_UNREACHABLE',
  message: 'HOST cannot be reached.',
  remedy:
    'Check this machine\'s network, and that the firewall lets port 8883 (or 443 for transport "mqtt-ws") pass.',
  isTransient: true,
};
const RESOLVER_SILENT: Row = {
  code: 'NAME_RESOLUTION_FAILED',
  message: 'The name server did not answer for HOST.',
  remedy: 'Check that this machine has a network connection and a working name server.',
  isTransient: true,
};
const NO_ADDRESS: Row = {
  code: 'HOST_NOT_FOUND',
  message: 'The host name HOST has no address.',
  remedy: 'Check the spelling of the endpoint, and that this machine can resolve public names.',
};
const CLOSED: Row = {
  code: 'CONNECTION_LOST',
  message: 'HOST closed the connection.',
  remedy: 'Try again.',
  isTransient: true,
};
const RESET: Row = {
  ...CLOSED,
  message: 'HOST reset the connection.',
  remedy:
    'Try again. If it happens each time, a firewall or proxy may not let MQTT pass: try transport "mqtt-ws".',
};
const local = (message: string, remedy: string): Row => {
  return { code: 'LOCAL_FAILURE', message, remedy, isTransient: true };
};
const FILES = local(
  'This machine could not open a connection to HOST: too many files and connections are open.',
  'Close what is not needed, or raise the limit: ulimit -n (LimitNOFILE= of a systemd service, --ulimit nofile= of docker run).',
);
const MEMORY = local(
  'This machine could not open a connection to HOST: the system has no memory for it.',
  'Free memory, or raise the limit of the process or container.',
);
const PORTS = local(
  'This machine could not open a connection to HOST: it has no local port or address for it.',
  'Close connections that are not needed, and check that this machine has an address on the network to HOST.',
);
const FORBIDDEN = local(
  'This machine did not allow a connection to HOST.',
  'Allow the program to connect to HOST: look at the local firewall, and at the sandbox, container or security module in which it runs.',
);
const FAMILY = local(
  'This machine does not speak the kind of address that HOST has.',
  'Enable IPv4 or IPv6, whichever HOST has an address of.',
);

/** The explanations of errors of the operating system and of the resolver, by errno name. */
const SYSTEM_ERRORS: Readonly<Record<string, Row>> = {
  ENOTFOUND: NO_ADDRESS,
  ENODATA: NO_ADDRESS,
  EAI_NODATA: NO_ADDRESS,
  EAI_NONAME: NO_ADDRESS,
  EAI_ADDRFAMILY: NO_ADDRESS,
  EAI_AGAIN: RESOLVER_SILENT,
  EAI_FAIL: { ...RESOLVER_SILENT, message: 'The name server could not answer for HOST.' },
  EAI_CANCELED: RESOLVER_SILENT,
  EAI_MEMORY: MEMORY,
  ESERVFAIL: { ...RESOLVER_SILENT, message: 'The name server could not answer for HOST.' },
  EREFUSED: { ...RESOLVER_SILENT, message: 'The name server refused to answer for HOST.' },
  ETIMEOUT: RESOLVER_SILENT,
  ECONNREFUSED: {
    code: 'CONNECTION_REFUSED',
    message: 'Nothing accepts connections at HOST.',
    remedy:
      'Check the host name and that the firewall lets outgoing connections pass: port 8883 for MQTT, port 443 for MQTT over WebSockets (transport: "mqtt-ws").',
    isTransient: true,
  },
  ECONNRESET: RESET,
  ECONNABORTED: RESET,
  EPIPE: CLOSED,
  EOF: CLOSED,
  ENOTCONN: CLOSED,
  ESHUTDOWN: CLOSED,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  ENONET: UNREACHABLE,
  EMFILE: FILES,
  ENFILE: FILES,
  ENOBUFS: MEMORY,
  ENOMEM: MEMORY,
  ENOSPC: MEMORY,
  EAGAIN: PORTS,
  EADDRINUSE: PORTS,
  EADDRNOTAVAIL: PORTS,
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EAFNOSUPPORT: FAMILY,
  EPROTONOSUPPORT: FAMILY,
  EPROTOTYPE: FAMILY,
  ESOCKTNOSUPPORT: FAMILY,
  EAI_FAMILY: FAMILY,
};

/** The faults of a server's certificate, by the error codes of OpenSSL and Node.js. */
const TRUST_ERRORS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'ends at a root that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is not signed by a certificate authority that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'is not signed by a certificate authority that is trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is not signed by a certificate authority that is trusted here',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_SIGNATURE_FAILURE: 'has a wrong signature',
  CERT_CHAIN_TOO_LONG: 'has a chain that is too long',
  CERT_REVOKED: 'was revoked',
  CERT_UNTRUSTED: 'is not trusted',
  CERT_REJECTED: 'was rejected',
  INVALID_CA: 'is signed by something that is not a certificate authority',
  INVALID_PURPOSE: 'is not made for servers',
  PATH_LENGTH_EXCEEDED: 'has a chain that is too long',
  HOSTNAME_MISMATCH: 'is made for another name',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is made for another name',
};

/** Errors of TLS on this side that are due to the certificate or key of the device. */
const OWN_CREDENTIALS =
  /KEY_VALUES_MISMATCH|NO_SUITABLE_SIGNATURE|KEY_TOO_SMALL|MD_TOO_WEAK|KEY_TYPE_MISMATCH/;

/** The explanation of an error of the system, of the resolver or of TLS. */
export function explainSocketError(error: SocketError, host: string): Explanation {
  const single = mostTelling(error);
  const code = openSslCode(single);
  const known = systemError(code) ?? trustError(code);
  if (known) return { ...known, ...withHost(known, host), ...attempts(error, known, host) };
  const alert = explainAlert(single, host);
  if (alert) return alert;
  const isOwn = OWN_CREDENTIALS.test(code);
  return {
    code: 'TLS_FAILED',
    message: `No secure connection to ${host} could be made: ${oneLine(single)}.`,
    remedy: isOwn
      ? 'Check certificate and key with checkCredentials(): TLS cannot use them together here.'
      : 'Check that the endpoint speaks TLS on this port, and that a proxy or firewall does not interfere.',
  };
}

function systemError(code: string): Row | undefined {
  if (Object.hasOwn(SYSTEM_ERRORS, code)) return SYSTEM_ERRORS[code];
  const words = SYSTEM_WORDS().get(code);
  return words === undefined
    ? undefined
    : local(
        `This machine could not make a connection to HOST: ${words} (${code}).`,
        "Try again. If it goes on, look into this machine's system log.",
      );
}

let systemWords: ReadonlyMap<string, string> | undefined;

/** What the operating system says of each of its errors, by errno name. */
const SYSTEM_WORDS = (): ReadonlyMap<string, string> =>
  (systemWords ??= new Map(getSystemErrorMap().values()));

function trustError(code: string): Row | undefined {
  if (!Object.hasOwn(TRUST_ERRORS, code)) return undefined;
  return {
    code: 'SERVER_NOT_TRUSTED',
    message: `The certificate of HOST ${TRUST_ERRORS[code] ?? ''} (${code}).`,
    remedy:
      "Check this machine's clock and the endpoint. If a proxy inspects TLS, or this is the emulator or a gateway, give its root certificate with the option ca or caFile.",
  };
}

function withHost({ message, remedy }: Row, host: string): Pick<Explanation, 'message' | 'remedy'> {
  return { message: message.replace('HOST', () => host), remedy: remedy.replaceAll('HOST', () => host) };
}

/** Errors that say more than others when every address of a host fails, the most telling first. */
const TELLING = [
  'ECONNREFUSED',
  'EMFILE',
  'ENFILE',
  'EACCES',
  'EPERM',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
];

/** The error of one address of the host. */
interface Attempt extends SocketError {
  readonly address?: string;
}

/** The errors of all addresses of a host; empty for an error of another kind. */
function attemptsOf(error: SocketError): readonly Attempt[] {
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) ? errors.filter((one): one is Attempt => types.isNativeError(one)) : [];
}

/** The error that tells most about a host all of whose addresses have failed. */
export function mostTelling(error: SocketError): SocketError {
  const rank = ({ code = '' }: Attempt) => (TELLING.includes(code) ? TELLING.indexOf(code) : TELLING.length);
  return (
    attemptsOf(error).reduce<Attempt | undefined>(
      (best, one) => (best === undefined || rank(one) < rank(best) ? one : best),
      undefined,
    ) ?? error
  );
}

/** The message with the failure of each address, where addresses have failed in different ways. */
function attempts(error: SocketError, known: Row, host: string): Pick<Explanation, 'message'> | undefined {
  const all = attemptsOf(error);
  if (new Set(all.map(({ code }) => code)).size < 2) return undefined;
  const each = all.map(({ address = 'an address', code = 'unknown' }) => `${address} ${code}`);
  return { message: `${withHost(known, host).message.replace(/\.$/, '')} (${each.join(', ')}).` };
}
