import type { JsonValue } from '../protocol/json';

/**
 * When an action takes effect.
 *
 * - `before` (the default): the service does not see what the device sent, and what the service sent is not on its way.
 * - `after`: the service has dealt with it. If it answers, the answer is what the action befalls: it is lost with the
 *   connection, never sent, or late. What the service sends by itself is on its way.
 */
export type FaultMoment = 'before' | 'after';

/** Part of the actions that have a moment to choose. */
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

/** It comes late. What follows on the same connection waits, so that the order stays as it is. */
export interface DelayAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'delay';
  /** Milliseconds, from 1 to 2 147 483 647. */
  ms: number;
}

/** From then on, each direction of the connection carries so much and no more. */
export interface ThrottleAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'throttle';
  /** From 1. */
  bytesPerSecond: number;
}

/**
 * From then on the connection is dead and neither side is told, as behind a NAT that has lost its table: what is sent is
 * taken and never arrives. The service keeps the device for connected until its keep-alive expires or it connects anew.
 */
export interface SwallowAction extends AtMoment<FaultMoment> {
  kind: 'swallow';
  /** Default `both`. */
  direction?: 'both' | 'from-device' | 'to-device';
}

/** The connection stays as it is, and nothing more comes from the server. */
export interface StallAction {
  kind: 'stall';
}

/** The server shows a certificate that a device must not accept. */
export interface CertificateAction {
  kind: 'certificate';
  /**
   * - `untrusted`: of another root than the emulator's `ca`;
   * - `expired`, `not-yet-valid`: by one day;
   * - `wrong-host`: for `wrong-host.invalid`.
   */
  certificate: 'untrusted' | 'expired' | 'not-yet-valid' | 'wrong-host';
}

/** CONNACK with a return code that refuses; the service does not see the CONNECT packet. */
export interface RefuseConnectAction {
  kind: 'refuse';
  /** 1 protocol version, 2 identifier, 3 unavailable, 4 bad username or password, 5 not authorized (MQTT 3.1.1, 3.2.2.3). */
  returnCode: 1 | 2 | 3 | 4 | 5;
}

/** SUBACK with 0x80 for every topic filter; the service does not see the SUBSCRIBE packet. */
export interface RefuseSubscribeAction {
  kind: 'refuse';
}

/**
 * There is no answer, though the connection stays. At QoS 1, requests to DPS and to the twin are acknowledged (PUBACK)
 * all the same; to withhold that, put a fault at `puback`.
 */
export interface IgnoreAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'ignore';
}

/** An answer made up by the test; the service does not see the request. */
export interface AnswerAction {
  kind: 'answer';
  /** 200 to 599. */
  status: number;
  /** The service's six-digit code. Default: `status` and three zeros, in answers from 300 on. */
  code?: number;
  /** The text that goes with the code. */
  message?: string;
  /** Seconds, from 0. Azure is not documented to send it with twins. */
  retryAfterSeconds?: number;
  /** Instead of the body that code and message make. */
  body?: JsonValue;
}

/** What {@link GarbageAction} can send. */
export type GarbageKind = 'not-mqtt' | 'not-http' | 'not-json' | 'truncated';

/**
 * Something unusable instead of the service's answer, or of what it sends by itself:
 *
 * - `not-mqtt` (`not-http`): bytes that are no packet (no response);
 * - `not-json`: the right packet with a body that is not JSON;
 * - `truncated`: the first half of the packet (response), and the end of the connection.
 */
export interface GarbageAction<What extends GarbageKind> {
  kind: 'garbage';
  what: What;
}

/** It is sent twice; the second time it is marked as a duplicate. */
export interface DuplicateAction {
  kind: 'duplicate';
}

/** The hub drops the device's connection, as `HubEmulator.disconnectDevice` does. */
export interface DisconnectAction extends AtMoment<FaultMoment> {
  kind: 'disconnect';
}

/** The device's identity is disabled at its hub: its connection is dropped, and the next one refused. */
export interface DisableAction extends AtMoment<FaultMoment> {
  kind: 'disable';
}

/** The device's identity is deleted at its hub, with twin and messages; its next registration makes a new one. */
export interface DeleteAction extends AtMoment<FaultMoment> {
  kind: 'delete';
}

/**
 * The device's enrollment is changed to another hub, and its identity is disabled at the present one, which drops it: it
 * learns of its new hub when it registers again, and that takes its twin along. With an enrollment group, the group's
 * other devices follow at their next registrations.
 */
export interface MoveAction extends AtMoment<FaultMoment> {
  kind: 'move';
  /** The name of a hub that is linked to DPS. */
  to: string;
}

/** A service stops listening, drops everybody, and comes back on the same port. */
export interface RestartAction<Moment extends FaultMoment = FaultMoment> extends AtMoment<Moment> {
  kind: 'restart';
  /** `dps` or the name of a hub. Default: the service that the fault befalls. */
  service?: string;
  /** Milliseconds for which connections are refused, from 0 to 2 147 483 647. */
  downMs: number;
}

/** What a service can do of its own accord. */
export type ServiceAction = DisconnectAction | DisableAction | DeleteAction | MoveAction | RestartAction;

/** What can befall any connection that speaks MQTT. */
export type ConnectionAction = CloseAction | ResetAction | ThrottleAction | SwallowAction | ServiceAction;

/** What can befall something that is answered. */
export type AnsweredAction = ConnectionAction | DelayAction | IgnoreAction;

/** What can befall something that is not answered, or is an answer itself. */
export type UnansweredAction = ConnectionAction | DelayAction<'before'> | IgnoreAction<'before'>;
