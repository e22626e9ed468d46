import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { DeferredResponse } from './https/deferred-response';
import type { HttpExchange } from './https/exchange';
import type { PacketInterceptor } from './mqtt/packet-interceptor';
import type { TcpConnection } from './tcp/tcp-connection';

/** An interceptor's changes to a TLS handshake. */
export interface HandshakeOverrides {
  /** The credentials in place of the listener's certificate. */
  readonly secureContext?: SecureContext;
  /** Wraps the socket below TLS. */
  readonly wrap?: (socket: Socket) => Duplex;
  /** Called after the handshake, in place of serving the client. */
  readonly onSecure?: () => void;
}

/** A request whose response can be deferred. */
export interface InterceptedExchange extends HttpExchange {
  readonly response: DeferredResponse;
}

/** Intercepts what happens between a listener and its clients. Each method calls `proceed` at once, later, or never. */
export interface Interceptor extends PacketInterceptor {
  /** A TCP connection was accepted. */
  accepted(tcp: TcpConnection, proceed: (overrides?: HandshakeOverrides) => void): void;
  /** A request came over HTTPS. */
  request(exchange: InterceptedExchange, tcp: TcpConnection, proceed: () => void): void;
}
