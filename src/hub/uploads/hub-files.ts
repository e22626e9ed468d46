import { isObject } from 'azure-iot-certificates/internal';
import type { HubTarget } from '../link';
import { HttpsClient, type HttpsResponse } from './https-client';
import { retried } from './retry';
import { refusedUpload, toUploadError, unexpectedAnswer } from './upload-error';

const API_VERSION = '2021-04-12';

/** The blob that a device uploads a file to, as the hub names it. */
export interface UploadPlace {
  readonly correlationId: string;
  /** Host name of the storage account. */
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  /** The query that gives access, from `?` on. */
  readonly sasToken: string;
}

/** The outcome of an upload, for the hub and its applications. */
export interface UploadOutcome {
  readonly isSuccess: boolean;
  readonly statusCode: number;
  readonly statusDescription: string;
}

const PLACE = ['correlationId', 'hostName', 'containerName', 'blobName', 'sasToken'] as const;

function parsePlace(body: string): UploadPlace | undefined {
  try {
    const place: unknown = JSON.parse(body);
    const isComplete = isObject(place) && PLACE.every((member) => typeof place[member] === 'string');
    return isComplete ? (place as unknown as UploadPlace) : undefined;
  } catch {
    return undefined;
  }
}

/** Asks the hub for a blob to upload to. Rejects with a DeviceError or with `signal.reason`. */
export async function requestUpload(
  target: HubTarget,
  blobName: string,
  signal: AbortSignal,
): Promise<UploadPlace> {
  const what = `the upload of ${blobName}`;
  const { body } = await post(target, '', { blobName }, what, signal);
  const place = parsePlace(body);
  if (place === undefined) throw unexpectedAnswer(what, target);
  return place;
}

/** Tells the hub how an upload ended. Rejects with a DeviceError or with `signal.reason`. */
export async function notifyUpload(
  target: HubTarget,
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

async function post(
  target: HubTarget,
  path: string,
  body: object,
  what: string,
  signal: AbortSignal,
): Promise<HttpsResponse> {
  const { host, deviceId, x509, ca, proxyFor } = target;
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
      throw refusedUpload(response, what, target);
    };
    return await retried(send, (error) => toUploadError(error, what, target), signal);
  } finally {
    client.close();
  }
}
