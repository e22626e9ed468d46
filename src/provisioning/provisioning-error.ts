import { types } from 'node:util';
import { ENROLLMENTS, list, printableLines, quote } from 'azure-iot-certificates/internal';
import type { DeviceError, DeviceErrorCode } from 'azure-iot-certificates';
import { toConnectionError } from '../errors/connection-error';
import { ProvisioningError, TimeoutError } from '../errors/errors';
import { endpointHint, remedyAt, type Peer } from '../errors/emulator';
import { findServiceCode, wordsFor } from '../errors/service-codes';
import { explainSilence } from '../errors/stages';
import type { WireStage } from '../errors/wire-error';
import type { Device } from './device';
import type { DpsResponse } from './sdk-dps-responses';
import { RegistrationFailure } from './sdk-registration';

/** The longest text of the service that is quoted. */
const MAX_SERVICE_TEXT = 300;

/** The error for a failed registration. It quotes the answer of the service, if there was one. */
export function toProvisioningError(error: unknown, device: Device): DeviceError {
  const { globalEndpoint: host, registrationId } = device;
  const failure =
    error instanceof RegistrationFailure ? error : new RegistrationFailure(error, undefined, undefined);
  const { response, wireError } = failure;
  // An answer that made the SDK try again explains the failure better than the later end of the connection.
  if (response && (!wireError || response.status >= 300)) return fromResponse(response, device, failure);
  if (wireError) return toConnectionError(wireError, peerOf(device));
  if (types.isNativeError(failure.cause) && failure.cause.name === 'TimeoutError') {
    return new TimeoutError({
      service: 'dps',
      message: `${host} did not answer the registration of ${registrationId}.`,
      remedy: 'Check that the endpoint is a Device Provisioning Service, and try again.',
      cause: failure.cause,
    });
  }
  return new ProvisioningError({
    code: 'REGISTRATION_FAILED',
    message: `The registration of ${registrationId} failed: ${types.isNativeError(failure.cause) ? failure.cause.message : 'unknown reason'}`,
    remedy: 'Check the certificate and key with checkCredentials(), and try again.',
    cause: failure.cause,
  });
}

function peerOf({ globalEndpoint: host, registrationId, enrollment, roots, certFile }: Device): Peer {
  return { service: 'dps', host, registrationId, enrollment, roots, certFile };
}

/** The error for a registration that is still under way after `timeoutMs`, with the last answer of DPS to it. */
export function provisioningTimeout(
  device: Device,
  timeoutMs: number,
  last: DpsResponse | undefined,
  stage: WireStage | undefined,
): TimeoutError {
  const { globalEndpoint: host, registrationId, proxyFor } = device;
  const silence =
    stage === undefined || stage === 'connack'
      ? undefined
      : explainSilence(stage, { host, timeoutMs, proxy: proxyFor(host)?.name });
  const said = last
    ? `its last answer was ${last.status}${typeof last.body.status === 'string' ? ` "${clean(last.body.status)}"` : ''}`
    : (silence?.message.replace(/\.$/, '') ?? 'it has not answered');
  return new TimeoutError({
    service: 'dps',
    ...(last && serviceFields(last)),
    message: `The registration of ${registrationId} at ${host} was not done after ${timeoutMs / 1000} s: ${said}.`,
    remedy:
      last && last.status >= 429
        ? 'The service is throttling or unavailable: try again later, at random times if there are many devices.'
        : `${silence?.remedy ?? 'Check the endpoint and the network.'} Or give the call more time with timeoutMs.${endpointHint(host)}`,
  });
}

function fromResponse(
  response: DpsResponse,
  device: Device,
  failure: RegistrationFailure,
): ProvisioningError {
  const { enrollment, registrationId, idScope, globalEndpoint } = device;
  const { serviceCode, trackingId, text } = serviceFields(response);
  const status = response.status < 300 ? statusOf(serviceCode) : response.status;
  const known = findServiceCode('dps', serviceCode, text) ?? findServiceCode('dps', status);
  const code = codeFor(response);
  const quoted = [serviceCode ?? response.status, text && `"${text}"`].filter(Boolean).join(' ');
  const sentences = [
    `The Device Provisioning Service ${VERBS[code] ?? 'refused'} ${registrationId} in ID scope ${idScope}: ${quoted}.`,
    known && wordsFor(known.meaning, enrollment),
    serviceCode === 401002 && ENROLLMENTS[enrollment].attests === 'authority'
      ? endOfChain(device)
      : undefined,
    trackingId && `Tracking ID: ${trackingId}.`,
  ];
  const remedy = remedyAt(
    peerOf(device),
    code === 'ENROLLMENT_DISABLED' ? 'disabled' : (serviceCode ?? response.status),
    known ? wordsFor(known.remedy, enrollment, device.certFile) : fallbackRemedy(code, enrollment),
  );
  return new ProvisioningError({
    code,
    message: sentences.filter(Boolean).join(' '),
    remedy: `${remedy}${endpointHint(globalEndpoint)}`,
    isTransient: known?.isTransient ?? (status !== undefined && status >= 429),
    serviceCode,
    trackingId,
    cause: failure.cause,
  });
}

