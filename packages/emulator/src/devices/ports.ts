import { isIPv4, isIPv6 } from 'node:net';
import { Entrance } from './startup-gate';
import type { Interceptor } from './interceptor';
import { MqttListener, type ServerCredentials } from './listener';
import { Router, type RoutableService } from './shared-port';
import type { DisconnectReason } from './mqtt/service';

/** MQTT over TLS; a host name without a port stands for it. */
const DEFAULT_PORT = 8883;

/** The part of the options that says where to listen. */
export interface PortsInit {
  readonly credentials: ServerCredentials;
  readonly host: string;
  /** See {@link ListenOptions}. */
  readonly alternativeHost?: string | undefined;
  readonly sharedPorts: readonly number[];
  /** In place of the first of the shared ports in host names. */
  readonly announcedPort?: number | undefined;
  /** What comes between a port and its clients. `service` is `undefined` for a port that services share. */
  readonly interceptor: (service: RoutableService | undefined) => Interceptor;
}

/** A service that listens. */
export interface Listening {
  /** What devices take for its host name, with the port unless it is 8883. */
  readonly endpoint: string;
  /** 0 while ports are shared. */
  readonly port: number;
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** Where a service is to be found. */
export interface ServiceAddress {
  readonly hostName: string;
  /** 0 for a free one; not looked at while ports are shared. */
  readonly port: number;
  /** Drops every client, for a service whose port goes on listening for others. */
  readonly disconnectAll: (reason: DisconnectReason) => void;
}

/** Whether nobody but this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return isIPv6(host) ? host === '::1' : host.toLowerCase() === 'localhost';
}

/** The ports of an emulator: one for each service, or the same for all. */
export class Ports {
  readonly #init: PortsInit;
  readonly #entrance = new Entrance();
  readonly #router = new Router();
  readonly #listeners: MqttListener[] = [];
  #sharedPort: number | undefined;
  #isClosed = false;

  private constructor(init: PortsInit) {
    this.#init = init;
  }

  /** Rejects with the system's error, e.g. when a shared port is taken. */
  static async open(init: PortsInit): Promise<Ports> {
    const ports = new Ports(init);
    try {
      for (const port of init.sharedPorts) {
        const listener = await MqttListener.listen(ports.#entrance.of(ports.#router), init.credentials, {
          host: init.host,
          alternativeHost: init.alternativeHost,
          port,
          interceptor: init.interceptor(undefined),
        });
        ports.#listeners.push(listener);
      }
    } catch (error) {
      await ports.close();
      throw error;
    }
    ports.#sharedPort = ports.#listeners[0]?.port;
    return ports;
  }

  /** The ports that services share; none where each has its own. */
  get sharedPorts(): readonly number[] {
    return this.#sharedPort === undefined ? [] : this.#listeners.map(({ port }) => port);
  }

  /** Listens, and lets nobody in before {@link letIn}. Rejects with the system's error, e.g. when the port is taken. */
  async listen(service: RoutableService, address: ServiceAddress): Promise<Listening> {
    const { hostName, port, disconnectAll } = address;
    if (this.#sharedPort !== undefined) {
      const route = this.#router.add(service);
      return {
        endpoint: endpoint(hostName, this.#init.announcedPort ?? this.#sharedPort),
        port: 0,
        // eslint-disable-next-line @typescript-eslint/require-await -- the other sort of listening does wait
        start: async () => {
          if (this.#isClosed) throw new Error(`The emulator is closed, and with it ${service.label}.`);
          route.isOpen = true;
        },
        // eslint-disable-next-line @typescript-eslint/require-await -- the other sort of listening does wait
        stop: async (reason) => {
          route.isOpen = false;
          disconnectAll(reason);
        },
      };
    }
    const { credentials, host, alternativeHost } = this.#init;
    const interceptor = this.#init.interceptor(service);
    const options = { host, alternativeHost, port, interceptor };
    const listener = await MqttListener.listen(this.#entrance.of(service), credentials, options);
    this.#listeners.push(listener);
    return {
      endpoint: endpoint(hostName, listener.port),
      port: listener.port,
      start: () => listener.start(),
      stop: (reason) => listener.stop(reason),
    };
  }

  /** Lets clients in, now that all services are there. */
  letIn(): void {
    this.#entrance.open();
  }

  /** Drops every client and frees the ports. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

function endpoint(hostName: string, port: number): string {
  return port === DEFAULT_PORT ? hostName : `${hostName}:${port}`;
}
