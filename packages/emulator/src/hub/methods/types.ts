import type { JsonValue } from '../../protocol/json';

/** A call of a direct method. */
export interface MethodCall {
  methodName: string;
  /** Any JSON value of at most 128 KB. Default `null`. */
  payload?: JsonValue;
  /** How long to wait for the device's answer, in seconds: 1 to 300. Default 30. The service's minimum is 5. */
  responseTimeoutSeconds?: number;
  /** How long to wait for a device that is away or not subscribed to methods, in seconds: 0 to 300. Default 0. */
  connectTimeoutSeconds?: number;
}

/** A device's answer to a direct method. */
export interface MethodResponse {
  readonly status: number;
  readonly payload: JsonValue;
}
