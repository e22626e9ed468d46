import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MqttLimits } from '../tcp/limits';
import type { Link } from '../tcp/tcp-connection';

/** Limits how long the requests of one connection may take to arrive. */
export class HttpLimits {
  static readonly #all = new WeakMap<Link, HttpLimits>();
  readonly #link: Link;
  readonly #limits: MqttLimits;
  /** Requests that are not answered yet. */
  #open = 0;

  private constructor(link: Link, limits: MqttLimits) {
    this.#link = link;
    this.#limits = limits;
  }

  static of(link: Link, limits: MqttLimits): HttpLimits {
    const known = HttpLimits.#all.get(link) ?? new HttpLimits(link, limits);
    HttpLimits.#all.set(link, known);
    return known;
  }

  /** Node's own limit would need a server that listens by itself. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    this.#open++;
    this.#link.limit(this.#limits.requestTimeoutMs, 'end of the request');
    request.once('end', () => this.#link.unlimit());
    response.once('close', () => {
      this.#open--;
      if (this.#open === 0) this.#link.limit(this.#limits.connectTimeoutMs, 'further request');
    });
  }
}
