import type { X509Certificate } from 'node:crypto';
import type { ISubscription } from 'mqtt-packet';

/** The QoS of a subscription. The services grant at most QoS 1. */
export type GrantedQoS = 0 | 1;

/** The reason for which a connection ended. */
export type DisconnectReason =
  /** The client sent DISCONNECT. */
  | 'client-disconnected'
  /** The connection ended without DISCONNECT. */
  | 'connection-lost'
  /** Nothing came from the client for one and a half times its keep-alive. */
  | 'keep-alive-expired'
  /** The same device connected anew. */
  | 'taken-over'
  /** The client broke the protocol or a rule of the service. */
  | 'protocol-violation'
  /** The client did not read what was sent to it. */
  | 'slow-consumer'
  /** DPS refused the registration. */
  | 'refused'
  /** The device's identity was disabled. */
  | 'device-disabled'
  /** The device's identity was deleted. */
  | 'device-deleted'
  /** The hub was stopped. */
  | 'hub-stopped'
  /** The emulator was closed. */
  | 'emulator-closed';

/** A message to a client. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: GrantedQoS;
  /** True if the message may have been sent before [MQTT-3.3.1-1]. */
  readonly isRedelivery?: boolean;
  /** The packet identifier of the earlier delivery on this connection, which a redelivery keeps. */
  readonly packetId?: number;
  /** Called upon PUBACK. At QoS 0, called as soon as the message is handed to the socket. */
  readonly onAcknowledged?: () => void;
}

/** A message of a client. Messages of QoS 2 are refused before. */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: GrantedQoS;
  readonly retain: boolean;
}

/** A client's connection, as its service sees it. */
export interface MqttConnection {
  /** The certificates that the client sent in the TLS handshake, leaf first. Empty when it sent none. */
  readonly certificates: readonly X509Certificate[];
  /** Sends a message. Returns the packet identifier of a message of QoS 1. */
  send(message: OutgoingMessage): number | undefined;
  /** Closes the connection at once. */
  close(reason: DisconnectReason): void;
  /** Closes the connection when everything has been sent. */
  closeAfterFlush(reason: DisconnectReason): void;
}

/** The service's answer to SUBSCRIBE. */
export interface SubscribeAnswer {
  readonly granted: readonly GrantedQoS[];
  /** Called after SUBACK, e.g. to send the messages that have been waiting. */
  readonly afterwards?: () => void;
}

/**
 * The service's side of a connected client. Each method may throw `ProtocolViolation`: the connection is then closed
 * without an answer.
 */
export interface MqttClient {
  /** CONNACK has been sent. */
  connected(): void;
  /** A packet came from the client. */
  active?(): void;
  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer;
  unsubscribe(filters: readonly string[]): void;
  /** Checks a message. The returned function is called after PUBACK has been sent. */
  publish(message: IncomingMessage): () => void;
  /** The connection is closed. Called exactly once. */
  closed(reason: DisconnectReason): void;
}
