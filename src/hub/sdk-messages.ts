import type { IncomingMessage } from '../network/wire';

const TWIN_RESPONSE = /^\$iothub\/twin\/res\/(\d+)\/\?/;
const DESIRED_PROPERTIES = '$iothub/twin/PATCH/properties/desired/';
const METHOD_CALL = /^\$iothub\/methods\/POST\/([^/?]+)\/\?(.*)$/;
/** IoT Hub allows ten levels. */
const MAX_DEPTH = 200;
const CLOUD_TO_DEVICE = /^(devices\/[^/]+\/messages\/devicebound\/)(.*)$/;

/**
 * Looks at what the hub sends before the SDK does. The SDK takes each message apart in a tick of its own, where whatever
 * it throws ends the process: text that is no JSON, a twin that is none, a method without a name, property bags that are
 * not percent-encoded properly. It also takes a twin operation that failed for one that succeeded, unless the body of the
 * answer has an error code.
 *
 * @throws Error for what no hub sends
 */
export function filterHubMessage(topic: string, payload: Buffer): IncomingMessage | undefined {
  const twinResponse = TWIN_RESPONSE.exec(topic);
  if (twinResponse) return { topic, payload: twinBody(Number(twinResponse[1]), payload) };
  if (topic.startsWith(DESIRED_PROPERTIES)) {
    if (!isObject(parse(payload))) throw new Error('desired properties are no JSON object');
    return { topic, payload };
  }
  const methodCall = METHOD_CALL.exec(topic);
  if (methodCall) {
    const [rid, ...more] = new URLSearchParams(methodCall[2]).getAll('$rid');
    if (!rid || more.length > 0) throw new Error('a direct method has no request ID');
    return { topic, payload };
  }
  const [, prefix, bag] = CLOUD_TO_DEVICE.exec(topic) ?? [];
  if (prefix !== undefined && bag !== undefined) return { topic: prefix + safeBag(bag), payload };
  // Nothing that the SDK has asked for.
  return undefined;
}

/** The name of the direct method that a topic calls; `undefined` for all other topics. */
export function calledMethod(topic: string): string | undefined {
  return METHOD_CALL.exec(topic)?.[1];
}

function twinBody(status: number, payload: Buffer): Buffer {
  const body = payload.length === 0 ? undefined : parse(payload);
  if (status >= 300) {
    const { errorCode, message } = isObject(body) ? body : {};
    const text = `The IoT hub refused the twin operation: ${Number(errorCode) || status}${typeof message === 'string' ? ` "${message}"` : ''}.`;
    return Buffer.from(JSON.stringify({ errorCode: Number(errorCode) || status * 1000, message: text }));
  }
  if (status === 200 && !(isObject(body) && isObject(body['desired']) && isObject(body['reported']))) {
    throw new Error('a twin has no desired and reported properties');
  }
  return status === 200 ? payload : Buffer.alloc(0);
}

/** The SDK cuts at `&` and `=` and decodes both sides: what cannot be decoded is kept as it is, what is missing is empty. */
function safeBag(bag: string): string {
  return bag
    .replace(/\/$/, '')
    .split('&')
    .map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      return `${decodable(key)}=${decodable(value)}`;
    })
    .filter((pair) => pair !== '=')
    .join('&');
}

function decodable(text: string): string {
  try {
    decodeURIComponent(text);
    return text;
  } catch {
    return encodeURIComponent(text);
  }
}

function parse(payload: Buffer): unknown {
  const text = payload.toString('utf8');
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether whatever walks through it could run out of stack; the brackets in strings do no harm to the count. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  for (const [bracket] of json.replace(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
