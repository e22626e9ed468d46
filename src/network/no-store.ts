import { Readable } from 'node:stream';
import type { Store } from 'mqtt';

/**
 * Where MQTT.js keeps packets to send them again on its next connection. Here it never has one: what is not acknowledged
 * fails with the wire, and who sent it decides. Keeping a copy of each message only costs.
 */
export const NO_STORE = {
  put: (_packet: unknown, callback?: () => void) => callback?.(),
  get: (_packet: unknown, callback?: (error: Error) => void) => callback?.(new Error('nothing is stored')),
  del: (packet: unknown, callback?: (error: null, packet: unknown) => void) => callback?.(null, packet),
  createStream: () => Readable.from([]),
  close: (callback?: () => void) => callback?.(),
  // The type is that of a class, of which MQTT.js calls these methods and nothing else.
} as unknown as Store;
