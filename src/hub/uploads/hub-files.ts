import type { HubCredentials } from '../link';
import type { EnrollmentKind } from 'azure-iot-certificates';
import type { ProxyRule } from '../../options/proxy';
import { HttpsClient, type HttpsResponse } from './https-client';
import { retried } from './retry';
import { refusedByHub, toUploadError, unexpectedAnswer } from './upload-error';

const API_VERSION = '2021-04-12';

/** Where a device uploads a file to. */
export interface UploadPlace {
  readonly correlationId: string;
  /** Of the storage account. */
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  /** The query that gives access, from `?` on. */
  readonly sasToken: string;
}

/** How an upload ended, as the hub and its applications are told. */
export interface UploadOutcome {
  readonly isSuccess: boolean;
  readonly statusCode: number;
  readonly statusDescription: string;
}

/** The hub of the moment, and what to present to it. */
export interface UploadTarget {
  readonly credentials: HubCredentials;
  readonly ca: readonly string[] | undefined;
  /** The proxy through which a host is reached. */
  readonly proxyFor: ProxyRule;
  readonly enrollment: EnrollmentKind;
}

const PLACE = ['correlationId', 'hostName', 'containerName', 'blobName', 'sasToken'] as const;

function parsePlace(body: string): UploadPlace | undefined {
  try {
    const place: unknown = JSON.parse(body);
    if (typeof place !== 'object' || place === null) return undefined;
    const isComplete = PLACE.every(
      (member) => typeof (place as Record<string, unknown>)[member] === 'string',
    );
    return isComplete ? (place as UploadPlace) : undefined;
  } catch {
    return undefined;
  }
}

/** Asks the hub for a place to upload to. Rejects with a DeviceError or with `signal.reason`. */
export async function requestUpload(
  target: UploadTarget,
  blobName: string,
  signal: AbortSignal,
): Promise<UploadPlace> {
  const what = `the upload of ${blobName}`;
  const { body } = await post(target, '', { blobName }, what, signal);
  const place = parsePlace(body);
  if (place === undefined) throw unexpectedAnswer(what, peerOf(target));
  return place;
}

/** Tells the hub how an upload ended. Rejects with a DeviceError or with `signal.reason`. */
export async function notifyUpload(
  target: UploadTarget,
  correlationId: string,
  outcome: UploadOutcome,
  signal: AbortSignal,
): Promise<void> {
  await post(
    target,
    '/notifications',
    { correlationId, ...outcome },
    'the notification of an upload',
    signal,
  );
}

function peerOf({ credentials, enrollment }: UploadTarget) {
  return { host: credentials.host, enrollment };
}

async function post(
  target: UploadTarget,
  path: string,
  body: object,
  what: string,
  signal: AbortSignal,
): Promise<HttpsResponse> {
  const { credentials, ca, proxyFor } = target;
  const { host, deviceId, x509 } = credentials;
  const peer = peerOf(target);
  const client = new HttpsClient({ host, identity: x509, ca, proxy: proxyFor(host) });
  try {
    const send = async (): Promise<HttpsResponse> => {
      const response = await client.send(
        {
          method: 'POST',
          path: `/devices/${encodeURIComponent(deviceId)}/files${path}?api-version=${API_VERSION}`,
          headers: { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' },
          body: Buffer.from(JSON.stringify(body)),
        },
        signal,
      );
      if (response.status >= 200 && response.status < 300) return response;
      throw refusedByHub(response, what, peer);
    };
    return await retried(send, (error) => toUploadError(error, what, peer), signal);
  } finally {
    client.close();
  }
}
