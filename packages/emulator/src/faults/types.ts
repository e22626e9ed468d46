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

/** The steps at which a fault may hit, with the actions of each. */
export interface FaultActions {
  /**
   * A TCP connection was accepted. For a refused connection, `reset` comes closest; `restart` refuses all connections.
   */
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
  /** A poll: the device asks DPS for the outcome of its registration. */
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
  /** The hub notifies the device of changed desired properties. */
  'desired-properties': UnansweredAction | GarbageAction<'not-mqtt' | 'not-json' | 'truncated'>;
  /** A message to the device. */
  'cloud-to-device': UnansweredAction | DuplicateAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** PUBACK of the service, for a message that a device has published at QoS 1. */
  puback: UnansweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** PUBACK of the device, for a message that the service has sent at QoS 1. */
  'device-puback': UnansweredAction;
  /** PINGREQ, which is answered with PINGRESP. */
  ping: AnsweredAction | GarbageAction<'not-mqtt' | 'truncated'>;
  /** A request over HTTPS, to DPS or a hub. The upgrade to WebSockets does not count. */
  http:
    | CloseAction
    | ResetAction
    | DelayAction
    | IgnoreAction
    | AnswerAction
    | GarbageAction<'not-http' | 'not-json' | 'truncated'>
    | ServiceAction;
}

/** A step at which a fault may hit. */
export type FaultStep = keyof FaultActions;

/** A fault at one step. */
export interface FaultAt<Step extends FaultStep> {
  /** The step at which the fault hits. */
  at: Step;
  /**
   * The device's ID at a hub, `device/module` for a module; at DPS the registration ID, compared without case.
   * Default: any. Not at `tcp` and `tls`: a device is known from its CONNECT packet or HTTP request on.
   */
  device?: Step extends 'tcp' | 'tls' ? never : string;
  /** `dps` (which serves IoT Central, too) or the name of a hub or of an IoT Central application. Default: any. */
  service?: string;
  /** The number of targets that the fault skips before it hits. Default 0. */
  skip?: number;
  /** The number of hits, from 1; `Infinity` for no limit. Default 1. */
  times?: number;
  action: FaultActions[Step];
}

/** A fault for {@link Faults.add}: a step, a target, how often, and an action. */
export type FaultInit = { [Step in FaultStep]: FaultAt<Step> }[FaultStep];

/** One hit of a fault. */
export interface FaultHit {
  readonly at: FaultStep;
  /** The service. `undefined` when it is not known, as on a shared port before CONNECT. */
  readonly service: string | undefined;
  /** The device. `undefined` when it is not known. */
  readonly device: string | undefined;
}

/** An added fault. */
export interface Fault {
  /** The given definition. */
  readonly init: FaultInit;
  /** The number of hits so far. */
  readonly hits: number;
  /**
   * Resolves with the hit of that number, from 1; at once if it has happened already. Default 1.
   *
   * Rejects when the fault is removed or the emulator closed before that, and when the fault hits fewer times.
   */
  whenHit(count?: number): Promise<FaultHit>;
  /**
   * Removes the fault. Its delays end, its throttles are lifted, and connections that it stalled or swallowed are
   * reset. Idempotent.
   */
  remove(): void;
}

/**
 * The faults of the network and the services.
 *
 * If several faults could hit the same target, the first one added does. A fault that is used up, or that skips the
 * target, leaves it to the next fault.
 */
export interface Faults {
  /**
   * Adds a fault. It takes effect from the next packet on, on existing connections too.
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
  /** The faults that were added and not removed, the used-up ones included, in the order in which they were added. */
  list(): readonly Fault[];
  /** Removes all faults. */
  clear(): void;
}
