import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Packet } from 'mqtt-packet';
import type { Link } from './tcp/tcp-connection';
import type { HttpExchange } from './mqtt/service';
import type { MqttSession } from './mqtt/client-connection';
import type { WatchedResponse } from './https/deferred-response';

/** How a TLS handshake departs from the usual one. */
export interface HandshakeDepartures {
  /** Instead of the listener's certificate. */
  readonly secureContext?: SecureContext;
  /** Puts something between the socket and TLS. */
  readonly wrap?: (socket: Socket) => Duplex;
  /** Runs when the handshake is over, instead of reading what the client says next. */
  readonly onSecure?: () => void;
}

/** A request whose response can be kept back. */
export interface InterceptedExchange extends HttpExchange {
  readonly response: WatchedResponse;
}

/**
 * Comes between a listener and its clients. Each method does what it does instead of what would happen without it, which
 * is to call `proceed`: at once, later, or never.
 */
export interface Interceptor {
  /** False while there is nothing to come between. Read before each call, so that nothing is lost on a faultless run. */
  readonly isActive: boolean;
  /** A TCP connection was accepted. */
  accepted(link: Link, proceed: (departures?: HandshakeDepartures) => void): void;
  /** A packet came from a client. */
  incoming(packet: Packet, session: MqttSession, proceed: () => void): void;
  /** A packet is about to go to a client. */
  outgoing(packet: Packet, session: MqttSession, proceed: () => void): void;
  /** A request came over HTTPS. */
  request(exchange: InterceptedExchange, link: Link, proceed: () => void): void;
}
