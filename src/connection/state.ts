import type { EventEmitter } from 'node:events';
import type { DeviceError } from 'azure-iot-certificates';
import createDebug from 'debug';
import { abortable } from '../network/deadline';
import type { Registration } from '../options/registration';
import type { DeviceConnectionEvents } from './device-connection';
import { safely } from './callbacks';

const debug = createDebug('azure-iot-x509:connection');

/** The last failure of a connection that is being made, and what follows it. */
export interface NextAttempt {
  /** The error that ended the last connection or attempt. */
  readonly error: DeviceError;
  /** The number of the attempt that comes next or is under way, from 1. */
  readonly attempt: number;
  /** When the attempt starts; absent while it is under way. */
  readonly nextAttemptAt?: Date;
  /** The time of the first of the last attempts that were all refused, by DPS or the hub; absent after another failure. */
  readonly refusedSince?: Date;
  /** The next step of the connection, or of the operator. */
  readonly advice: string;
}

/** The state of a `DeviceConnection`. */
export type ConnectionState =
  | ({
      /** The hub is being connected to for the first time. The further members are present after a failed attempt. */
      readonly status: 'connecting';
      readonly since: Date;
    } & Partial<NextAttempt>)
  | {
      /** The device registers with DPS, because it has no hub yet or its hub refused it. */
      readonly status: 'provisioning';
      readonly since: Date;
      /** The error that ended the last connection or attempt; absent at the first attempt. */
      readonly error?: DeviceError;
    }
  | {
      /** The hub is connected, and every feature that the program uses is enabled or named by a warning. */
      readonly status: 'connected';
      readonly since: Date;
      /**
       * A failure that does not affect the connection itself: a store that cannot be written, a renewed certificate
       * that cannot be used, features that the hub refuses (code `FEATURE_REFUSED`). The first one of `warnings`.
       */
      readonly warning?: DeviceError;
      /** All such failures, if there is one. */
      readonly warnings?: readonly DeviceError[];
    }
  | ({
      /** The connection was lost; the next attempt is under way or waits for its time. */
      readonly status: 'reconnecting';
      readonly since: Date;
    } & NextAttempt)
  | {
      /** The end: closed by its owner, or given up. */
      readonly status: 'closed';
      readonly since: Date;
      /** The error that ended the connection; absent when its owner closed it. */
      readonly error?: DeviceError;
      /** The next step of the operator. */
      readonly advice?: string;
    };

type Without<State, Key extends PropertyKey> = State extends unknown ? Omit<State, Key> : never;

/** A state without its time. */
export type NextState = Without<ConnectionState, 'since'>;

/** The sources of the warnings of a connected state. */
export type WarningSource = 'assignments' | 'credentials' | 'features';

/** Holds the state of a connection, and emits its events. */
export class ConnectionStatus {
  readonly #events: EventEmitter<DeviceConnectionEvents>;
  readonly #registrationId: string;
  #state: ConnectionState = { status: 'connecting', since: new Date() };
  #warnings: Partial<Record<WarningSource, DeviceError>> = {};
  /** Those who wait for the state `connected`. */
  readonly #waiting = new Set<() => void>();

  constructor(events: EventEmitter<DeviceConnectionEvents>, registrationId: string) {
    this.#events = events;
    this.#registrationId = registrationId;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** True if somebody gets the next state, or waits for the connection. */
  get isHeard(): boolean {
    return this.#waiting.size > 0 || this.#events.listenerCount('state') > 0;
  }

  /** Resolves as soon as the state is `connected`. Rejects with the reason of the signal that aborts first. */
  async connected(signals: readonly AbortSignal[]): Promise<void> {
    if (this.#state.status === 'connected') return;
    let proceed: (() => void) | undefined;
    const connected = new Promise<void>((resolve) => {
      proceed = resolve;
      this.#waiting.add(resolve);
    });
    try {
      await signals.reduce(abortable, connected);
    } finally {
      if (proceed) this.#waiting.delete(proceed);
    }
  }

  /** Changes the state, which is final once it is `closed`. */
  set(next: NextState): void {
    if (this.#state.status === 'closed') return;
    this.#set(next, new Date());
  }

  /** Adds, replaces or (with `undefined`) withdraws the warning of one source. */
  warn(source: WarningSource, warning: DeviceError | undefined): void {
    const { [source]: previous, ...others } = this.#warnings;
    if (previous?.message === warning?.message) return;
    this.#warnings = warning ? { ...others, [source]: warning } : others;
    if (warning) debug('%s: warning: %s', this.#registrationId, warning.message);
    if (this.#state.status === 'connected') this.#set({ status: 'connected' }, this.#state.since);
  }

  /** The device was registered again. */
  reprovisioned(previous: Registration, current: Registration): void {
    safely(() => this.#events.emit('reprovisioned', { previous, current }));
  }

  /** The certificate in use expires soon. */
  credentialsExpiring(notAfter: Date): void {
    safely(() => this.#events.emit('credentialsExpiring', { notAfter }));
  }

  #set(next: NextState, since: Date): void {
    const { error } = { error: undefined, ...next };
    debug('%s: %s%s', this.#registrationId, next.status, error ? ` (${error.message})` : '');
    const warnings = Object.values(this.#warnings);
    const [warning] = warnings;
    const state =
      next.status === 'connected' && warning ? { ...next, since, warning, warnings } : { ...next, since };
    this.#state = state;
    if (state.status === 'connected') for (const proceed of this.#waiting) proceed();
    safely(() => this.#events.emit('state', state));
  }
}
