import type { DeviceTransport } from 'azure-iot-device';

/** A call of a direct method. */
interface MethodCall {
  readonly name: string;
  /** JSON, as the hub sent it. */
  readonly body: string;
}

/** What the service gets. */
interface MethodAnswer {
  /** Not 0, which the SDK takes for none. */
  readonly status: number;
  /** Any JSON value. */
  readonly payload: unknown;
}

/** Answers a call; `sent` is told when the answer has left, or why it could not. */
export type AnswerMethod = (
  call: MethodCall,
) => MethodAnswer & { readonly sent?: (error: Error | undefined) => void };

type MethodMessage = Parameters<Parameters<DeviceTransport['onDeviceMethod']>[1]>[0];
type MethodResponse = Parameters<DeviceTransport['sendMethodResponse']>[0];

/** Every name costs a listener for as long as the connection lives; no service has as many. */
const MAX_NAMES = 1000;

/** Answers direct methods whose names nobody knows beforehand. The SDK wants to be told each name in advance. */
export class MethodAnswerer {
  readonly #transport: DeviceTransport;
  readonly #answer: AnswerMethod;
  readonly #names = new Set<string>();

  constructor(transport: DeviceTransport, answer: AnswerMethod) {
    this.#transport = transport;
    this.#answer = answer;
    transport.enableMethods(() => undefined);
  }

  /** A method of that name is about to be called. */
  expect(name: string): void {
    if (this.#names.has(name) || this.#names.size >= MAX_NAMES) return;
    this.#names.add(name);
    this.#transport.onDeviceMethod(name, ({ requestId, body }: MethodMessage) => {
      const { status, payload, sent } = this.#answer({ name, body: body.toString() });
      const response: Pick<MethodResponse, 'requestId' | 'status' | 'payload'> = {
        requestId,
        status,
        payload,
      };
      // The transport reads these three members and calls none of the methods.
      this.#transport.sendMethodResponse(response as MethodResponse, sent);
    });
  }
}
