import type { DeviceError, EnrollmentKind, ServiceName } from 'azure-iot-certificates';
import { ConnectionError, TimeoutError, type Explanation } from './errors';
import { findServiceCode, wordsFor } from './service-codes';
import { explainProxyFailure, PROXY_REMEDY } from './proxy-error';
import type { WireError, WireFailure, WireStage } from './wire-error';

/** The service and the device of a failed connection, for the message and the remedy. */
export interface Peer {
  service: ServiceName;
  /** Host name, and port where one was given. */
  host: string;
  registrationId: string;
  enrollment: EnrollmentKind;
}

const NAMES: Readonly<Record<ServiceName, string>> = {
  dps: 'the Device Provisioning Service',
  hub: 'the IoT hub',
};

/** The explanations of errors of the operating system and of the resolver, by errno name. */
const SOCKET_ERRORS: Readonly<Record<string, (host: string) => Explanation>> = {
  ENOTFOUND: (host) => ({
    code: 'HOST_NOT_FOUND',
    message: `The host name ${host} has no address.`,
    remedy: 'Check the spelling of the endpoint, and that this machine can resolve public names.',
  }),
  EAI_AGAIN: (host) => ({
    code: 'NAME_RESOLUTION_FAILED',
    message: `The name server did not answer for ${host}.`,
    remedy: 'Check that this machine has a network connection and a working name server.',
    isTransient: true,
  }),
  ECONNREFUSED: (host) => ({
    code: 'CONNECTION_REFUSED',
    message: `Nothing accepts connections at ${host}.`,
    remedy: /^localhost(?::|$)/.test(host)
      ? 'If that is the emulator, start it: azure-iot-emulator. It may have another port than before; what it prints tells.'
      : 'Check the host name and that the firewall lets outgoing connections pass: port 8883 for MQTT, port 443 for MQTT over WebSockets (transport: "mqtt-ws").',
    isTransient: true,
  }),
  ECONNRESET: (host) => ({
    code: 'CONNECTION_LOST',
    message: `${host} reset the connection.`,
    remedy:
      'Try again. If it happens each time, a firewall or proxy may not let MQTT pass: try transport "mqtt-ws".',
    isTransient: true,
  }),
  EPIPE: (host) => ({
    code: 'CONNECTION_LOST',
    message: `${host} closed the connection.`,
    remedy: 'Try again.',
    isTransient: true,
  }),
  ETIMEDOUT: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENETDOWN: unreachable,
  EADDRNOTAVAIL: unreachable,
};

function unreachable(host: string): Explanation {
  return {
    code: 'NETWORK_UNREACHABLE',
    message: `${host} cannot be reached.`,
    remedy:
      'Check this machine\'s network, and that the firewall lets port 8883 (or 443 for transport "mqtt-ws") pass.',
    isTransient: true,
  };
}

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
  CERT_REVOKED: 'was revoked',
  CERT_UNTRUSTED: 'is not trusted',
  CERT_REJECTED: 'was rejected',
  INVALID_CA: 'is signed by something that is not a certificate authority',
  INVALID_PURPOSE: 'is not made for servers',
  PATH_LENGTH_EXCEEDED: 'has a chain that is too long',
  HOSTNAME_MISMATCH: 'is made for another name',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is made for another name',
};

const STAGES: Readonly<Record<WireStage, (host: string, proxy: string) => string>> = {
  proxy: (host, proxy) => `The proxy ${proxy} did not make a connection to ${host}`,
  connect: (host) => `${host} did not accept a connection`,
  tls: (host) => `${host} accepted the connection but did not answer the TLS handshake`,
  connack: (host) => `${host} did not answer the MQTT CONNECT packet`,
  subscribe: (host) => `${host} did not acknowledge a subscription`,
  unsubscribe: (host) => `${host} did not acknowledge the end of a subscription`,
  publish: (host) => `${host} did not acknowledge a message`,
  ping: (host) => `${host} did not answer a ping`,
};

/** The error for the raw facts of a failed connection. */
export function toConnectionError(error: WireError, peer: Peer): DeviceError {
  const { failure } = error;
  const { service, host } = peer;
  if (failure.kind === 'timeout') {
    const { stage, timeoutMs, proxy = '' } = failure;
    return new TimeoutError({
      service,
      message: `${STAGES[stage](host, proxy)} within ${timeoutMs / 1000} s.`,
      remedy:
        stage === 'proxy'
          ? PROXY_REMEDY
          : 'Check the endpoint, the network and the firewall; a proxy or firewall that swallows port 8883 can be avoided with transport "mqtt-ws".',
      cause: error,
    });
  }
  return new ConnectionError({ ...explain(failure, peer), service, host, cause: error.cause ?? error });
}

