import type { TcpConnection } from './tcp-connection';

/**
 * The connections that have no MQTT client yet. Beyond the limit, the oldest one is closed, so that idle connections
 * cannot keep devices out.
 */
export class PendingConnections {
  readonly #limit: number;
  readonly #connections = new Set<TcpConnection>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(tcp: TcpConnection): void {
    this.#connections.add(tcp);
    tcp.onClosed(() => this.delete(tcp));
    if (this.#connections.size <= this.#limit) return;
    const [oldest] = this.#connections;
    if (oldest === undefined) return;
    this.delete(oldest);
    oldest.destroy();
  }

  delete(tcp: TcpConnection): void {
    this.#connections.delete(tcp);
  }
}
