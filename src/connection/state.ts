import type { DeviceError } from 'azure-iot-certificates';

/** What a `DeviceConnection` is doing. */
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
      /** Why, when it is not the first time. */
      readonly error?: DeviceError;
    }
  | {
      /** The hub is connected; everything asked for is enabled. */
      readonly status: 'connected';
      readonly since: Date;
      /** What does not work although the connection does: a store that cannot be written, a renewed certificate that cannot be used. */
      readonly warning?: DeviceError;
    }
  | {
      /** The connection was lost; the next attempt is under way or waits for its time. */
      readonly status: 'reconnecting';
      readonly since: Date;
      readonly error: DeviceError;
      /** The number of the attempt that comes next or is under way, from 1. */
      readonly attempt: number;
      /** When it starts; absent while it is under way. */
      readonly nextAttemptAt?: Date;
      /** What happens next, or what a person must do. */
      readonly advice: string;
    }
  | {
      /** The end: closed by its owner, or given up. */
      readonly status: 'closed';
      readonly since: Date;
      /** Why it was given up; absent when its owner closed it. */
      readonly error?: DeviceError;
      /** What a person must do. */
      readonly advice?: string;
    };

type Without<State, Key extends PropertyKey> = State extends unknown ? Omit<State, Key> : never;

/** A state before its time is put in. */
export type NextState = Without<ConnectionState, 'since'>;
