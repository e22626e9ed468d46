import type { JsonValue } from '../protocol/json';

/**
 * The moment at which an action takes effect.
 *
 * - `before` (the default): the service does not handle the device's packet; its own packet has not been sent yet.
 * - `after`: the service has handled the device's packet. The action then applies to the answer, which is lost with the
 *   connection, never sent, or late. A packet that the service sends without a request has been sent.
 */
export type FaultMoment = 'before' | 'after';

/** The member of actions that take effect `before` or `after` a step. */
export interface AtMoment<Moment extends FaultMoment> {
  /** Default `before`. */
  when?: Moment;
}

/** Ends the connection with a FIN. */
export interface CloseAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'close';
}

/** Breaks the connection with an RST. */
export interface ResetAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'reset';
}

/** Delays the packet or request. Later packets on the same connection wait, so that the order stays. */
export interface DelayAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'delay';
  /** Milliseconds, from 1 to 2 147 483 647. */
  ms: number;
}

/** Limits the rate of each direction of the connection from then on. */
export interface ThrottleAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'throttle';
  /** The rate, from 1. */
  bytesPerSecond: number;
}

/**
 * Discards all bytes from then on, unnoticed by either side, like a NAT that has lost its table. The
 * service considers the device connected until its keep-alive expires or it connects anew.
 */
export interface SwallowAction extends AtMoment<FaultMoment> {
  kind: 'swallow';
  /** Default `both`. */
  direction?: 'both' | 'from-device' | 'to-device';
}

/** Keeps the connection open, and sends nothing more from the server. */
export interface StallAction {
  kind: 'stall';
}

/** Has the server present a certificate that a device must not accept. */
export interface CertificateAction {
  kind: 'certificate';
  /**
   * - `untrusted`: of another root than the emulator's `ca`;
   * - `expired`, `not-yet-valid`: by one day;
   * - `wrong-host`: for `wrong-host.invalid`.
   */
  certificate: 'untrusted' | 'expired' | 'not-yet-valid' | 'wrong-host';
}

/** Answers CONNACK with a return code that refuses. The service does not handle the CONNECT packet. */
export interface RefuseConnectAction {
  kind: 'refuse';
  /**
   * 1 protocol version, 2 identifier, 3 unavailable, 4 bad username or password, 5 not authorized (MQTT 3.1.1,
   * 3.2.2.3).
   */
  returnCode: 1 | 2 | 3 | 4 | 5;
}

/** Answers SUBACK with 0x80 for every topic filter. The service does not handle the SUBSCRIBE packet. */
export interface RefuseSubscribeAction {
  kind: 'refuse';
}

/**
 * Sends no answer. The connection stays. At QoS 1, requests to DPS and to the twin are acknowledged (PUBACK) all the
 * same; a fault at `puback` prevents that.
 */
export interface IgnoreAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'ignore';
}

/** Sends the given answer. The service does not handle the request. */
export interface AnswerAction {
  kind: 'answer';
  /** 200 to 599. */
  status: number;
  /** The service's six-digit code. Default: `status` and three zeros, in answers from 300 on. */
  code?: number;
  /** The text beside the code. */
  message?: string;
  /** Seconds, from 0. Azure does not document it for twins. */
  retryAfterSeconds?: number;
  /** The body, in place of the one with code and message. */
  body?: JsonValue;
}

/** The kinds of {@link GarbageAction}. */
export type GarbageKind = 'not-mqtt' | 'not-http' | 'not-json' | 'truncated';

/**
 * Sends something unusable in place of the service's answer or message:
 *
 * - `not-mqtt` (`not-http`): bytes that are no packet (no response);
 * - `not-json`: the right packet with a body that is not JSON;
 * - `truncated`: the first half of the packet (response), and the end of the connection.
 */
export interface GarbageAction<What extends GarbageKind> {
  kind: 'garbage';
  what: What;
}

/** Sends the message twice, the second time marked as a duplicate. */
export interface DuplicateAction {
  kind: 'duplicate';
}

/** Closes the device's connection at its hub, as `HubEmulator.disconnectDevice` does. */
export interface DisconnectAction extends AtMoment<FaultMoment> {
  kind: 'disconnect';
}

/** Disables the device's identity at its hub: its connection is closed, and the next one refused. */
export interface DisableAction extends AtMoment<FaultMoment> {
  kind: 'disable';
}

/** Deletes the device's identity at its hub, with twin and messages. Its next registration makes a new one. */
export interface DeleteAction extends AtMoment<FaultMoment> {
  kind: 'delete';
}

/**
 * Moves the device to another hub: changes `iotHubs` of its enrollment, and disables its identity at the present hub,
 * which closes its connection. The device learns of its new hub when it registers again, and its twin moves with it.
 * The other devices of an enrollment group follow at their next registrations.
 */
export interface MoveAction extends AtMoment<FaultMoment> {
  kind: 'move';
  /** The name of a hub that is linked to DPS. */
  to: string;
}

/** Stops a service, closing all its connections, and starts it again on the same port. */
export interface RestartAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'restart';
  /** `dps` or the name of a hub. Default: the service that the fault hits. */
  service?: string;
  /** The time for which connections are refused, in milliseconds, from 0 to 2 147 483 647. */
  downMs: number;
}

/** An action of a service. */
export type ServiceAction = DisconnectAction | DisableAction | DeleteAction | MoveAction | RestartAction;

/** An action on any connection that speaks MQTT. */
export type ConnectionAction = CloseAction | ResetAction | ThrottleAction | SwallowAction | ServiceAction;

/** An action on a packet that is answered. */
export type AnsweredAction = ConnectionAction | DelayAction | IgnoreAction;

/** An action on a packet that is not answered, or is an answer itself. */
export type UnansweredAction = ConnectionAction | DelayAction<'before'> | IgnoreAction<'before'>;
