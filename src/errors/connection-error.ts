import type { DeviceError, ServiceName } from 'azure-iot-certificates';
import { endpointHint, isEmulator, isLoopback, remedyAt, withoutPortal, type Peer } from './emulator';
import { ConnectionError, TimeoutError, type Explanation } from './errors';
import { explainLoss } from './loss';
import { explainProxyFailure } from './proxy-error';
import { findServiceCode, wordsFor } from './service-codes';
import { explainSocketError } from './socket-error';
import { explainSilence } from './stages';
import type { WireError, WireFailure } from './wire-error';

const NAMES: Readonly<Record<ServiceName, string>> = {
  dps: 'the Device Provisioning Service',
  hub: 'the IoT hub',
};

/** The error for the raw facts of a failed connection. */
export function toConnectionError(error: WireError, peer: Peer): DeviceError {
  const { failure } = error;
  const { service, host } = peer;
  if (failure.kind !== 'timeout') {
    const explanation = explain(failure, peer);
    const remedy = explanation.remedy + endpointHint(host);
    return new ConnectionError({ ...explanation, remedy, service, host, cause: error.cause ?? error });
  }
  const { stage, timeoutMs, proxy } = failure;
  const { message, remedy } = explainSilence(stage, { host, timeoutMs, proxy });
  const init = { service, message, remedy: remedy + endpointHint(host), cause: error };
  return stage === 'lookup'
    ? new ConnectionError({ ...init, host, code: 'NAME_RESOLUTION_FAILED', isTransient: true })
    : new TimeoutError(init);
}

function explain(failure: Exclude<WireFailure, { kind: 'timeout' }>, peer: Peer): Explanation {
  const { host } = peer;
  switch (failure.kind) {
    case 'refused':
      return explainReturnCode(failure.returnCode, peer);
    case 'socket':
      return inEmulatorTerms(explainSocketError(failure.error, host), peer);
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
    case 'lost': {
      const explanation = explainLoss({
        ...{ host, service: peer.service, shortLived: peer.shortLived ?? 1 },
        facts: failure.facts ?? { unacknowledged: 0 },
        isReset: failure.error !== undefined,
      });
      return isEmulator(peer) ? { ...explanation, remedy: withoutPortal(explanation.remedy) } : explanation;
    }
    case 'closed':
      return closedExplanation(host);
  }
}

/** A port on which nothing listens is most often that of an emulator that was stopped. */
function inEmulatorTerms(explanation: Explanation, peer: Peer): Explanation {
  if (explanation.code !== 'CONNECTION_REFUSED' || !(isLoopback(peer.host) || isEmulator(peer)))
    return explanation;
  const remedy =
    'If that is the emulator, start it: azure-iot-emulator. It may have another port than before; what it prints tells.';
  return { ...explanation, remedy };
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
    remedy: remedyAt(
      peer,
      returnCode,
      known
        ? wordsFor(known.remedy, enrollment, peer.certFile)
        : `Check that ${host} really is ${NAMES[service]}.`,
    ),
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
