import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The addresses and the port to listen on. */
export interface TcpPortInit {
  /** Name or address of the interface. */
  readonly host: string;
  /** An address that clients may get for the same name; it is listened on as well where that is possible. */
  readonly alternativeHost?: string | undefined;
  /** 0 for a free one. */
  readonly port: number;
  /** Of each address. */
  readonly maxConnections: number;
  readonly onSocket: (socket: Socket) => void;
  readonly onError: (error: Error) => void;
}

/** One port of one or two addresses, on which listening can end and begin again. */
export class TcpPort {
  readonly #init: TcpPortInit;
  readonly #server: Server;
  /** Of the alternative address. Not listening where that address does not exist, or has another user of this port. */
  readonly #alternative: Server | undefined;
  #number: number;

  constructor(init: TcpPortInit) {
    this.#init = init;
    this.#number = init.port;
    this.#server = this.#makeServer();
    if (init.alternativeHost !== undefined) this.#alternative = this.#makeServer();
  }

  /** Its number, which stays the same from the first time that it listens. */
  get number(): number {
    return this.#number;
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  /** Rejects with the system's error, e.g. when the port is taken; that of the alternative address is none. */
  async listen(): Promise<void> {
    const { host, alternativeHost } = this.#init;
    await listen(this.#server, host, this.#number);
    // A TCP server that listens has an address of this shape; the type also covers pipes and closed servers.
    this.#number = (this.#server.address() as AddressInfo).port;
    if (this.#alternative === undefined || alternativeHost === undefined) return;
    // Its error has been told to `onError`.
    await listen(this.#alternative, alternativeHost, this.#number).catch(() => undefined);
  }

  /** Resolves when the last connection has ended, too. */
  async close(): Promise<void> {
    await Promise.all([this.#server, this.#alternative].map(close));
  }

  #makeServer(): Server {
    const { maxConnections, onSocket, onError } = this.#init;
    // Small packets at once: waiting for more costs 40 ms a message on a connection that acknowledges late.
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
