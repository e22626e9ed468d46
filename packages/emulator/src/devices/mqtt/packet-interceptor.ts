import type { IConnectPacket, Packet } from 'mqtt-packet';
import type { Channel } from './channel';
import type { GrantedQoS, MqttConnection } from './client';
import type { ExpectedAnswers } from './expected-answers';

/** A client's connection, as an interceptor sees it. */
export interface InterceptedConnection extends MqttConnection {
  readonly channel: Channel;
  /** The answers that an interceptor handles in place of sending them. */
  readonly expected: ExpectedAnswers;
  /** The QoS granted for each topic filter on this connection. */
  readonly granted: ReadonlyMap<string, GrantedQoS>;
  /** The CONNECT packet; `undefined` until it came. */
  readonly connectPacket: IConnectPacket | undefined;
  /** Sends a packet, unless it is intercepted. */
  write(packet: Packet): void;
  /** Sends a packet. It is not intercepted. */
  put(packet: Packet): void;
  /** Sends a packet after the delay, and all later ones after it. The returned function ends the delay. */
  putLater(packet: Packet, delayMs: number, onSent: () => void): () => void;
  /** Runs `run`; closes the connection when it throws. */
  guard(run: () => void): void;
  /** Breaks the connection as a failing network does. */
  break(how: 'end' | 'reset'): void;
}

/** Intercepts packets between a service and its clients: calls `proceed` at once, later, or never. */
export interface PacketInterceptor {
  /** False while nothing is intercepted; the other methods are not called then. */
  readonly isActive: boolean;
  /** A packet came from a client. */
  incoming(packet: Packet, connection: InterceptedConnection, proceed: () => void): void;
  /** A packet is about to be sent to a client. */
  outgoing(packet: Packet, connection: InterceptedConnection, proceed: () => void): void;
}
