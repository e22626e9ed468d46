import type { DeviceTransport } from 'azure-iot-device';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import createDebug from 'debug';
import type { HubLink, MethodAnswerer } from '../hub/link';
import { abortable } from '../network/deadline';
import {
  toResponse,
  type MethodCall,
  type MethodHandler,
  type MethodResponse,
} from '../options/method-handler';
import { promised } from './callbacks';

const debug = createDebug('azure-iot-x509:methods');

type SdkMethodRequest = Parameters<Parameters<DeviceTransport['onDeviceMethod']>[1]>[0];
type SdkMethodResponse = Parameters<DeviceTransport['sendMethodResponse']>[0];

/** IoT Hub: the largest payload of an answer, in bytes. */
const MAX_PAYLOAD_BYTES = 128 * 1024;

/**
 * The direct methods of a connection. Calls are answered by handlers of `onMethod`, or by the SDK for the names that its
 * client listens to.
 */
export class DirectMethods implements MethodAnswerer {
  readonly #emit: (name: string, request: SdkMethodRequest, response: unknown) => void;
  readonly #handlers = new Map<string, MethodHandler>();
  /** Answers methods that have no handler of their own. */
  #fallback: MethodHandler | undefined;
  /** The names that the SDK's client listens to. */
  readonly #sdkNames = new Set<string>();
  /**
   * The calls under way at the SDK's client, by a request ID of ours. The hub may use its own request ID again on the
   * next link, where an old answer would count for a new call.
   */
  readonly #sdkCalls = new Map<string, { link: HubLink; requestId: string }>();
  #lastSdkCall = 0;

  /** @param emit gives a call to the SDK's client */
  constructor(emit: (name: string, request: SdkMethodRequest, response: unknown) => void) {
    this.#emit = emit;
  }

  /** @throws {@link InvalidOptionsError} when name or handler are of a wrong type */
  set(...[name, handler]: [name: unknown, handler: unknown]): void {
    if (typeof name === 'function') this.#fallback = name as MethodHandler;
    else if (typeof name !== 'string' || name === '') throw invalid('name', 'a non-empty string');
    else if (typeof handler !== 'function') throw invalid('handler', 'a function');
    else this.#handlers.set(name, handler as MethodHandler);
  }

  /** Once there is a handler, every method is answered here except those that only the SDK's client listens to. */
  answers(name: string): boolean {
    if (this.#handlers.has(name)) return true;
    const isInUse = this.#fallback !== undefined || this.#handlers.size > 0;
    return isInUse && !this.#sdkNames.has(name);
  }

  async answer(call: MethodCall, body: Buffer): Promise<{ status: number; payload: string }> {
    const handler = this.#handlers.get(call.name) ?? this.#fallback;
    try {
      return encoded(handler ? await respond(handler, call, body) : notFound(call.name));
    } catch (error) {
      debug('%s: %O', call.name, error);
      return encoded(failed(error));
    }
  }

  /** The SDK's client listens to the method, on the link in use and on later ones. */
  addSdkName(name: string, link: HubLink | undefined): void {
    if (this.#sdkNames.has(name)) return;
    this.#sdkNames.add(name);
    if (link) this.#forward(link, name);
  }

  /** Gives the calls of a fresh link to the SDK's client. */
  listen(link: HubLink): void {
    for (const name of this.#sdkNames) this.#forward(link, name);
  }

  /** The link is down: its calls can no longer be answered. */
  stop(): void {
    this.#sdkCalls.clear();
  }

  /**
   * Sends an answer of the SDK's client.
   *
   * @param latest the latest link
   * @throws {@link ConnectionError} when the link of the call is down
   */
  async sendSdkResponse(response: SdkMethodResponse, latest: HubLink | undefined): Promise<void> {
    const call = this.#sdkCalls.get(response.requestId);
    this.#sdkCalls.delete(response.requestId);
    const link = call?.link ?? latest;
    if (!link) throw new Error('There is no connection.');
    if (!call || !link.isOpen) throw link.explain(link.over.reason);
    // The SDK's transport reads members of the response and calls none of its methods.
    const answer = Object.create(response, { requestId: { value: call.requestId } }) as SdkMethodResponse;
    const sent = promised((done) => link.transport.sendMethodResponse(answer, done));
    try {
      await abortable(sent, link.over);
    } catch (error) {
      throw link.over.aborted ? link.explain(link.over.reason) : error;
    }
  }

  #forward(link: HubLink, name: string): void {
    link.transport.onDeviceMethod(name, (request: SdkMethodRequest, response: unknown) => {
      const requestId = String((this.#lastSdkCall += 1));
      this.#sdkCalls.set(requestId, { link, requestId: request.requestId });
      this.#emit(name, { ...request, requestId }, response);
    });
  }
}

async function respond(handler: MethodHandler, call: MethodCall, body: Buffer): Promise<MethodResponse> {
  let payload: unknown;
  try {
    payload = body.length === 0 ? null : JSON.parse(body.toString());
  } catch {
    return { status: 400, payload: { message: 'The payload is not JSON.' } };
  }
  return toResponse(await handler(payload, call));
}

function encoded({ status, payload }: MethodResponse): { status: number; payload: string } {
  // The type of JSON.stringify leaves out that it returns undefined for functions, symbols and undefined.
  const json = (JSON.stringify(payload) as string | undefined) ?? 'null';
  if (Buffer.byteLength(json) > MAX_PAYLOAD_BYTES) throw new Error('The answer is larger than 128 KB.');
  return { status, payload: json };
}

function notFound(name: string): MethodResponse {
  return { status: 404, payload: { message: `The device has no method ${name}.` } };
}

/** The message of the error and nothing else: its stack and cause are of no concern to the service. */
function failed(error: unknown): MethodResponse {
  return { status: 500, payload: { message: messageOf(error).slice(0, 1_000) } };
}

/** Handlers throw anything: errors of other realms, objects whose message is no text or cannot be read. */
function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { message?: unknown };
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // A getter has thrown.
  }
  return 'The method failed.';
}

function invalid(option: string, expected: string): InvalidOptionsError {
  return new InvalidOptionsError([
    { option, message: `must be ${expected}.`, remedy: 'Call onMethod(name, handler) or onMethod(handler).' },
  ]);
}
