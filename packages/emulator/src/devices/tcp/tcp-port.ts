import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The addresses and the port to listen on. */
export interface TcpPortInit {
  /** Name or address of the interface. */
  readonly host: string;
  /** A second address of the same name. The port listens on it as well, if possible. */
  readonly alternativeHost?: string | undefined;
  /** 0 for a free one. */
  readonly port: number;
  /** The number of connections of each address. */
  readonly maxConnections: number;
  readonly onSocket: (socket: Socket) => void;
  readonly onError: (error: Error) => void;
}

/** One port of one or two addresses, on which listening can end and begin again. */
export class TcpPort {
  readonly #init: TcpPortInit;
  readonly #server: Server;
  /**
   * The server of the alternative address. It does not listen if the address does not exist, or another program has the
   * port.
   */
  readonly #alternative: Server | undefined;
  #number: number;

  constructor(init: TcpPortInit) {
    this.#init = init;
    this.#number = init.port;
    this.#server = this.#makeServer();
    if (init.alternativeHost !== undefined) this.#alternative = this.#makeServer();
  }

  /** The port number. It stays the same after the first time that the port listens. */
  get number(): number {
    return this.#number;
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  /** Rejects with the system's error, e.g. when the port is taken. An error of the alternative address is ignored. */
  async listen(): Promise<void> {
    const { host, alternativeHost } = this.#init;
    await listen(this.#server, host, this.#number);
    // A TCP server that listens has an address of this shape; the type also covers pipes and closed servers.
    this.#number = (this.#server.address() as AddressInfo).port;
    if (this.#alternative === undefined || alternativeHost === undefined) return;
    // `onError` has got the error.
    await listen(this.#alternative, alternativeHost, this.#number).catch(() => undefined);
  }

  /** Resolves when the last connection has ended as well. */
  async close(): Promise<void> {
    await Promise.all([this.#server, this.#alternative].map(close));
  }

  #makeServer(): Server {
    const { maxConnections, onSocket, onError } = this.#init;
    // Small packets are sent at once. Nagle's algorithm costs 40 ms a message on a connection with delayed
    // acknowledgements.
    const server = createServer({ noDelay: true }, onSocket);
    server.maxConnections = maxConnections;
    return server.on('error', onError);
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server | undefined): Promise<void> {
  if (server?.listening !== true) return;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}
