import type { HubEmulator } from 'azure-iot-emulator';
import { send, type Request, type Response, type Server } from './https';
import type { ClientIdentity } from './raw-client';

export const API_VERSION = 'api-version=2021-04-12';

/** A hub as the place for requests. */
export function serverOf(emulator: { readonly ca: string }, hub: HubEmulator): Server {
  return { endpoint: hub.hostName, ca: emulator.ca };
}

/** A device that uploads by hand. */
export interface Uploader {
  readonly server: Server;
  readonly deviceId: string;
  readonly identity: ClientIdentity | undefined;
}

/** What the hub answers to a request for an upload. */
export interface UploadPlace {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  readonly sasToken: string;
}

/** Asks the hub for a place to upload to. */
export function askForUpload(device: Uploader, body: unknown): Promise<Response> {
  return send(device.server, {
    method: 'POST',
    path: `/devices/${encodeURIComponent(device.deviceId)}/files?${API_VERSION}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    identity: device.identity,
  });
}

export async function beginUpload(device: Uploader, blobName: string): Promise<UploadPlace> {
  const response = await askForUpload(device, { blobName });
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${response.body}`);
  return JSON.parse(response.body) as UploadPlace;
}

/** The path of a blob, with what is added to the query. */
export function blobPath(place: UploadPlace, query = ''): string {
  const name = place.blobName.split('/').map(encodeURIComponent).join('/');
  return `/${place.containerName}/${name}${place.sasToken}${query}`;
}

/** A request of Azure Storage, without a certificate. */
export function toBlob(
  place: UploadPlace,
  device: Uploader,
  { query = '', ...request }: Partial<Request> & { readonly query?: string },
): Promise<Response> {
  const server = { ...device.server, endpoint: place.hostName };
  return send(server, { method: 'PUT', path: blobPath(place, query), ...request });
}

export function putBlob(
  place: UploadPlace,
  device: Uploader,
  body: string | Buffer,
  headers: Request['headers'] = {},
): Promise<Response> {
  const length = { 'content-length': Buffer.byteLength(body) };
  return toBlob(place, device, { headers: { 'x-ms-blob-type': 'BlockBlob', ...length, ...headers }, body });
}

export function blockId(index: number): string {
  return Buffer.from(String(index).padStart(6, '0')).toString('base64');
}

export function putBlock(
  place: UploadPlace,
  device: Uploader,
  id: string,
  body: string | Buffer,
): Promise<Response> {
  return toBlob(place, device, {
    query: `&comp=block&blockid=${encodeURIComponent(id)}`,
    headers: { 'content-length': Buffer.byteLength(body) },
    body,
  });
}

export function putBlockList(
  place: UploadPlace,
  device: Uploader,
  ids: readonly string[],
): Promise<Response> {
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  const body = `<?xml version="1.0" encoding="UTF-8"?><BlockList>${list}</BlockList>`;
  return toBlob(place, device, {
    query: '&comp=blocklist',
    headers: { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) },
    body,
  });
}

/** Tells the hub of the end of an upload, with the correlation ID in the body. */
export function notify(device: Uploader, body: unknown, path = ''): Promise<Response> {
  return send(device.server, {
    method: 'POST',
    path: `/devices/${encodeURIComponent(device.deviceId)}/files/notifications${path}?${API_VERSION}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    identity: device.identity,
  });
}

/** The details in a refusal of the hub. */
export function detailsOf({ body }: Response): { readonly errorCode: number; readonly trackingId: string } {
  const { Message } = JSON.parse(body) as { Message: string };
  return JSON.parse(Message) as { errorCode: number; trackingId: string };
}
