import type { Link } from './tcp-connection';

/** Connections that have no MQTT session (yet). Beyond the limit the oldest is dropped, so that nobody can keep others out. */
export class PendingLinks {
  readonly #limit: number;
  readonly #links = new Set<Link>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(link: Link): void {
    this.#links.add(link);
    link.onClosed(() => this.delete(link));
    if (this.#links.size <= this.#limit) return;
    const [oldest] = this.#links;
    if (oldest === undefined) return;
    this.delete(oldest);
    oldest.destroy();
  }

  /** The connection has come further, or is gone. */
  delete(link: Link): void {
    this.#links.delete(link);
  }
}
