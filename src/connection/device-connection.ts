import { type EventEmitter } from 'node:events';
import type { Client } from 'azure-iot-device';
import type { CredentialsUpdate } from '../options/types';
import type { Registration } from '../options/registration';
import type { MethodHandler } from './method-response';
import type { ConnectionState } from './state';

/** Events of a {@link DeviceConnection}, with what their listeners get. */
export interface DeviceConnectionEvents {
  /** The state changed. */
  state: [state: ConnectionState];
  /** The device was registered again; hub and device may be the same as before. */
  reprovisioned: [change: { previous: Registration; current: Registration }];
  /** The certificate in use ends soon (`expiryWarningDays`); comes once a day from then on. */
  credentialsExpiring: [event: { notAfter: Date }];
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
   * Answers direct methods of any name from now on, also after a reconnect. The client must not listen to methods besides.
   * What the handler returns is the payload of an answer with status 200, or a `methodResponse()` with another one; what
   * it throws is answered with status 500.
   */
  onMethod(handler: MethodHandler): void;
  /**
   * Registers with DPS again, and moves over if the device was assigned to another hub; until then the present
   * connection stays.
   *
   * @throws {@link ProvisioningError}, {@link ConnectionError}, {@link TimeoutError}; the present connection stays then
   */
  reprovision(): Promise<Registration>;
  /**
   * Changes over to a renewed certificate with the same common name: checks it, registers with it, connects with it, and
   * only then gives up the old connection; no message is lost.
   *
   * @throws {@link CredentialsError}, {@link InvalidOptionsError}, {@link ProvisioningError}, {@link ConnectionError},
   * {@link TimeoutError}; the present connection stays then
   */
  updateCredentials(update: CredentialsUpdate): Promise<Registration>;
  /**
   * Closes the connection. Settles what is still pending with a `ConnectionError` of code `CONNECTION_CLOSED`, always
   * resolves, may be called at any moment and again, and leaves no timer or socket behind.
   */
  close(): Promise<void>;
}