function explain(failure: Exclude<WireFailure, { kind: 'timeout' }>, peer: Peer): Explanation {
  const { host } = peer;
  switch (failure.kind) {
    case 'refused':
      return explainReturnCode(failure.returnCode, peer);
    case 'socket':
      return explainSocketError(failure.error, host);
    case 'proxy':
      return explainProxyFailure(failure, host);
    case 'http':
      return explainHttpStatus(failure.status, host);
    case 'subscription-refused':
      return {
        code: 'SUBSCRIPTION_REFUSED',
        message: `${host} refused the subscription to ${failure.topic}.`,
        remedy: `Check that ${host} really is ${NAMES[peer.service]}.`,
      };
    case 'protocol':
      return {
        code: 'INVALID_RESPONSE',
        message: `${host} does not answer as ${NAMES[peer.service]} does: ${failure.detail}.`,
        remedy: 'Check the endpoint. If it is right, try again and report the message above.',
        isTransient: true,
      };
    case 'lost':
      return {
        code: 'CONNECTION_LOST',
        message: `${host} ended the connection.`,
        remedy:
          peer.service === 'hub'
            ? 'Try again. A hub ends a connection when the same device connects a second time.'
            : 'Try again. If it happens each time, check that the endpoint is a Device Provisioning Service.',
        isTransient: true,
      };
    case 'closed':
      return closedExplanation(host);
  }
}

/** The explanation for operations that were pending when the owner closed the connection. */
export function closedExplanation(host: string): Explanation {
  return {
    code: 'CONNECTION_CLOSED',
    message: `The connection to ${host} was closed on this side.`,
    remedy: 'Wait for what was sent before closing, or connect again.',
  };
}

function explainReturnCode(returnCode: number, peer: Peer): Explanation {
  const { service, host, registrationId, enrollment } = peer;
  const known = findServiceCode(service, returnCode);
  return {
    // CONNACK 1 and 3 say nothing about the identity (MQTT 3.1.1, section 3.2.2.3).
    code: returnCode === 1 || returnCode === 3 ? 'SERVICE_UNAVAILABLE' : 'UNAUTHORIZED',
    message: `${host} refused the connection of ${registrationId} (CONNACK ${returnCode}). ${known ? wordsFor(known.meaning, enrollment) : 'MQTT does not define this return code.'}`,
    remedy: known ? wordsFor(known.remedy, enrollment) : `Check that ${host} really is ${NAMES[service]}.`,
    isTransient: known?.isTransient,
    serviceCode: returnCode,
  };
}

function explainHttpStatus(status: number, host: string): Explanation {
  const message = `${host} answered the WebSocket handshake with HTTP status ${status}.`;
  if (status === 429 || status >= 500) {
    return { code: 'SERVICE_UNAVAILABLE', message, remedy: 'Try again later.', isTransient: true };
  }
  const remedy =
    status === 407
      ? 'A proxy in between requires a user and password: let it pass connections to this host.'
      : 'Check the endpoint; a proxy or firewall in between may also answer like this.';
  return { code: 'INVALID_RESPONSE', message, remedy };
}

/** The explanation of an error of the system, of the resolver or of TLS. */
export function explainSocketError(error: Error & { code?: string }, host: string): Explanation {
  const code = error.code ?? '';
  const known = Object.hasOwn(SOCKET_ERRORS, code) ? SOCKET_ERRORS[code] : undefined;
  if (known) return known(host);
  if (Object.hasOwn(TRUST_ERRORS, code)) {
    return {
      code: 'SERVER_NOT_TRUSTED',
      message: `The certificate of ${host} ${TRUST_ERRORS[code] ?? ''} (${code}).`,
      remedy:
        "Check this machine's clock and the endpoint. If a proxy inspects TLS, or this is the emulator or a gateway, give its root certificate with the option ca or caFile.",
    };
  }
  return {
    code: 'TLS_FAILED',
    message: `No secure connection to ${host} could be made: ${oneLine(error.message)}.`,
    remedy:
      'Check that the endpoint speaks TLS 1.2 on this port, and that a proxy or firewall does not interfere.',
  };
}

/** OpenSSL ends its messages with a line break. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}
