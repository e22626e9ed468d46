import type * as DeviceSdk from 'azure-iot-device';

/** A message of `azure-iot-device`: telemetry, or a message from the cloud. */
export type Message = DeviceSdk.Message;

let loaded: typeof DeviceSdk.Message | undefined;
// eslint-disable-next-line @typescript-eslint/no-require-imports -- loads late in CommonJS, bundlers and Jest alike
const load = () => (loaded ??= (require('azure-iot-device') as typeof DeviceSdk).Message);

/**
 * A constructor without `prototype`: a proxy must answer with that of its target. The class is a proxy because a getter of
 * `exports` would not be late: Node.js reads every named export when an ES module imports a CommonJS one.
 */
const TARGET = Object.bind(undefined) as unknown as typeof DeviceSdk.Message;

/**
 * The `Message` of `azure-iot-device`: `new Message(body)`, with the body as a string, a Buffer or a Uint8Array.
 *
 * It is exported here because the SDK's own named exports do not exist for native ES modules. The SDK is loaded when
 * the class is first used, not by the import.
 *
 * @example
 * ```ts
 * const message = new Message('{"temperature":21.5}');
 * message.contentType = 'application/json';
 * message.contentEncoding = 'utf-8';
 * await connection.client.sendEvent(message);
 * ```
 */
export const Message = new Proxy(TARGET, {
  construct: (_target, values, newTarget) => Reflect.construct(load(), values, newTarget) as Message,
  // Throws what a class throws.
  apply: (_target, self, values) => Reflect.apply(load() as unknown as () => void, self, values) as undefined,
  get: (_target, key) => Reflect.get(load(), key) as unknown,
});
