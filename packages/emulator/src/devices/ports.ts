import { isIPv4, isIPv6 } from 'node:net';
import type { Interceptor } from './interceptor';
import { DeviceListener } from './listener';
import type { DisconnectReason } from './mqtt/client';
import { SharedPort, type RoutableService } from './shared-port';
import { StartupGate } from './startup-gate';
import type { ServerCredentials } from './tcp/server-context';

/** The port of MQTT over TLS. Endpoints leave it out. */
const DEFAULT_PORT = 8883;

/** The addresses, the ports and the credentials to listen with. */
export interface PortsInit {
  readonly credentials: ServerCredentials;
  readonly host: string;
  /** See {@link ListenOptions}. */
  readonly alternativeHost?: string | undefined;
  readonly sharedPorts: readonly number[];
  /** The port in endpoints, in place of the first shared port. */
  readonly announcedPort?: number | undefined;
  /** Makes the interceptor of a port. `service` is `undefined` for a shared port. */
  readonly interceptor: (service: RoutableService | undefined) => Interceptor;
}

/** A service that listens. */
export interface Listening {
  /** The host name for devices, with the port unless it is 8883. */
  readonly endpoint: string;
  /** 0 while ports are shared. */
  readonly port: number;
  start(): Promise<void>;
  stop(reason: DisconnectReason): Promise<void>;
}

/** The address of a service. */
export interface ServiceAddress {
  readonly hostName: string;
  /** 0 for a free one. Not used while ports are shared. */
  readonly port: number;
  /** Disconnects every client of the service, whose shared port goes on listening for others. */
  readonly disconnectAll: (reason: DisconnectReason) => void;
}

/** Tells whether only this machine can reach that interface. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return isIPv6(host) ? host === '::1' : host.toLowerCase() === 'localhost';
}

/** The ports of an emulator: one for each service, or ports that all services share. */
export class Ports {
  readonly #init: PortsInit;
  readonly #gate = new StartupGate();
  readonly #router = new SharedPort();
  readonly #listeners: DeviceListener[] = [];
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
        const listener = await DeviceListener.listen(ports.#gate.of(ports.#router), init.credentials, {
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

  /** The ports that services share. Empty when each service has its own. */
  get sharedPorts(): readonly number[] {
    return this.#sharedPort === undefined ? [] : this.#listeners.map(({ port }) => port);
  }

  /**
   * Listens, and admits no client before {@link admitClients}. Rejects with the system's error, e.g. when the port is
   * taken.
   */
  async listen(service: RoutableService, address: ServiceAddress): Promise<Listening> {
    const { hostName, port, disconnectAll } = address;
    if (this.#sharedPort !== undefined) {
      const route = this.#router.add(service);
      return {
        endpoint: endpoint(hostName, this.#init.announcedPort ?? this.#sharedPort),
        port: 0,
        // eslint-disable-next-line @typescript-eslint/require-await -- a listener of its own waits
        start: async () => {
          if (this.#isClosed) throw new Error(`The emulator is closed, and with it ${service.label}.`);
          route.isOpen = true;
        },
        // eslint-disable-next-line @typescript-eslint/require-await -- a listener of its own waits
        stop: async (reason) => {
          route.isOpen = false;
          disconnectAll(reason);
        },
      };
    }
    const { credentials, host, alternativeHost } = this.#init;
    const interceptor = this.#init.interceptor(service);
    const options = { host, alternativeHost, port, interceptor };
    const listener = await DeviceListener.listen(this.#gate.of(service), credentials, options);
    this.#listeners.push(listener);
    return {
      endpoint: endpoint(hostName, listener.port),
      port: listener.port,
      start: () => listener.start(),
      stop: (reason) => listener.stop(reason),
    };
  }

  /** Admits clients. To be called when all services have started. */
  admitClients(): void {
    this.#gate.open();
  }

  /** Disconnects every client and frees the ports. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

function endpoint(hostName: string, port: number): string {
  return port === DEFAULT_PORT ? hostName : `${hostName}:${port}`;
}
