/* eslint-disable @typescript-eslint/no-require-imports --
   The SDK costs more than a hundred milliseconds and is loaded when a call first needs it. `require` is the one way
   to load it late that works from CommonJS, from bundlers and under Jest alike. */
import { Readable, type Duplex } from 'node:stream';
import type { IClientOptions, MqttClient, Store } from 'mqtt';
import type { WireFailure } from '../errors/wire-error';
import type { IncomingMessage } from './incoming-messages';

/** The largest packet identifier (MQTT 3.1.1, section 2.3.1). */
const MAX_PACKET_ID = 65_535;

/**
 * The store of packets that MQTT.js would send again on its next connection. The store keeps nothing: a client here has
 * one connection, and unacknowledged packets fail together with it. A copy of each message would only cost memory.
 */
const NO_STORE = {
  put: (_packet: unknown, callback?: () => void) => callback?.(),
  get: (_packet: unknown, callback?: (error: Error) => void) => callback?.(new Error('nothing is stored')),
  del: (packet: unknown, callback?: (error: null, packet: unknown) => void) => callback?.(null, packet),
  createStream: () => Readable.from([]),
  close: (callback?: () => void) => callback?.(),
  // MQTT.js declares a class, of which it calls these methods and nothing else.
} as unknown as Store;

/**
 * The packet identifiers of one connection. The provider of MQTT.js gives an identifier out again after 65,535 others,
 * although a message may still have it, which would then be taken for acknowledged (MQTT 3.1.1, section 2.3.1).
 */
export class PacketIds {
  readonly #isInUse: (id: number) => boolean;
  #last = 0;

  constructor(isInUse: (id: number) => boolean) {
    this.#isInUse = isInUse;
  }

  /** The next free identifier, or `null` if all are in use. */
  allocate(): number | null {
    for (let tries = 0; tries < MAX_PACKET_ID; tries += 1) {
      this.#last = (this.#last % MAX_PACKET_ID) + 1;
      if (!this.#isInUse(this.#last)) return this.#last;
    }
    return null;
  }

  getLastAllocated(): number {
    return this.#last;
  }

  /** MQTT.js calls this for packets that it sends again, which does not happen here. */
  register(): boolean {
    return true;
  }

  /** Does nothing: `isInUse` tells which identifiers are free. */
  deallocate(): void {
    // Nothing is kept.
  }

  /** Does nothing, like {@link deallocate}. */
  clear(): void {
    // Nothing is kept.
  }
}

/** An MQTT.js client that uses one stream for one session: it never connects again and sends nothing twice. */
function createMqttClient(stream: Duplex, options: IClientOptions): MqttClient {
  const Client = loadMqttClient();
  // MQTT.js keeps what waits for an acknowledgement in this member, by packet identifier. Its types do not name it.
  const waiting = (): object => (client as unknown as { outgoing: object }).outgoing;
  const client: MqttClient = new Client(() => stream, {
    ...options,
    messageIdProvider: new PacketIds((id) => id in waiting()),
    reconnectPeriod: 0,
    resubscribe: false,
    outgoingStore: NO_STORE,
    incomingStore: NO_STORE,
  });
  return client;
}

/** The observer of a session. */
interface SessionObserver {
  /** The server has accepted the connection. */
  readonly onConnect: (connack: unknown) => void;
  /** A message has come, and is not acknowledged. `messageId` is the packet identifier of a message with QoS 1. */
  readonly onMessage: (message: IncomingMessage, messageId: number | undefined) => void;
  readonly onFailure: (failure: WireFailure) => void;
}

/** Starts an MQTT session on a stream: MQTT.js without its pings and its acknowledgements. */
export function openSession(stream: Duplex, options: IClientOptions, observer: SessionObserver): MqttClient {
  const { onConnect, onMessage, onFailure } = observer;
  const client = createMqttClient(stream, options);
  // CONNECT with the agreed value is written by now; without the option MQTT.js sends no pings of its own.
  client.options.keepalive = 0;
  client.on('connect', onConnect);
  // MQTT.js acknowledges a message unless this callback fails.
  client.handleMessage = (_packet, callback) => {
    callback(new Error('acknowledged when delivered'));
  };
  client.on('packetreceive', ({ cmd }) => {
    // IoT Hub does not speak QoS 2. MQTT.js would acknowledge such a message and then lose it.
    if (cmd === 'pubrec' || cmd === 'pubrel') onFailure({ kind: 'protocol', detail: 'a packet of QoS 2' });
  });
  client.on('message', (topic, payload, packet) => {
    onMessage({ topic, payload }, packet.qos === 1 ? packet.messageId : undefined);
  });
  client.on('error', (error: Error & { code?: unknown }) => {
    // MQTT.js gives the return code of a CONNACK as a number, errno values as strings.
    if (typeof error.code === 'number') onFailure({ kind: 'refused', returnCode: error.code });
    else if (typeof error.code === 'string')
      onFailure({ kind: 'socket', error: error as Error & { code: string } });
    else onFailure({ kind: 'protocol', detail: error.message });
  });
  return client;
}

/**
 * Loads packages of the SDK and MQTT.js, one by one. The event loop turns between them, so that network traffic is
 * answered meanwhile.
 */
export async function loadInTurns(packages: Iterable<() => unknown>): Promise<void> {
  for (const loadPackage of packages) {
    await turn();
    loadPackage();
  }
  await turn();
  loadMqttClient();
}

/** MQTT.js without its own ways to connect and what they load, such as WebSockets. */
function loadMqttClient(): typeof MqttClient {
  return require('mqtt/lib/client') as typeof MqttClient;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
