/** A call of a direct method. */
export interface MethodCall {
  readonly name: string;
  /** Identifies the call at the hub. */
  readonly requestId: string;
}

/** Answers a call of a direct method, now or later. */
export type MethodHandler = (payload: unknown, call: MethodCall) => unknown;

/** An answer with a status of its own; made by {@link methodResponse}. */
export class MethodResponse {
  readonly status: number;
  readonly payload: unknown;

  constructor(status: number, payload: unknown) {
    this.status = status;
    this.payload = payload;
  }
}

/**
 * An answer to a direct method with another status than 200.
 *
 * @param status a whole number other than 0, which the SDK cannot send
 * @param payload any JSON value; default `null`
 */
export function methodResponse(status: number, payload: unknown = null): MethodResponse {
  return new MethodResponse(status, payload);
}
