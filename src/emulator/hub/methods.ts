import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import { parseJson } from '../json';
import type { MethodCall, MethodResponse } from './types';

/** IoT Hub: the largest payload of a call. */
const MAX_PAYLOAD_BYTES = 128 * 1024;
const METHOD_NAME = /^[^/?#+\s]{1,100}$/;

interface PendingCall {
  readonly resolve: (response: MethodResponse) => void;
  readonly reject: (error: EmulatorError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Sends a request to the device. */
export type SendRequest = (topic: string, payload: string) => void;

/** The direct methods of one device that wait for an answer. */
export class MethodCalls {
  readonly #deviceId: string;
  readonly #pending = new Map<string, PendingCall>();
  #lastRequestId = 0;

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  /** Rejects with an EmulatorError 400004, 404103, 404104, 502000 or 504101. */
  async invoke(call: MethodCall, send: SendRequest | undefined): Promise<MethodResponse> {
    const { methodName, payload = null, responseTimeoutSeconds = 30 } = call;
    const body = JSON.stringify(payload);
    if (!METHOD_NAME.test(methodName)) throw invalidArgument('methodName is not a method name');
    if (!(responseTimeoutSeconds >= 1 && responseTimeoutSeconds <= 300)) {
      throw invalidArgument('responseTimeoutSeconds must be 1 to 300');
    }
    if (Buffer.byteLength(body) > MAX_PAYLOAD_BYTES) {
      throw invalidArgument(`payload exceeds ${MAX_PAYLOAD_BYTES} bytes`);
    }
    if (send === undefined) {
      throw new EmulatorError(
        SERVICE_ERROR.deviceNotOnline,
        `Device ${this.#deviceId} is not connected or not subscribed to direct methods`,
      );
    }
    const requestId = (++this.#lastRequestId).toString(16);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `Device ${this.#deviceId} did not answer ${methodName} in ${responseTimeoutSeconds} s`;
        this.#settle(requestId)?.reject(new EmulatorError(SERVICE_ERROR.gatewayTimeout, text));
      }, responseTimeoutSeconds * 1000).unref();
      this.#pending.set(requestId, { resolve, reject, timer });
      send(`$iothub/methods/POST/${methodName}/?$rid=${requestId}`, body);
    });
  }

  /** The device has answered. An answer that nobody waits for any more is ignored. */
  answered(requestId: string, status: number, body: Buffer): void {
    const call = this.#settle(requestId);
    const payload = body.length === 0 ? null : parseJson(body.toString());
    if (payload !== undefined) {
      call?.resolve({ status, payload });
      return;
    }
    const text = `Device ${this.#deviceId} answered with something that is not JSON`;
    call?.reject(new EmulatorError(SERVICE_ERROR.badGateway, text));
  }

  /** The device has gone away. */
  abort(): void {
    for (const requestId of this.#pending.keys()) {
      const text = `Device ${this.#deviceId} went away before it answered`;
      this.#settle(requestId)?.reject(new EmulatorError(SERVICE_ERROR.deviceConnectionClosedRemotely, text));
    }
  }

  #settle(requestId: string): PendingCall | undefined {
    const call = this.#pending.get(requestId);
    clearTimeout(call?.timer);
    this.#pending.delete(requestId);
    return call;
  }
}
