import { InvalidOptionsError } from 'azure-iot-certificates/internal';

/** A call of a direct method. */
export interface MethodCall {
  /** Name of the method. */
  readonly name: string;
  /** The hub's name for this call. Another connection may use the same one again. */
  readonly requestId: string;
}

/**
 * Answers a direct method. The returned value, or the value that the returned promise resolves to, is the payload of the
 * answer, with status 200; {@link methodResponse} chooses another status. An exception is answered with status 500.
 *
 * @param payload the payload of the call, from JSON; `null` if it has none
 */
export type MethodHandler = (payload: unknown, call: MethodCall) => unknown;

/** The answer to a direct method with a status of its own, made by {@link methodResponse}. */
export interface MethodResponse {
  readonly status: number;
  readonly payload: unknown;
}

/** Tells an answer from a payload that happens to have the same members. */
class Response implements MethodResponse {
  readonly status: number;
  readonly payload: unknown;

  constructor(status: number, payload: unknown) {
    this.status = status;
    this.payload = payload;
  }
}

/**
 * The answer to a direct method with a status other than 200, for a {@link MethodHandler} to return.
 *
 * @param status an integer; its meaning is between the device and its services
 * @param payload any JSON value. Default `null`
 * @throws {@link InvalidOptionsError} when the status is not a 32-bit integer
 *
 * @example
 * ```ts
 * connection.onMethod('open', () => (isLocked ? methodResponse(409, { reason: 'locked' }) : { open: true }));
 * ```
 */
export function methodResponse(status: number, payload: unknown = null): MethodResponse {
  if (!Number.isInteger(status) || status !== (status | 0)) {
    throw new InvalidOptionsError([
      {
        option: 'status',
        message: 'must be a 32-bit integer.',
        remedy: 'Give an integer such as an HTTP status.',
      },
    ]);
  }
  return new Response(status, payload);
}

/** The answer that a handler's result stands for. */
export function toResponse(result: unknown): MethodResponse {
  return result instanceof Response ? result : new Response(200, result);
}

/**
 * The answer to a call whose handler has failed: the message of the error and nothing else, because its stack and cause
 * are of no concern to the service.
 */
export function failedResponse(error: unknown): MethodResponse {
  return new Response(500, { message: messageOf(error).slice(0, 1_000) });
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
