import type { DeviceTransport } from 'azure-iot-device';
import { InvalidOptionsError } from 'azure-iot-certificates/internal';
import createDebug from 'debug';
import { ConnectionError } from '../errors/errors';
import type { HubLink, MethodAnswerer } from '../hub/link';
import { abortable } from '../network/deadline';
import {
  failedResponse,
  methodResponse,
  toResponse,
  type MethodCall,
  type MethodHandler,
  type MethodResponse,
} from '../options/method-handler';
import { promised } from './callbacks';

const debug = createDebug('azure-iot-x509:methods');

type SdkMethodRequest = Parameters<Parameters<DeviceTransport['onDeviceMethod']>[1]>[0];
type SdkMethodResponse = Parameters<DeviceTransport['sendMethodResponse']>[0];

/** A call under way at the SDK's client. */
interface SdkCall {
  readonly link: HubLink;
  /** The hub's request ID. */
  readonly requestId: string;
  /** The call is answered, or can no longer be. */
  readonly end: () => void;
}

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
  readonly #sdkCalls = new Map<string, SdkCall>();
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

  /** Every method is answered here except those that only the SDK's client listens to. */
  answers(name: string): boolean {
    return this.#handlers.has(name) || !this.#sdkNames.has(name);
  }

  async answer(call: MethodCall, body: Buffer): Promise<{ status: number; payload: string }> {
    const handler = this.#handlers.get(call.name) ?? this.#fallback;
    try {
      return encoded(handler ? await respond(handler, call, body) : notFound(call.name));
    } catch (error) {
      debug('%s: %O', call.name, error);
      return encoded(failedResponse(error));
    }
  }

  /** The SDK's client listens to the method, on the link in use and on later ones. */
  addSdkName(name: string, link: HubLink | undefined): void {
    if (this.#sdkNames.has(name)) return;
    this.#sdkNames.add(name);
    if (link) this.#forward(link, name);
  }

  /** Gives the calls of a fresh link to the SDK's client. They can be answered until the link is over. */
  listen(link: HubLink): void {
    for (const name of this.#sdkNames) this.#forward(link, name);
    const onOver = () => {
      for (const [id, call] of this.#sdkCalls) if (call.link === link) this.#take(id)?.end();
    };
    link.over.addEventListener('abort', onOver, { once: true });
  }

  /**
   * Sends an answer of the SDK's client. Instead of an answer that is not one, the service gets status 500.
   *
   * @param latest the latest link
   * @throws {@link InvalidOptionsError} for an answer that is not one, {@link ConnectionError} when the link of the call
   * is down
   */
  async sendSdkResponse(response: SdkMethodResponse, latest: HubLink | undefined): Promise<void> {
    const call = this.#take(response.requestId);
    if (!call) throw gone(latest?.host ?? 'the hub');
    const { answer, problem } = checked(response);
    try {
      await send(call, answer);
    } finally {
      call.end();
    }
    if (problem) throw problem;
  }

  #take(requestId: string): SdkCall | undefined {
    const call = this.#sdkCalls.get(requestId);
    this.#sdkCalls.delete(requestId);
    return call;
  }

  #forward(link: HubLink, name: string): void {
    link.transport.onDeviceMethod(name, (request: SdkMethodRequest, response: unknown) => {
      const requestId = String((this.#lastSdkCall += 1));
      const answered = new Promise<void>((end) => {
        this.#sdkCalls.set(requestId, { link, requestId: request.requestId, end });
      });
      link.holdAnswer(answered);
      this.#emit(name, { ...request, requestId }, response);
    });
  }
}

/** Sends an answer through the SDK's transport. */
async function send({ link, requestId }: SdkCall, { status, payload }: MethodResponse): Promise<void> {
  // The SDK's transport reads these members of the response and calls none of its methods.
  const response: unknown = { requestId, status, payload };
  try {
    await abortable(
      promised((done) => link.transport.sendMethodResponse(response as SdkMethodResponse, done)),
      link.over,
    );
  } catch (error) {
    throw link.explain(link.over.aborted ? link.over.reason : error);
  }
}

/** The answer that can be sent, and the reason why it is not the given one. */
function checked({ status, payload }: MethodResponse): {
  answer: MethodResponse;
  problem?: InvalidOptionsError;
} {
  try {
    // The SDK cannot send 0.
    if (status === 0) throw new Error('The status must not be 0.');
    const { payload: json } = encoded(methodResponse(status, payload));
    return { answer: { status, payload: json === 'null' ? null : payload } };
  } catch (error) {
    const answer = failedResponse(error);
    const { message } = answer.payload as { message: string };
    const remedy = 'Answer with a status and a JSON value of at most 128 KB. The service got status 500.';
    return {
      answer,
      problem: new InvalidOptionsError([
        { option: 'response', message: `cannot be sent: ${message}`, remedy },
      ]),
    };
  }
}

/** The error for an answer to a call of a connection that is gone. */
function gone(host: string): ConnectionError {
  return new ConnectionError({
    code: 'CONNECTION_LOST',
    service: 'hub',
    host,
    message: `The connection to ${host} on which the direct method was called is gone, so that its answer cannot be sent.`,
    remedy: 'Nothing: the service learns that the method was not answered, and may call it again.',
    isTransient: true,
  });
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
  const json = payload === undefined ? 'null' : (JSON.stringify(payload) as string | undefined);
  if (json === undefined) throw new Error('The answer is not JSON.');
  if (Buffer.byteLength(json) > MAX_PAYLOAD_BYTES) throw new Error('The answer is larger than 128 KB.');
  return { status, payload: json };
}

function notFound(name: string): MethodResponse {
  return { status: 404, payload: { message: `The device has no method ${name}.` } };
}

function invalid(option: string, expected: string): InvalidOptionsError {
  return new InvalidOptionsError([
    { option, message: `must be ${expected}.`, remedy: 'Call onMethod(name, handler) or onMethod(handler).' },
  ]);
}
