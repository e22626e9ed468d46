// MQTT.js 5 as far as the tests use it. Its own declarations need the browser's, which a library for Node.js must not see.

interface Mqtt5Options {
  protocolVersion: 4;
  clientId: string;
  username: string;
  clean: boolean;
  reconnectPeriod: number;
  ca: string;
  cert: string;
  key: string;
}

interface Mqtt5Client {
  on(event: 'message', listener: (topic: string, payload: Buffer) => void): this;
  once(event: 'connect', listener: () => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  subscribeAsync(filter: string, options: { qos: 0 | 1 | 2 }): Promise<unknown>;
  publishAsync(topic: string, payload: string, options: { qos: 0 | 1 | 2 }): Promise<unknown>;
  endAsync(force: boolean): Promise<void>;
}

export function connect(url: string, options: Mqtt5Options): Mqtt5Client;
