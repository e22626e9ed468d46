import { types } from 'node:util';
import { DeviceError } from 'azure-iot-certificates/internal';
import { ConnectionError, TimeoutError } from '../../errors/errors';
import { isTransientStatus, quotable, refusedByHub, type HubPeer } from '../../errors/hub-refusal';
import { explainProxyFailure } from '../../errors/proxy-error';
import { explainSocketError } from '../../errors/socket-error';
import { ProxyError } from '../../network/tunnel';
import { SilenceError, type HttpsResponse } from './https-client';

/** Codes of errors whose usual remedy names the ports of MQTT. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  'CONNECTION_REFUSED',
  'CONNECTION_LOST',
  'NETWORK_UNREACHABLE',
]);
/** The hub answered with an error. */
export function refusedUpload(response: HttpsResponse, what: string, peer: HubPeer): ConnectionError {
  const remedy =
    'Check that a storage container is set up for file uploads: Azure portal > your IoT hub > File upload.';
  return refusedByHub(response, { code: 'UPLOAD_REFUSED', what, remedy }, peer);
}

/** The storage account answered with an error. */
export function refusedByStorage(response: HttpsResponse, what: string, peer: HubPeer): ConnectionError {
  const { 'x-ms-error-code': code, 'x-ms-request-id': requestId } = response.headers;
  const name = quotable(code) || 'no code';
  return new ConnectionError({
    code: 'UPLOAD_REFUSED',
    service: 'hub',
    host: peer.host,
    message: `The storage account ${peer.host} refused ${what} (HTTP ${response.status}, ${name}).`,
    remedy:
      "Look the code up in Azure Storage's documentation. 403: the upload took longer than the hub allows, or the storage account does not let this network in.",
    isTransient: isTransientStatus(response.status),
    trackingId: quotable(requestId) || undefined,
  });
}

/** The server answered something that is not part of the protocol. */
export function unexpectedAnswer(what: string, { host }: HubPeer, cause?: unknown): ConnectionError {
  return new ConnectionError({
    code: 'INVALID_RESPONSE',
    service: 'hub',
    host,
    message: `${host} answered ${what} with something that cannot be used.`,
    remedy: 'Check that nothing between this machine and the hub answers in its place.',
    cause,
  });
}

/** The content of the file could not be read. */
export function unreadable(blobName: string, cause: unknown, { host }: HubPeer): ConnectionError {
  const reason = types.isNativeError(cause) ? cause.message : String(cause);
  return new ConnectionError({
    code: 'UPLOAD_FAILED',
    service: 'hub',
    host,
    message: `The content of ${blobName} could not be read: ${quotable(reason)}.`,
    remedy: 'Upload it again with another stream, which must not have been read or destroyed before.',
    cause,
  });
}

/** The error of this library for the failure of a request. */
export function toUploadError(error: unknown, what: string, peer: HubPeer): DeviceError {
  const { host } = peer;
  if (error instanceof DeviceError) return error;
  if (error instanceof SilenceError) {
    return new TimeoutError({
      service: 'hub',
      message: `${host} did not answer ${what} within ${error.timeoutMs / 1000} s.`,
      remedy: 'Check the network, and that the firewall lets port 443 (HTTPS) pass.',
      cause: error,
    });
  }
  if (error instanceof ProxyError) {
    return new ConnectionError({
      ...explainProxyFailure(error.failure, host),
      service: 'hub',
      host,
      cause: error,
    });
  }
  // Errors of the network are native ones, with the name of an errno, of OpenSSL or of the HTTP parser.
  const cause: Error & { code?: string } = types.isNativeError(error) ? error : new Error(String(error));
  if (cause.code?.startsWith('HPE_') === true) return unexpectedAnswer(what, peer, cause);
  const { remedy, ...explanation } = explainSocketError(cause, host);
  return new ConnectionError({
    ...explanation,
    remedy: UNREACHABLE.has(explanation.code)
      ? 'Check the network, and that the firewall lets port 443 (HTTPS) pass, also to the storage account.'
      : remedy,
    service: 'hub',
    host,
    cause,
  });
}
