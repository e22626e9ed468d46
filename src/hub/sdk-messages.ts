import { isObject } from 'azure-iot-certificates/internal';
import type { IncomingMessage } from '../network/incoming-messages';
import type { MethodCall } from '../options/method-handler';
import { failedTwinBody } from './sdk-twin';

const TWIN_RESPONSE = /^\$iothub\/twin\/res\/(\d+)\/\?/;
const DESIRED_PROPERTIES = '$iothub/twin/PATCH/properties/desired/';
const METHOD_CALL = /^\$iothub\/methods\/POST\/([^/?]+)\/\?(.*)$/;
/** The deepest JSON that is read. IoT Hub allows ten levels. */
const MAX_DEPTH = 200;
const CLOUD_TO_DEVICE = /^(devices\/[^/]+\/messages\/devicebound\/)(.*)$/;

/**
 * Checks a message of the hub before the SDK gets it, and returns the message that the SDK may see, if any. The SDK takes
 * each message apart in a tick of its own, where an exception ends the process: for text that is not JSON, a twin without
 * its sections, a method without a request ID, or a property bag that is not percent-encoded properly. It also takes a
 * failed twin operation for a success unless the body of the answer has an error code.
 *
 * @throws Error for messages that no hub sends
 */
export function filterHubMessage(topic: string, payload: Buffer): IncomingMessage | undefined {
  const twinResponse = TWIN_RESPONSE.exec(topic);
  if (twinResponse) return { topic, payload: twinBody(Number(twinResponse[1]), payload) };
  if (topic.startsWith(DESIRED_PROPERTIES)) {
    if (!isObject(parse(payload))) throw new Error('desired properties are not a JSON object');
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
  // The SDK has subscribed to no other topic.
  return undefined;
}

/** The direct method that a topic calls; `undefined` for all other topics. */
export function methodCallOf(topic: string): MethodCall | undefined {
  const [, name, query] = METHOD_CALL.exec(topic) ?? [];
  const requestId = name && new URLSearchParams(query).get('$rid');
  return name && requestId ? { name, requestId } : undefined;
}

/** The topic of the answer to a call. */
export function methodResponseTopic(status: number, requestId: string): string {
  return `$iothub/methods/res/${status}/?$rid=${encodeURIComponent(requestId)}`;
}

function twinBody(status: number, payload: Buffer): Buffer {
  if (status >= 300) return failedTwinBody({ status, body: payload.toString() });
  if (status !== 200) return Buffer.alloc(0);
  const body = parse(payload);
  if (!isObject(body) || !isObject(body['desired']) || !isObject(body['reported'])) {
    throw new Error('a twin has no desired and reported properties');
  }
  return payload;
}

/** A bag that the SDK can decode: it cuts at `&` and `=` and decodes both sides. Undecodable text stays as it is. */
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

/** Code that walks through deeper JSON could run out of stack. Brackets in strings are not counted. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  for (const [bracket] of json.replace(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
