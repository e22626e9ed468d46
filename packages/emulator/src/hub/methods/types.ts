import type { JsonValue } from '../../protocol/json';

/** A call of a direct method. */
export interface MethodCall {
  methodName: string;
  /** Any JSON value of at most 128 KB. Default `null`. */
  payload?: JsonValue;
  /** The time to wait for the device's answer, in seconds: 1 to 300. Default 30. The minimum of Azure is 5. */
  responseTimeoutSeconds?: number;
  /** The time to wait for the device to connect and to subscribe to methods, in seconds: 0 to 300. Default 0. */
  connectTimeoutSeconds?: number;
}

/** A device's answer to a direct method. */
export interface MethodResponse {
  readonly status: number;
  readonly payload: JsonValue;
}
