import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { parseJson, type JsonValue } from '../../protocol/json';
import { jsonText } from './json-input';
import type { MethodCall, MethodResponse } from './types';

/** IoT Hub: the largest payload of a call, and of its answer, in bytes. */
const MAX_PAYLOAD_BYTES = 128 * 1024;
const MAX_TIMEOUT_SECONDS = 300;
const METHOD_NAME = /^[^/?#+\s]{1,100}$/;

/** A function that sends at QoS 0, as IoT Hub does for methods and twins. */
export type Send = (topic: string, payload: string) => void;

interface PendingCall {
  readonly resolve: (response: MethodResponse) => void;
  readonly reject: (error: EmulatorError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Waits for the device, at most that many milliseconds. `undefined` if the device does not connect and subscribe. */
export type AwaitSender = (timeoutMs: number) => Promise<Send | undefined>;

/** Callers in JavaScript may pass anything. @throws EmulatorError 400004 */
function checkSeconds(value: unknown, minimum: number, parameter: string): void {
  if (typeof value === 'number' && value >= minimum && value <= MAX_TIMEOUT_SECONDS) return;
  throw invalidArgument(`${parameter} must be ${minimum} to ${MAX_TIMEOUT_SECONDS}`);
}

/** @throws EmulatorError 400004 for a name that no method has, or none. */
function checkName(methodName: unknown): void {
  if (methodName === undefined) throw invalidArgument("methodName is missing: { methodName: 'reboot' }");
  // A regular expression would convert a number or null to text.
  if (typeof methodName === 'string' && METHOD_NAME.test(methodName)) return;
  throw invalidArgument('methodName is not a method name');
}

/** IoT Hub: empty, or JSON. `undefined` for anything else. */
function readAnswer(body: Buffer): JsonValue | undefined {
  if (body.length === 0) return null;
  return body.length > MAX_PAYLOAD_BYTES ? undefined : parseJson(body.toString());
}

/** The direct methods of one device or module that wait for an answer. */
export class MethodCalls {
  /** The name of the device for error messages. */
  readonly #name: string;
  readonly #pending = new Map<string, PendingCall>();
  #lastRequestId = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Rejects with an EmulatorError 400004, 404103, 404104, 502000 or 504101. */
  async invoke(call: MethodCall, awaitSender: AwaitSender): Promise<MethodResponse> {
    // In JavaScript the call may be missing, or be the name itself.
    const {
      methodName,
      payload = null,
      responseTimeoutSeconds = 30,
      connectTimeoutSeconds = 0,
    } = Object(call) as MethodCall;
    checkName(methodName);
    const body = jsonText(payload, 'payload');
    checkSeconds(responseTimeoutSeconds, 1, 'responseTimeoutSeconds');
    checkSeconds(connectTimeoutSeconds, 0, 'connectTimeoutSeconds');
    if (Buffer.byteLength(body) > MAX_PAYLOAD_BYTES) {
      throw invalidArgument(`payload exceeds ${MAX_PAYLOAD_BYTES} bytes`);
    }
    const send = await awaitSender(connectTimeoutSeconds * 1000);
    if (send === undefined) {
      throw new EmulatorError(
        SERVICE_ERROR.deviceNotOnline,
        `${this.#name} is not connected or not subscribed to direct methods`,
      );
    }
    const requestId = (++this.#lastRequestId).toString(16);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `${this.#name} did not answer ${methodName} in ${responseTimeoutSeconds} s`;
        this.#settle(requestId)?.reject(new EmulatorError(SERVICE_ERROR.gatewayTimeout, text));
      }, responseTimeoutSeconds * 1000).unref();
      this.#pending.set(requestId, { resolve, reject, timer });
      send(`$iothub/methods/POST/${methodName}/?$rid=${requestId}`, body);
    });
  }

  /** Handles an answer of the device. A late answer is ignored. */
  answered(requestId: string, status: number, body: Buffer): void {
    const call = this.#settle(requestId);
    const payload = readAnswer(body);
    if (payload !== undefined) {
      call?.resolve({ status, payload });
      return;
    }
    const text = `${this.#name} answered with something that is not JSON of at most ${MAX_PAYLOAD_BYTES} bytes`;
    call?.reject(new EmulatorError(SERVICE_ERROR.badGateway, text));
  }

  /** Fails all calls, because the device has disconnected. */
  abort(): void {
    for (const requestId of this.#pending.keys()) {
      const text = `${this.#name} went away before it answered`;
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
