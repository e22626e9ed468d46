import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConnectionLimits } from '../tcp/limits';
import type { TcpConnection } from '../tcp/tcp-connection';

/** The deadlines of the requests on one connection. Those of node:http need a server that listens by itself. */
export class RequestLimits {
  static readonly #all = new WeakMap<TcpConnection, RequestLimits>();
  readonly #tcp: TcpConnection;
  readonly #limits: ConnectionLimits;
  /** The number of unanswered requests. */
  #open = 0;

  private constructor(tcp: TcpConnection, limits: ConnectionLimits) {
    this.#tcp = tcp;
    this.#limits = limits;
  }

  static of(tcp: TcpConnection, limits: ConnectionLimits): RequestLimits {
    const known = RequestLimits.#all.get(tcp) ?? new RequestLimits(tcp, limits);
    RequestLimits.#all.set(tcp, known);
    return known;
  }

  watch(request: IncomingMessage, response: ServerResponse): void {
    this.#open++;
    this.#tcp.setDeadline(this.#limits.requestTimeoutMs, 'end of the request');
    request.once('end', () => this.#tcp.clearDeadline());
    response.once('close', () => {
      this.#open--;
      if (this.#open === 0) this.#tcp.setDeadline(this.#limits.connectTimeoutMs, 'further request');
    });
  }
}
