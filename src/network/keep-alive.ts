/**
 * The interval of pings as a share of the keep-alive. A ping may go out just before the link dies, and its answer is
 * missed one interval later: twice 0.7 is below the 1.5 at which the server gives up.
 */
const PING_SHARE = 0.7;

/** The connection that a {@link KeepAlive} watches. */
export interface KeepAliveInit {
  readonly keepAliveSeconds: number;
  /** Sends PINGREQ. */
  readonly ping: () => void;
  /** The time that the bytes in front of a ping may take, in milliseconds. */
  readonly allowanceMs: () => number;
  /** The connection is dead: a ping was not answered for so many milliseconds, and nothing else was received. */
  readonly onDead: (silentMs: number) => void;
}

/**
 * Sends the pings of one connection and notices when the server has gone silent. Everything received is a sign of life.
 * MQTT.js would end a connection whose ping waits behind a message on a slow uplink.
 */
export class KeepAlive {
  readonly #init: KeepAliveInit;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout;
  #heardAt = performance.now();
  /** The ping that nothing has been received after, if any. */
  #ping: { readonly sentAt: number; readonly deadline: number } | undefined;

  constructor(init: KeepAliveInit) {
    this.#init = init;
    this.#intervalMs = init.keepAliveSeconds * 1000 * PING_SHARE;
    this.#timer = this.#wait(this.#intervalMs);
  }

  /** The time of the last sign of life, on the clock of `performance`. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Something was received. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#ping = undefined;
  }

  /** Sends a ping now, unless one is under way. */
  ping(): void {
    if (this.#ping) return;
    const sentAt = performance.now();
    this.#ping = { sentAt, deadline: sentAt + this.#intervalMs + this.#init.allowanceMs() };
    clearTimeout(this.#timer);
    this.#timer = this.#wait(this.#intervalMs);
    this.#init.ping();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(milliseconds: number): NodeJS.Timeout {
    // The socket keeps the process alive.
    return setTimeout(() => this.#check(), milliseconds).unref();
  }

  #check(): void {
    if (!this.#ping) {
      this.ping();
      return;
    }
    const { sentAt, deadline } = this.#ping;
    const remainingMs = deadline - performance.now();
    if (remainingMs > 0) this.#timer = this.#wait(remainingMs);
    else this.#init.onDead(Math.round(performance.now() - sentAt));
  }
}