/** The HTTP status in a six-digit code: 404 for 404201. A failed registration comes with status 200. */
function statusOf(serviceCode: number | undefined): number | undefined {
  return serviceCode === undefined ? undefined : Math.floor(serviceCode / 1000);
}

/**
 * Names the issuers at which the certificates that were sent end, one for each path. One of them must be enrolled, or its
 * certificate must be sent too.
 */
function endOfChain({ material: { certificate, chain }, registrationId }: Device): string {
  const above = new Set(chain.map(({ subject }) => subject));
  const ends = [certificate, ...chain].map(({ issuer }) => issuer).filter((issuer) => !above.has(issuer));
  const names = [...new Set(ends)].map((issuer) => issuer.replaceAll('\n', ', '));
  // Only a leaf that issued itself names itself as the issuer at the end.
  if (names.some((name) => name.split(', ').includes(`CN=${registrationId}`)))
    return 'The certificate that was sent is self-signed: no authority of an enrollment group has issued it.';
  const [issuer = '', ...others] = names.map(quote);
  return others.length === 0
    ? `The certificates that were sent end at one issued by ${issuer}. The certificate of ${issuer} itself was not sent: it must be the enrolled and verified authority, or be added if it is an intermediate.`
    : `The certificates that were sent end at those issued by ${list([issuer, ...others])}, whose certificates were not sent: one of these authorities must be enrolled and verified.`;
}

const VERBS: Partial<Record<DeviceErrorCode, string>> = {
  ENROLLMENT_DISABLED: 'does not provision',
  REGISTRATION_FAILED: 'failed to assign',
  THROTTLED: 'is too busy to register',
  SERVICE_UNAVAILABLE: 'cannot register',
  INVALID_RESPONSE: 'gave an incomplete answer to',
};

function codeFor({ status, body }: DpsResponse): DeviceErrorCode {
  if (status === 429) return 'THROTTLED';
  if (status > 429) return 'SERVICE_UNAVAILABLE';
  if (status >= 300) return 'REGISTRATION_REFUSED';
  switch (body.status?.toLowerCase()) {
    case 'disabled':
      return 'ENROLLMENT_DISABLED';
    case 'failed':
      return 'REGISTRATION_FAILED';
    default:
      return 'INVALID_RESPONSE';
  }
}

function fallbackRemedy(code: DeviceErrorCode, enrollment: Device['enrollment']): string {
  const { holder, place } = ENROLLMENTS[enrollment];
  switch (code) {
    case 'ENROLLMENT_DISABLED':
      return `Enable the ${holder}: ${place}.`;
    case 'THROTTLED':
    case 'SERVICE_UNAVAILABLE':
      return 'Try again later, at random times if there are many devices.';
    default:
      return `Compare ID scope, registration ID and certificate with the ${holder} (${place}); quote the tracking ID in a support request.`;
  }
}

/** The code, tracking ID and text of an answer. They come from the network and may have any type. */
function serviceFields({ body }: DpsResponse): {
  serviceCode: number | undefined;
  trackingId: string | undefined;
  text: string | undefined;
} {
  const code: unknown = body.errorCode ?? body.registrationState?.errorCode;
  const text: unknown = body.message ?? body.registrationState?.errorMessage ?? body.status;
  return {
    serviceCode: typeof code === 'number' && Number.isInteger(code) ? code : undefined,
    trackingId: typeof body.trackingId === 'string' ? clean(body.trackingId) : undefined,
    text: typeof text === 'string' ? clean(text) : undefined,
  };
}

function clean(text: string): string {
  return printableLines(text.replace(/[\t\r\n]+/g, ' ').trim())
    .slice(0, MAX_SERVICE_TEXT)
    .replace(/\.$/, '');
}
