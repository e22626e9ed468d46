import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import type { HttpProxy } from '../../options/proxy';
import { clientContext, createContext, type ClientIdentity } from '../../network/secure-context';
import { TunnelAgent } from './tunnel-agent';

/** Longest silence of a server, in milliseconds. Storing a block takes some time. */
const SILENCE_MS = 60_000;
/** The largest answer that is read. Expected ones have a few hundred bytes. */
const MAX_BODY_BYTES = 256 * 1024;
const HTTPS_PORT = 443;
/** `name`, `name:port`, `[address]` or `[address]:port`. */
const HOST = /^(?:\[(?<address>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d+))?$/;

/** The server, the client certificate and the trusted roots. */
export interface HttpsOptions {
  /** Host name, optionally with a port. Default port 443. */
  readonly host: string;
  /** Client certificate with its chain, and private key; absent where the server asks for none. */
  readonly identity?: ClientIdentity;
  /** Roots to trust besides the runtime's own. */
  readonly ca?: readonly string[] | undefined;
  /** The proxy that makes the connections. */
  readonly proxy?: HttpProxy | undefined;
}

export interface HttpsRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** A complete answer. */
export interface HttpsResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The server was silent for too long. */
export class SilenceError extends Error {
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = 'SilenceError';
    this.timeoutMs = timeoutMs;
  }
}

/** Connections to one server, over TLS and with the server verified, kept until {@link close}. */
export class HttpsClient {
  readonly #host: string;
  readonly #address: { readonly host: string; readonly port: number };
  readonly #agent: Agent;

  /** Throws what `node:tls` throws for a key or certificate that it cannot use. */
  constructor({ host, identity, ca, proxy }: HttpsOptions) {
    const { address, name, port } = HOST.exec(host)?.groups ?? {};
    this.#host = host;
    this.#address = { host: address ?? name ?? host, port: Number(port ?? HTTPS_PORT) };
    const secureContext = identity ? clientContext(identity, ca) : createContext({ ca });
    const options = { keepAlive: true, secureContext };
    this.#agent = proxy
      ? new TunnelAgent({ proxy, target: this.#address, ca, timeoutMs: SILENCE_MS, ...options }, options)
      : new Agent(options);
  }

  /**
   * Always settles: with the answer of any status, with `signal.reason`, a SilenceError or the error of the system or
   * of TLS.
   */
  async send({ method, path, headers, body }: HttpsRequest, signal: AbortSignal): Promise<HttpsResponse> {
    signal.throwIfAborted();
    const sent = request({
      ...this.#address,
      agent: this.#agent,
      method,
      path,
      headers: { host: this.#host, 'content-length': body.length, ...headers },
      timeout: SILENCE_MS,
      signal,
    });
    // The answer is awaited below; later errors do not matter.
    sent.on('error', () => undefined);
    sent.on('timeout', () => sent.destroy(new SilenceError(SILENCE_MS)));
    try {
      sent.end(body);
      // A request that waits for a proxy does not react to the signal.
      const [response] = (await once(sent, 'response', { signal })) as [IncomingMessage];
      return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) };
    } catch (error) {
      sent.destroy();
      throw signal.aborted ? signal.reason : error;
    }
  }

  /** Closes the connections; requests under way fail. */
  close(): void {
    this.#agent.destroy();
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A response without an encoding yields buffers.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
