import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import createDebug from 'debug';
import type { MqttService } from '../mqtt/service';

const debug = createDebug('azure-iot-x509:emulator:link');

/** An RST takes away what the client has not read; together with it, Node.js takes the RST for a FIN. */
const RESET_DELAY_MS = 10;

/** One TCP connection to a listener, whatever is spoken over it. */
export class Link {
  /** What the port is for: a service, or the router of a shared port. */
  readonly service: MqttService;
  readonly #raw: Socket;
  readonly #closeTimeoutMs: number;
  #secured: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasTimeLimits = true;
  readonly #onClosed = new Set<() => void>();

  constructor(raw: Socket, service: MqttService, closeTimeoutMs: number) {
    this.#raw = raw;
    this.service = service;
    this.#closeTimeoutMs = closeTimeoutMs;
    raw.on('error', (error: Error) => debug('%s: %s', service.label, error.message));
    raw.once('close', () => {
      clearTimeout(this.#timer);
      for (const run of [...this.#onClosed]) run();
    });
  }

  get isClosed(): boolean {
    return this.#raw.destroyed;
  }

  /** Runs something when the connection is gone, unless the returned function is called before. */
  onClosed(run: () => void): () => void {
    this.#onClosed.add(run);
    return () => this.#onClosed.delete(run);
  }

  /** TLS is spoken over it. */
  secure(socket: TLSSocket): void {
    this.#secured = socket;
  }

  /** Drops the connection unless the client comes further in time; replaces the limit before. */
  limit(timeoutMs: number, what: string): void {
    clearTimeout(this.#timer);
    if (!this.#hasTimeLimits || this.isClosed) return;
    this.#timer = setTimeout(() => {
      debug('%s: no %s in time', this.service.label, what);
      this.destroy();
    }, timeoutMs).unref();
  }

  /** Lifts the limit. */
  unlimit(): void {
    clearTimeout(this.#timer);
  }

  /** Lifts all limits for good: the client may have to wait for longer than it is allowed itself. */
  exempt(): void {
    this.#hasTimeLimits = false;
    this.unlimit();
    // The limit that HTTP puts on silence.
    this.#secured?.setTimeout(0);
  }

  /** The first bytes that arrive, for who takes the connection over before TLS is spoken. */
  onceHeard(run: () => void): void {
    this.#raw.once('data', run);
  }

  /** Takes the connection over before TLS is spoken: what arrives is dropped, and nothing is ever answered. */
  stall(): void {
    this.exempt();
    this.#raw.resume();
    // The client leaves: without this, the socket would stay half-open.
    this.#raw.once('end', () => this.destroy());
  }

  /** Ends the connection with a FIN. */
  end(): void {
    const socket = this.#secured ?? this.#raw;
    socket.resume();
    socket.end();
    this.exempt();
    this.#timer = setTimeout(() => this.destroy(), this.#closeTimeoutMs).unref();
  }

  /** Breaks the connection with an RST, as soon as the client has had time to read what was sent before. */
  reset(): void {
    const reset = (): void => {
      if (!this.isClosed) this.#raw.resetAndDestroy();
    };
    // Never within a callback of TLS, which does not expect to lose its socket.
    if (this.#secured === undefined) reset();
    else setTimeout(() => setImmediate(reset), RESET_DELAY_MS).unref();
  }

  destroy(): void {
    (this.#secured ?? this.#raw).destroy();
  }
}
