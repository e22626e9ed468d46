import type {
  AnswerAction,
  AnsweredAction,
  CertificateAction,
  CloseAction,
  DelayAction,
  DuplicateAction,
  GarbageAction,
  IgnoreAction,
  RefuseConnectAction,
  RefuseSubscribeAction,
  ResetAction,
  RestartAction,
  ServiceAction,
  StallAction,
  ThrottleAction,
  UnansweredAction,
} from './action-types';

/** The steps at which a fault may strike, with what can be done there. */
export interface FaultActions {
  /** A TCP connection was accepted. What comes closest to a refused connection is `reset`; a real one is `restart`. */
  tcp:
    | CloseAction<'before'>
    | ResetAction<'before'>
    | StallAction
    | DelayAction<'before'>
    | ThrottleAction<'before'>
    | RestartAction<'before'>;
  /** The TLS handshake. `before` is when the device has begun it, `after` when it is over. */
  tls: CloseAction | ResetAction | StallAction | DelayAction<'before'> | CertificateAction;
  /** CONNECT, which is answered with CONNACK. */
  connect: AnsweredAction | RefuseConnectAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** SUBSCRIBE, which is answered with SUBACK. */
  subscribe: AnsweredAction | RefuseSubscribeAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** UNSUBSCRIBE, which is answered with UNSUBACK. */
  unsubscribe: AnsweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** A registration at DPS. */
  register: AnsweredAction | AnswerAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** A question to DPS how a registration goes. */
  poll: AnsweredAction | AnswerAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** A message of the device or module, which is answered with PUBACK if its QoS is 1. */
  telemetry: AnsweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** The device reads its twin. */
  'twin-get': AnsweredAction | AnswerAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** The device changes its reported properties. */
  'twin-update': AnsweredAction | AnswerAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** The hub calls a direct method. */
  'method-request': UnansweredAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** The device answers a direct method. */
  'method-response': UnansweredAction;
  /** The hub tells the device of a change of its desired properties. */
  'desired-properties': UnansweredAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** A message to the device. */
  'cloud-to-device': UnansweredAction | DuplicateAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** PUBACK of the service, for anything that a device has published at QoS 1. */
  puback: UnansweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** PUBACK of the device, for what the service has sent at QoS 1. */
  'device-puback': UnansweredAction;
  /** PINGREQ, which is answered with PINGRESP. */
  ping: AnsweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** A request over HTTPS, to DPS or a hub. The upgrade to WebSockets is none. */
  http:
    | CloseAction
    | ResetAction
    | DelayAction
    | IgnoreAction
    | AnswerAction
    | GarbageAction<'not-http' | 'not-json' | 'truncated'>
    | ServiceAction;
}

/** Where a fault may strike. */
export type FaultStep = keyof FaultActions;

/** A fault at one step. */
export interface FaultAt<Step extends FaultStep> {
  /** The step at which it strikes. */
  at: Step;
  /**
   * The device's ID at a hub, `device/module` for a module; at DPS the registration ID, in which case does not count.
   * Default: any. A device is not known before its CONNECT packet or HTTP request, so not at `tcp` and `tls`.
   */
  device?: Step extends 'tcp' | 'tls' ? never : string;
  /** `dps` (which serves IoT Central, too) or the name of a hub or of an IoT Central application. Default: any. */
  service?: string;
  /** How many times it lets go by what it could strike at. Default 0. */
  skip?: number;
  /** How many times it strikes, from 1; `Infinity` for ever. Default 1. */
  times?: number;
  /**
   * How likely it strikes each time, above 0 and at most 1. Default 1. Drawn from the emulator's seed, for each fault and
   * each device by itself: the same seed and the same faults, added in the same order, strike at the same packets of a
   * device, however many devices there are.
   */
  probability?: number;
  action: FaultActions[Step];
}

/** What {@link Faults.add} takes: a step, whom it befalls, how often, and what is done. */
export type FaultInit = { [Step in FaultStep]: FaultAt<Step> }[FaultStep];

/** A stroke of a fault. */
export interface FaultHit {
  readonly at: FaultStep;
  /** `undefined` when it is not known, as on a port that services share before CONNECT. */
  readonly service: string | undefined;
  /** `undefined` when it is not known (yet). */
  readonly device: string | undefined;
}

/** A fault that was added. */
export interface Fault {
  /** As it was given. */
  readonly init: FaultInit;
  /** How many times it has struck. */
  readonly hits: number;
  /**
   * Resolves with the stroke of that number, from 1, at once if it was struck already.
   *
   * Rejects when the fault is removed, or the emulator closed, before that, and when it strikes fewer times.
   */
  whenHit(count?: number): Promise<FaultHit>;
  /**
   * Takes it back, and what it holds: delays end, throttles are lifted, connections that it stalled or swallowed are
   * reset. Idempotent.
   */
  remove(): void;
}

/**
 * Faults of the network and the services, put in by a test.
 *
 * Of several faults that could strike at the same packet, the one that was added first does; one that is used up, skips, or
 * is spared by its probability leaves it to the next.
 */
export interface Faults {
  /**
   * Adds a fault, which holds from the next packet on, for connections that exist already, too.
   *
   * @example
   * ```ts
   * // The second registration of pump-1 is throttled, once.
   * emulator.faults.add({
   *   at: 'register',
   *   device: 'pump-1',
   *   skip: 1,
   *   action: { kind: 'answer', status: 429, code: 429001, retryAfterSeconds: 1 },
   * });
   * ```
   * @throws InvalidOptionsError for an action that the step does not have, an unknown service, or a value out of range.
   */
  add(fault: FaultInit): Fault;
  /** Those that were added and not removed, used up or not, in the order in which they were added. */
  list(): readonly Fault[];
  /** Removes them all. */
  clear(): void;
}
