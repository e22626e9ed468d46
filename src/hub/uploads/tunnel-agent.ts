import { Agent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { HttpProxy } from '../../options/proxy';
import { openTunnel, ProxyError, type Endpoint } from '../../network/tunnel';

/** The proxy, the server behind it, and the settings of both connections. */
interface TunnelAgentInit {
  readonly proxy: HttpProxy;
  readonly target: Endpoint;
  readonly secureContext: tls.SecureContext;
  /** Roots to trust for the proxy itself, besides the runtime's own. */
  readonly ca: readonly string[] | undefined;
  /** The time for the proxy's answer, in milliseconds. */
  readonly timeoutMs: number;
}

type Created = (error: Error | null, stream: Duplex) => void;

/** Makes TLS connections to one server, each in a tunnel through a proxy. */
export class TunnelAgent extends Agent {
  readonly #init: TunnelAgentInit;
  /** The controllers that end a tunnel, or the attempt to open it. */
  readonly #tunnels = new Set<AbortController>();

  constructor(init: TunnelAgentInit, options: AgentOptions) {
    super(options);
    this.#init = init;
  }

  /** Called for each new connection, with the callback for the stream. */
  override createConnection(_options: unknown, created?: Created): undefined {
    const { target, secureContext } = this.#init;
    this.#open().then(
      (socket) => {
        const servername = isIP(target.host) === 0 ? { servername: target.host } : {};
        created?.(null, tls.connect({ ...target, ...servername, secureContext, socket }));
      },
      // The type asks for a stream, which is not used together with an error.
      (error: unknown) => (created as ((error: unknown) => void) | undefined)?.(error),
    );
    return undefined;
  }

  override destroy(): void {
    for (const tunnel of this.#tunnels) tunnel.abort();
    super.destroy();
  }

  /** @throws ProxyError */
  async #open(): Promise<Duplex> {
    const { proxy, target, ca, timeoutMs } = this.#init;
    const tunnel = new AbortController();
    this.#tunnels.add(tunnel);
    const late = new ProxyError(proxy, {
      error: Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }),
    });
    const timer = setTimeout(() => tunnel.abort(late), timeoutMs);
    try {
      const socket = await openTunnel(proxy, target, { ca, signal: tunnel.signal });
      socket.once('close', () => this.#tunnels.delete(tunnel));
      return socket;
    } catch (error) {
      this.#tunnels.delete(tunnel);
      throw tunnel.signal.reason === late ? late : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
