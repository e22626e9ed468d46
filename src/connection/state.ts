import type { EventEmitter } from 'node:events';
import type { DeviceError } from 'azure-iot-certificates';
import createDebug from 'debug';
import type { Registration } from '../options/registration';
import type { DeviceConnectionEvents } from './device-connection';
import { safely } from './callbacks';

const debug = createDebug('azure-iot-x509:connection');

/** The state of a `DeviceConnection`. */
export type ConnectionState =
  | {
      /** The hub is being connected to for the first time. */
      readonly status: 'connecting';
      readonly since: Date;
    }
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
  | {
      /** The connection was lost; the next attempt is under way or waits for its time. */
      readonly status: 'reconnecting';
      readonly since: Date;
      readonly error: DeviceError;
      /** The number of the attempt that comes next or is under way, from 1. */
      readonly attempt: number;
      /** When the attempt starts; absent while it is under way. */
      readonly nextAttemptAt?: Date;
      /** The next step of the connection, or of the operator. */
      readonly advice: string;
    }
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

  constructor(events: EventEmitter<DeviceConnectionEvents>, registrationId: string) {
    this.#events = events;
    this.#registrationId = registrationId;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Changes the state. */
  set(next: NextState): void {
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
    safely(() => this.#events.emit('state', state));
  }
}
