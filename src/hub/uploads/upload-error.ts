import { types } from 'node:util';
import { DeviceError, isObject } from 'azure-iot-certificates/internal';
import { remedyAt } from '../../errors/emulator';
import { ConnectionError, TimeoutError } from '../../errors/errors';
import { explainProxyFailure } from '../../errors/proxy-error';
import { findServiceCode, wordsFor } from '../../errors/service-codes';
import { explainSocketError } from '../../errors/socket-error';
import { ProxyError } from '../../network/tunnel';
import type { HubTarget } from '../link';
import { SilenceError, type HttpsResponse } from './https-client';

/** HTTP statuses after which the same request may succeed later. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Codes of errors whose usual remedy names the ports of MQTT. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  'CONNECTION_REFUSED',
  'CONNECTION_LOST',
  'NETWORK_UNREACHABLE',
]);
/** The longest text of a server that is quoted. */
const MAX_TEXT = 300;

/** The server of an error, and the enrollment of the device that its remedy depends on. */
export type UploadPeer = Pick<HubTarget, 'host' | 'enrollment' | 'ca'>;

/** The code, text and tracking ID of a refusal. */
interface Details {
  readonly code: number | undefined;
  readonly text: string;
  readonly trackingId: string | undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\s+/g, ' ').trim().slice(0, MAX_TEXT) : '';
}

/**
 * Reads the body of a refusal. IoT Hub: `{"Message": …}`, in which there is either `ErrorCode:<name>;<text>` or JSON
 * again, with `errorCode`, `message` and `trackingId`.
 */
function detailsOf({ status, body }: HttpsResponse): Details {
  const outer = parseObject(body);
  const inner = { ...outer, ...parseObject(text(outer['Message'])) };
  const { errorCode, trackingId } = inner;
  return {
    code: typeof errorCode === 'number' ? errorCode : status * 1000,
    text: text(inner['message'] ?? outer['Message']),
    trackingId: text(trackingId) || /Tracking ID:([^\s"]+)/.exec(body)?.[1],
  };
}

/** The hub answered with an error. */
export function refusedByHub(response: HttpsResponse, what: string, peer: UploadPeer): ConnectionError {
  const { code, text: said, trackingId } = detailsOf(response);
  const known = findServiceCode('hub', code, said);
  return new ConnectionError({
    code: 'UPLOAD_REFUSED',
    service: 'hub',
    host: peer.host,
    message: `${peer.host} refused ${what} (HTTP ${response.status}${code === undefined ? '' : `, ${code}`}). ${known ? wordsFor(known.meaning, peer.enrollment) : ''} It says: ${said || 'nothing'}.`,
    remedy: remedyAt(
      { service: 'hub', ...peer, roots: peer.ca },
      code,
      known
        ? wordsFor(known.remedy, peer.enrollment)
        : 'Check that a storage container is set up for file uploads: Azure portal > your IoT hub > File upload.',
    ),
    isTransient: known?.isTransient ?? TRANSIENT_STATUSES.has(response.status),
    serviceCode: code,
    trackingId,
  });
}

/** The storage account answered with an error. */
export function refusedByStorage(response: HttpsResponse, what: string, peer: UploadPeer): ConnectionError {
  const { 'x-ms-error-code': code, 'x-ms-request-id': requestId } = response.headers;
  const name = text(code) || 'no code';
  return new ConnectionError({
    code: 'UPLOAD_REFUSED',
    service: 'hub',
    host: peer.host,
    message: `The storage account ${peer.host} refused ${what} (HTTP ${response.status}, ${name}).`,
    remedy:
      "Look the code up in Azure Storage's documentation. 403: the upload took longer than the hub allows, or the storage account does not let this network in.",
    isTransient: TRANSIENT_STATUSES.has(response.status),
    trackingId: text(requestId) || undefined,
  });
}

/** The server answered something that is not part of the protocol. */
export function unexpectedAnswer(what: string, { host }: UploadPeer, cause?: unknown): ConnectionError {
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
export function unreadable(blobName: string, cause: unknown, { host }: UploadPeer): ConnectionError {
  const reason = types.isNativeError(cause) ? cause.message : String(cause);
  return new ConnectionError({
    code: 'UPLOAD_FAILED',
    service: 'hub',
    host,
    message: `The content of ${blobName} could not be read: ${text(reason)}.`,
    remedy: 'Upload it again with another stream, which must not have been read or destroyed before.',
    cause,
  });
}

/** The error of this library for the failure of a request. */
export function toUploadError(error: unknown, what: string, peer: UploadPeer): DeviceError {
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
