import type { DeviceTransport } from 'azure-iot-device';
import { MethodResponse, type MethodCall, type MethodHandler } from './method-response';

type MethodMessage = Parameters<Parameters<DeviceTransport['onDeviceMethod']>[1]>[0];
type SdkResponse = Parameters<DeviceTransport['sendMethodResponse']>[0];

/** Every name costs a listener for as long as the connection lives; no service has as many. */
const MAX_NAMES = 1000;

/** Answers direct methods whose names nobody knows beforehand. The SDK wants to be told each name in advance. */
export class MethodAnswerer {
  readonly #transport: DeviceTransport;
  readonly #handler: MethodHandler;
  readonly #names = new Set<string>();

  constructor(transport: DeviceTransport, handler: MethodHandler) {
    this.#transport = transport;
    this.#handler = handler;
    transport.enableMethods(() => undefined);
  }

  /** A method of that name is about to be called. */
  expect(name: string): void {
    if (this.#names.has(name) || this.#names.size >= MAX_NAMES) return;
    this.#names.add(name);
    this.#transport.onDeviceMethod(name, ({ requestId, body }: MethodMessage) => {
      void this.#answer(body.toString(), { name, requestId }).then(({ status, payload }) => {
        const response: Pick<SdkResponse, 'requestId' | 'status' | 'payload'> = {
          requestId,
          status,
          payload,
        };
        // The transport reads these three members and calls none of the methods.
        this.#transport.sendMethodResponse(response as SdkResponse, undefined);
      });
    });
  }

  async #answer(body: string, call: MethodCall): Promise<MethodResponse> {
    try {
      const answer = await this.#handler(JSON.parse(body) as unknown, call);
      return answer instanceof MethodResponse ? answer : new MethodResponse(200, answer ?? null);
    } catch (error) {
      return new MethodResponse(500, { message: error instanceof Error ? error.message : String(error) });
    }
  }
}
