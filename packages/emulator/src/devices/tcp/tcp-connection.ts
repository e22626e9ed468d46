import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import createDebug from 'debug';

const debug = createDebug('azure-iot-x509:emulator:tcp');

/** The delay before an RST. Node.js treats an RST that arrives together with unread data as a FIN. */
const RESET_DELAY_MS = 10;

/** One TCP connection to a listener, for any protocol. */
export class TcpConnection {
  readonly #raw: Socket;
  /** The name of the service in the log. */
  readonly #label: string;
  readonly #closeTimeoutMs: number;
  #secured: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasDeadlines = true;
  readonly #onClosed = new Set<() => void>();

  constructor(raw: Socket, label: string, closeTimeoutMs: number) {
    this.#raw = raw;
    this.#label = label;
    this.#closeTimeoutMs = closeTimeoutMs;
    raw.on('error', (error: Error) => debug('%s: %s', label, error.message));
    raw.once('close', () => {
      clearTimeout(this.#timer);
      for (const run of [...this.#onClosed]) run();
    });
  }

  get isClosed(): boolean {
    return this.#raw.destroyed;
  }

  /** Runs `run` when the connection is closed. The returned function cancels that. */
  onClosed(run: () => void): () => void {
    this.#onClosed.add(run);
    return () => this.#onClosed.delete(run);
  }

  /** Sets the TLS socket of the connection. */
  secure(socket: TLSSocket): void {
    this.#secured = socket;
  }

  /** Closes the connection unless `what` happens in time. Replaces the deadline before. */
  setDeadline(timeoutMs: number, what: string): void {
    clearTimeout(this.#timer);
    if (!this.#hasDeadlines || this.isClosed) return;
    this.#timer = setTimeout(() => {
      debug('%s: no %s in time', this.#label, what);
      this.destroy();
    }, timeoutMs).unref();
  }

  clearDeadline(): void {
    clearTimeout(this.#timer);
  }

  /** Cancels all deadlines, for a client that a fault keeps waiting. No later deadline takes effect. */
  liftDeadlines(): void {
    this.#hasDeadlines = false;
    this.clearDeadline();
    // The idle timeout of HTTP.
    this.#secured?.setTimeout(0);
  }

  /** Runs `run` when the first bytes arrive. TLS must not be spoken on the connection. */
  onFirstBytes(run: () => void): void {
    this.#raw.once('data', run);
  }

  /** Discards received bytes and never answers. TLS must not be spoken on the connection. */
  stall(): void {
    this.liftDeadlines();
    this.#raw.resume();
    // Without this, the socket would stay half-open when the client leaves.
    this.#raw.once('end', () => this.destroy());
  }

  /** Ends the connection with a FIN. */
  end(): void {
    const socket = this.#secured ?? this.#raw;
    socket.resume();
    socket.end();
    this.liftDeadlines();
    this.#timer = setTimeout(() => this.destroy(), this.#closeTimeoutMs).unref();
  }

  /** Breaks the connection with an RST, after the client has had time to read what was sent before. */
  reset(): void {
    const reset = (): void => {
      if (!this.isClosed) this.#raw.resetAndDestroy();
    };
    // Deferred, because a callback of TLS does not expect the socket to be destroyed.
    if (this.#secured === undefined) reset();
    else setTimeout(() => setImmediate(reset), RESET_DELAY_MS).unref();
  }

  destroy(): void {
    (this.#secured ?? this.#raw).destroy();
  }
}
