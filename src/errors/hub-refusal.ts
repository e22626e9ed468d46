import { isObject } from 'azure-iot-certificates/internal';
import type { DeviceErrorCode, EnrollmentKind } from 'azure-iot-certificates';
import { remedyAt } from './emulator';
import { ConnectionError } from './errors';
import { findServiceCode, wordsFor } from './service-codes';

/** The longest text of a server that is quoted. */
const MAX_TEXT = 300;

/** A hub, and the enrollment of the device that a remedy depends on. */
export interface HubPeer {
  /** Host name, and port where one was given. */
  readonly host: string;
  readonly enrollment: EnrollmentKind;
  /** Roots to trust besides the runtime's own, as PEM. */
  readonly ca?: readonly string[] | undefined;
}

/** An answer of a hub to a request that it refused. */
export interface HubAnswer {
  /** The HTTP status, which twin operations over MQTT have, too. */
  readonly status: number;
  readonly body: string;
}

/** The words for a request that a hub refused. */
export interface RefusedRequest {
  readonly code: DeviceErrorCode;
  /** The request, e.g. `the reading of the twin`. */
  readonly what: string;
  /** The remedy for a service code that is not known. */
  readonly remedy: string;
}

/** The error for a request that a hub refused. */
export function refusedByHub(answer: HubAnswer, request: RefusedRequest, peer: HubPeer): ConnectionError {
  const { code, said, trackingId } = detailsOf(answer);
  const { host, enrollment } = peer;
  const known = findServiceCode('hub', code, said);
  const meaning = known ? ` ${wordsFor(known.meaning, enrollment)}` : '';
  return new ConnectionError({
    code: request.code,
    service: 'hub',
    host,
    message: `${host} refused ${request.what} (status ${answer.status}, ${code}).${meaning} It says: ${said || 'nothing'}.`,
    remedy: remedyAt(
      { service: 'hub', host, enrollment, roots: peer.ca },
      code,
      known ? wordsFor(known.remedy, enrollment) : request.remedy,
    ),
    isTransient: known?.isTransient ?? isTransientStatus(Math.floor(code / 1000)),
    serviceCode: code,
    trackingId,
  });
}

/** Tells whether the same request may succeed later. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A text of a server in one line of limited length; empty for anything else. */
export function quotable(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\s+/g, ' ').trim().slice(0, MAX_TEXT) : '';
}

/**
 * Reads the body of a refusal: JSON with `errorCode`, `message` and `trackingId`. Over HTTPS it stands as text in the
 * `Message` of other JSON, or there is `ErrorCode:<name>;<text>`.
 */
function detailsOf({ status, body }: HubAnswer): { code: number; said: string; trackingId?: string } {
  const outer = parseObject(body);
  const inner = { ...outer, ...parseObject(outer['Message']) };
  const code = Number(inner['errorCode']);
  const trackingId = quotable(inner['trackingId']) || /Tracking ID:([^\s"]+)/.exec(body)?.[1];
  return {
    code: Number.isInteger(code) && code > 0 ? code : status * 1000,
    said: quotable(inner['message'] ?? outer['Message']),
    ...(trackingId !== undefined && { trackingId }),
  };
}

function parseObject(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(String(text));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
