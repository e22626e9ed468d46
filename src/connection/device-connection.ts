import { type EventEmitter } from 'node:events';
import type { Client } from 'azure-iot-device';
import type { Registration } from '../registration';
import type { ConnectionState } from './state';

/** Events of a {@link DeviceConnection}, with what their listeners get. */
export interface DeviceConnectionEvents {
  /** The state changed. */
  state: [state: ConnectionState];
  /** The device was assigned to a hub again. */
  reprovisioned: [change: { previous: Registration; current: Registration }];
}

/** A device that is connected to its hub, and stays so until it is closed. */
export interface DeviceConnection extends EventEmitter<DeviceConnectionEvents>, AsyncDisposable {
  /** The official client of `azure-iot-device`, open. The same object, with its listeners, for the whole time. */
  readonly client: Client;
  /** What DPS assigned. */
  readonly registration: Registration;
  /** What the connection is doing. */
  readonly state: ConnectionState;
  /**
   * Closes the connection. Settles what is still pending with a `ConnectionError` of code `CONNECTION_CLOSED`, always
   * resolves, may be called at any moment and again, and leaves no timer or socket behind.
   */
  close(): Promise<void>;
}
