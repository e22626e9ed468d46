import type { IncomingMessage } from 'node:http';
import { decodePath, readBody, type Answer, type HttpExchange } from '../../devices/https/exchange';
import { isJsonObject, parseJson } from '../../protocol/json';
import { MAX_MESSAGE_BYTES, refusal, type DeviceApi, type DpsAnswer, type DpsDevice } from './device-api';

/** A device's request to this instance. */
interface DeviceRequest {
  readonly api: DeviceApi;
  readonly device: DpsDevice;
  readonly operationId: string;
  readonly text: string;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: (request: DeviceRequest) => DpsAnswer;
}

// DPS: the paths of the device API. Every request needs the certificate of its device.
const ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: /^\/(?<idScope>[^/]+)\/registrations\/(?<registrationId>[^/]+)\/register\/?$/,
    handle: ({ api, device, text }) => api.register(device, text),
  },
  {
    method: 'GET',
    path: /^\/(?<idScope>[^/]+)\/registrations\/(?<registrationId>[^/]+)\/operations\/(?<operationId>[^/]+)\/?$/,
    handle: ({ api, device, operationId }) =>
      api.authorize(device) ?? api.queryOperation(device, operationId),
  },
  {
    method: 'POST',
    path: /^\/(?<idScope>[^/]+)\/registrations\/(?<registrationId>[^/]+)\/?$/,
    handle: ({ api, device, text }) => {
      const body = text.trim() === '' ? null : parseJson(text);
      // DPS: a look-up issues no certificates.
      const isRefused = body !== null && (!isJsonObject(body) || body['csr'] !== undefined);
      return isRefused
        ? refusal(400004, 'The body of a look-up must be a JSON object without csr.')
        : api.lookUp(device);
    },
  },
];

/** The refusals whose codes the emulator chooses. Azure documents only their statuses. */
const REFUSALS = {
  notFound: () => refusal(404000, 'Not found.'),
  noApiVersion: () => refusal(400004, 'The query parameter api-version is missing.'),
  unauthorized: () => refusal(401000, 'Unauthorized'),
  method: () => refusal(405000, 'The method is not allowed here.'),
  tooLarge: () => refusal(413001, `The body is larger than ${MAX_MESSAGE_BYTES} bytes.`),
  mediaType: () => refusal(415000, 'The body must be application/json.'),
} as const;

function isJson({ headers }: IncomingMessage): boolean {
  const [mediaType = ''] = (headers['content-type'] ?? 'application/json').split(';');
  return mediaType.trim().toLowerCase() === 'application/json';
}

/** The parameter's name is compared without case, as in the username over MQTT. */
function apiVersionOf(query: URLSearchParams): string | undefined {
  const [, version] = [...query].find(([name]) => name.toLowerCase() === 'api-version') ?? [];
  return version === '' ? undefined : version;
}

/** Path and query. `URL` is not used, because it throws for some requests that clients can send. */
function splitTarget(target: string): readonly [path: string, query: URLSearchParams] {
  const [path = '', ...query] = target.split('?');
  return [path, new URLSearchParams(query.join('?'))];
}

/** An answer in the form of HTTP. */
function toHttp({ status, body, errorCode, retryAfterSeconds }: DpsAnswer): Answer {
  return {
    status,
    body,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(errorCode !== undefined && { 'x-ms-error-code': String(errorCode) }),
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
  };
}

/**
 * Answers a device that speaks HTTP.
 *
 * @param find - the instance of an ID scope
 * @throws RequestAborted when the device breaks off
 */
export async function answerRequest(
  { request, certificates }: Pick<HttpExchange, 'request' | 'certificates'>,
  find: (idScope: string) => DeviceApi | undefined,
): Promise<Answer> {
  const [pathname, query] = splitTarget(request.url ?? '');
  const matching = ROUTES.filter(({ path }) => path.test(pathname));
  const route = matching.find(({ method }) => method === request.method);
  if (route === undefined) {
    if (matching.length === 0) return toHttp(REFUSALS.notFound());
    const refused = toHttp(REFUSALS.method());
    return {
      ...refused,
      headers: { ...refused.headers, allow: matching.map(({ method }) => method).join(', ') },
    };
  }
  const { idScope = '', registrationId: id = '', operationId = '' } = route.path.exec(pathname)?.groups ?? {};
  const registrationId = decodePath(id);
  const api = find(idScope);
  const apiVersion = apiVersionOf(query);
  const [leaf, ...issuers] = certificates;
  if (registrationId === undefined || api === undefined) return toHttp(REFUSALS.notFound());
  if (apiVersion === undefined) return toHttp(REFUSALS.noApiVersion());
  // Shared access signatures are for symmetric keys, which are not emulated.
  if (leaf === undefined || request.headers.authorization !== undefined)
    return toHttp(REFUSALS.unauthorized());
  if (!isJson(request)) return toHttp(REFUSALS.mediaType());
  const body = await readBody(request, MAX_MESSAGE_BYTES);
  if (body === undefined) return toHttp(REFUSALS.tooLarge());
  const device = { registrationId, apiVersion, presented: [leaf, ...issuers] as const };
  return toHttp(route.handle({ api, device, operationId, text: body.toString() }));
}
