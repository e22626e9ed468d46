import { connect as connectMqtt5 } from 'mqtt5';
import { MqttClient as MqttsClient, TlsTransport } from 'mqtts';
import type { Emulator } from 'azure-iot-emulator';
import type { ClientIdentity } from './raw-client';

/** A message that a client has received. */
interface ReceivedMessage {
  readonly topic: string;
  readonly body: string;
}

/** What a client is asked to connect with. */
export interface ConnectSettings {
  readonly emulator: Emulator;
  /** `localhost:port` */
  readonly endpoint: string;
  readonly identity: ClientIdentity;
  readonly clientId: string;
  readonly username: string;
  readonly isClean?: boolean;
}

/** An MQTT client that this project did not write, with as little around it as possible. */
export interface IndependentClient extends AsyncDisposable {
  subscribe(filter: string): Promise<void>;
  /** Resolves when the message is acknowledged. */
  publish(topic: string, body: string): Promise<void>;
  /** The next message whose topic begins so; those that come before it are dropped. */
  receive(topicStart: string): Promise<ReceivedMessage>;
}

/** Messages in the order in which they came, for one reader. */
class Inbox {
  readonly #messages: ReceivedMessage[] = [];
  #wake: () => void = () => undefined;

  push(topic: string, payload: Buffer): void {
    this.#messages.push({ topic, body: payload.toString() });
    this.#wake();
  }

  async receive(topicStart: string): Promise<ReceivedMessage> {
    for (;;) {
      const message = this.#messages.shift();
      if (message?.topic.startsWith(topicStart) === true) return message;
      if (message === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

async function connectMqttJs(
  protocol: 'mqtts' | 'wss',
  settings: ConnectSettings,
): Promise<IndependentClient> {
  const { emulator, endpoint, identity, clientId, username, isClean = true } = settings;
  const inbox = new Inbox();
  const path = protocol === 'wss' ? '/$iothub/websocket' : '';
  const client = connectMqtt5(`${protocol}://${endpoint}${path}`, {
    protocolVersion: 4,
    clientId,
    username,
    clean: isClean,
    reconnectPeriod: 0,
    ca: emulator.ca,
    cert: identity.fullChain,
    key: identity.privateKey,
  });
  // Before it is connected: a hub sends what has waited directly behind CONNACK.
  client.on('message', (topic, payload) => inbox.push(topic, payload));
  await new Promise<void>((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
  });
  return {
    subscribe: async (filter) => {
      await client.subscribeAsync(filter, { qos: 1 });
    },
    publish: async (topic, body) => {
      await client.publishAsync(topic, body, { qos: 1 });
    },
    receive: (topicStart) => inbox.receive(topicStart),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

async function connectMqtts(settings: ConnectSettings): Promise<IndependentClient> {
  const { emulator, endpoint, identity, clientId, username, isClean = true } = settings;
  const [host = '', port] = endpoint.split(':');
  const inbox = new Inbox();
  const tls = { ca: emulator.ca, cert: identity.fullChain, key: identity.privateKey, servername: host };
  const client = new MqttsClient({
    transport: new TlsTransport({ host, port: Number(port), additionalOptions: tls }),
    autoReconnect: false,
  });
  client.on('message', ({ topic, payload }) => inbox.push(topic, payload));
  await client.connect({ protocolLevel: 4, clientId, username, clean: isClean, keepAlive: 60 });
  return {
    subscribe: async (topic) => {
      await client.subscribe({ topic, qosLevel: 1 });
    },
    publish: async (topic, payload) => {
      await client.publish({ topic, payload, qosLevel: 1 });
    },
    receive: (topicStart) => inbox.receive(topicStart),
    [Symbol.asyncDispose]: () => client.disconnect(true),
  };
}

/** Each way to connect, by what it is called. */
export const INDEPENDENT_CLIENTS: Readonly<
  Record<string, (settings: ConnectSettings) => Promise<IndependentClient>>
> = {
  'mqtt 5 over TLS': (settings) => connectMqttJs('mqtts', settings),
  'mqtt 5 over WebSockets': (settings) => connectMqttJs('wss', settings),
  mqtts: connectMqtts,
};
