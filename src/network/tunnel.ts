import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { HttpProxy } from '../options/proxy';
import { lookup } from './lookup';
import { createContext } from './secure-context';
import type { ProxyFailure } from '../errors/wire-error';

/** The server behind the proxy. */
export interface Endpoint {
  /** Host name or IP address, the latter without brackets. */
  host: string;
  port: number;
}

interface TunnelOptions {
  /** Roots to trust for the proxy itself, besides the runtime's own. */
  ca: readonly string[] | undefined;
  /** Ends the attempt, and the tunnel after it. */
  signal: AbortSignal;
}

/** The proxy refused or could not make the connection. */
export class ProxyError extends Error {
  readonly failure: ProxyFailure;

  constructor({ name }: HttpProxy, reason: ProxyFailure['reason']) {
    super(`The proxy ${name} did not make the connection.`);
    this.name = 'ProxyError';
    this.failure = { proxy: name, reason };
  }
}

/**
 * Asks a proxy for a connection (RFC 9110, section 9.3.6).
 *
 * @throws ProxyError
 */
export async function openTunnel(
  proxy: HttpProxy,
  { host, port }: Endpoint,
  { ca, signal }: TunnelOptions,
): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const request = (proxy.isSecure ? https : http).request({
    method: 'CONNECT',
    host: proxy.host,
    port: proxy.port,
    path: authority,
    headers: { Host: authority, ...proxy.headers },
    agent: false,
    lookup,
    signal,
    ...(proxy.isSecure && {
      secureContext: createContext({ ca }),
      ...(isIP(proxy.host) === 0 && { servername: proxy.host }),
    }),
  });
  return await new Promise<Socket>((resolve, reject) => {
    request.once('connect', ({ statusCode: status = 0 }, socket: Socket, head) => {
      if (status >= 200 && status < 300) {
        // The stream on top of the tunnel reports the error.
        socket.on('error', () => undefined);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(new ProxyError(proxy, { status }));
      }
    });
    request.on('error', (error: Error & { code?: string }) => reject(new ProxyError(proxy, { error })));
    request.end();
  });
}
