import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage as IncomingRequest, ServerResponse } from 'node:http';
import type { IConnectPacket, ISubscription } from 'mqtt-packet';

/** Return codes of a CONNACK packet that refuses (MQTT 3.1.1, 3.2.2.3). */
type ConnectReturnCode = 1 | 2 | 3 | 4 | 5;

/** The services grant at most QoS 1, whatever is asked for. */
export type GrantedQoS = 0 | 1;

/** Why a connection ended. */
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
  /** Whether it may have been sent before [MQTT-3.3.1-1]. */
  readonly isRedelivery?: boolean;
  /** Under which it was sent before on this connection: what is sent again keeps it. */
  readonly packetId?: number;
  /** Called upon PUBACK; at QoS 0 as soon as the message is handed to the socket. */
  readonly onAcknowledged?: () => void;
}

/** A message of a client. QoS 2 never gets here. */
export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: GrantedQoS;
  readonly retain: boolean;
}

/** A client's connection, as its service sees it. */
export interface MqttConnection {
  /** What the client sent in the TLS handshake, leaf first. Empty when it sent no certificate. */
  readonly certificates: readonly X509Certificate[];
  /** Answers with the packet identifier that a message of QoS 1 was sent under. */
  send(message: OutgoingMessage): number | undefined;
  /**
   * Handles nothing more of what the client sends until the returned function is called, however much of it has
   * arrived. Its keep-alive stands still meanwhile, and answers still go out. Calls add up.
   */
  hold(): () => void;
  /** Drops the connection at once. */
  close(reason: DisconnectReason): void;
  /** Drops the connection as soon as what was sent is on its way. */
  closeAfterFlush(reason: DisconnectReason): void;
}

/** The answer to CONNECT. */
export type ConnectVerdict =
  | { readonly returnCode: 0; readonly isSessionPresent: boolean; readonly client: MqttClient }
  | ConnectRefusal;

export interface ConnectRefusal {
  readonly returnCode: ConnectReturnCode;
  /** For the log only: a CONNACK packet has no room for it. */
  readonly reason: string;
}

/** The answer to SUBSCRIBE. */
export interface SubscribeAnswer {
  readonly granted: readonly GrantedQoS[];
  /** What follows SUBACK, e.g. the messages that have been waiting. */
  readonly afterwards?: () => void;
}

/**
 * The service's side of a connected client. Each method may throw `ProtocolViolation`, upon which the connection is
 * closed without an answer.
 */
export interface MqttClient {
  /** CONNACK has been sent. */
  connected(): void;
  /** Something came from the client. */
  active?(): void;
  subscribe(subscriptions: readonly ISubscription[]): SubscribeAnswer;
  unsubscribe(filters: readonly string[]): void;
  /** Checks a message; what it returns runs after the PUBACK has been sent. */
  publish(message: IncomingMessage): () => void;
  /** The connection is gone. Called exactly once. */
  closed(reason: DisconnectReason): void;
}

/** An HTTP request on a port that MQTT is served on, too. */
export interface HttpExchange {
  readonly request: IncomingRequest;
  readonly response: ServerResponse;
  /** What the client sent in the TLS handshake, leaf first. Empty when it sent no certificate. */
  readonly certificates: readonly X509Certificate[];
}

/** What stands behind a listener. */
export interface MqttService {
  /** For the log. */
  readonly label: string;
  connect(packet: IConnectPacket, connection: MqttConnection): ConnectVerdict;
  /** Answers a request over HTTPS. A service without it answers 404. */
  handleRequest?(exchange: HttpExchange): void;
}

/** One condition of a connection; services list theirs in the order in which they are checked. */
export interface ConnectStep<Context> {
  readonly isRefused: (context: Context) => boolean;
  readonly returnCode: ConnectReturnCode | ((context: Context) => ConnectReturnCode);
  readonly reason: string;
}

/** The first refusal among the steps. */
export function firstRefusal<Context>(
  steps: readonly ConnectStep<Context>[],
  context: Context,
): ConnectRefusal | undefined {
  const step = steps.find(({ isRefused }) => isRefused(context));
  if (step === undefined) return undefined;
  const { returnCode, reason } = step;
  return { returnCode: typeof returnCode === 'function' ? returnCode(context) : returnCode, reason };
}
