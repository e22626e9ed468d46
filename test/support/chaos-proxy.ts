import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A throttled connection passes its bytes on in steps of this length, in milliseconds. */
const STEP_MS = 20;

/** One connection through a {@link ChaosProxy}, with what can befall it. Each fault takes effect once. */
export class ProxiedLink {
  readonly since = performance.now();
  /** When both sides are gone. */
  readonly closed: Promise<void>;
  /** When the client has closed its side. */
  readonly left: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  #isStalled = false;
  /** True once a fault has broken the connection, which one side may not have noticed yet. */
  #isBroken = false;
  /** The rate of the uplink; unlimited by default. */
  #bytesPerSecond = Infinity;
  /** Runs while bytes of a throttled uplink wait. */
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // A fault that the test asked for; the other side hears of it.
      socket.on('error', () => undefined);
    }
    client.on('data', (data: Buffer) => this.#passUplink(data));
    server.on('data', (data: Buffer) => this.#pass(data, client));
    client.on('end', () => {
      if (this.#isStalled) client.destroy();
      else server.end();
    });
    // What happens on one side of a stalled connection is no news for the other.
    client.on('close', () => {
      if (!this.#isStalled) server.destroy();
    });
    server.on('end', () => {
      if (!this.#isStalled) client.end();
    });
    server.on('close', () => {
      if (!this.#isStalled) client.destroy();
    });
    this.left = new Promise((resolve) => {
      client.once('end', resolve);
      client.once('close', () => resolve());
    });
    const gone = [client, server].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    this.closed = Promise.all(gone).then(() => {
      this.#isBroken = true;
      clearTimeout(this.#timer);
    });
  }

  /** Tells whether no fault has broken the connection, and no side has closed it. */
  get isOpen(): boolean {
    return !this.#isBroken;
  }

  /** RST to both sides. */
  reset(): void {
    this.#isBroken = true;
    for (const socket of [this.#client, this.#server]) {
      // Node.js cannot reset a socket whose FIN is on its way, and would keep it open for ever.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** FIN to both sides. */
  end(): void {
    this.#isBroken = true;
    this.#client.end();
    this.#server.end();
  }

  /** FIN to one side only: that side can still send, and the other still hears it. */
  halfClose(side: 'client' | 'server' = 'client'): void {
    this.#isBroken = true;
    (side === 'client' ? this.#client : this.#server).end();
  }

  /** Everything is swallowed in both directions and no side is told, as behind a NAT that has lost its table. */
  stall(): void {
    this.#isBroken = true;
    this.#isStalled = true;
  }

  /**
   * Limits the bytes that the client can send, as a slow uplink does: what it has sent beyond them waits in its socket.
   * `Infinity` lifts the limit.
   */
  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Passes the client's bytes on at the present rate. Reads no further ones meanwhile. */
  #passUplink(data: Buffer): void {
    if (this.#bytesPerSecond === Infinity || this.#isStalled || data.length === 0) {
      this.#pass(data, this.#server);
      this.#client.resume();
      return;
    }
    this.#client.pause();
    const step = Math.ceil((this.#bytesPerSecond * STEP_MS) / 1000);
    this.#timer = setTimeout(() => {
      this.#pass(data.subarray(0, step), this.#server);
      this.#passUplink(data.subarray(step));
    }, STEP_MS);
  }

  #pass(data: Buffer, to: Socket): void {
    if (!this.#isStalled && to.writable) to.write(data);
  }
}

/**
 * Plain TCP between a device and a server on 127.0.0.1, which can be made to fail in the ways that networks do. TLS goes
 * through it untouched, because the server's certificate is for `localhost` and says nothing of the port.
 */
export class ChaosProxy implements AsyncDisposable {
  /** `localhost:port`. */
  readonly endpoint: string;
  readonly #server: Server;
  readonly #links = new Set<ProxiedLink>();
  #connections = 0;
  #resets: number[] = [];
  #waiting: ((link: ProxiedLink) => void)[] = [];

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.endpoint = `localhost:${(server.address() as AddressInfo).port}`;
    server.on('connection', (client: Socket) => {
      this.#connections += 1;
      const link = new ProxiedLink(client, connect({ host: '127.0.0.1', port: targetPort }));
      this.#links.add(link);
      void link.closed.then(() => this.#links.delete(link));
      const delay = this.#resets.shift();
      if (delay !== undefined) setTimeout(() => link.reset(), delay);
      for (const resolve of this.#waiting.splice(0)) resolve(link);
    });
  }

  /** Starts a proxy on a free port. @param target `host:port` of the server, which is on this machine */
  static async start(target: string): Promise<ChaosProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChaosProxy(server, Number(target.split(':').at(-1)));
  }

  /** The connections that no fault has befallen, oldest first. */
  get links(): readonly ProxiedLink[] {
    return [...this.#links].filter(({ isOpen }) => isOpen);
  }

  /** Resets the next connection so many milliseconds after it was made; called twice, the next two. */
  resetNext(afterMs: number): void {
    this.#resets.push(afterMs);
  }

  /** Waits for the next connection. */
  nextLink(): Promise<ProxiedLink> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** How many connections there have been. */
  get connections(): number {
    return this.#connections;
  }

  /** Resets everything and stops listening. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const link of this.#links) link.reset();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
