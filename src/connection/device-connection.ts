import { type EventEmitter } from 'node:events';
import type { Client, Message } from 'azure-iot-device';
import type { CredentialsUpdate } from '../options/types';
import type { Registration } from '../options/registration';
import type { MethodHandler } from '../options/method-handler';
import type { ConnectionState } from './state';

/** Events of a {@link DeviceConnection}, with the arguments of their listeners. */
export interface DeviceConnectionEvents {
  /** The state changed. */
  state: [state: ConnectionState];
  /** The device was registered again; hub and device may be the same as before. */
  reprovisioned: [change: { previous: Registration; current: Registration }];
  /** The certificate in use expires within `expiryWarningDays`. Emitted once a day. */
  credentialsExpiring: [event: { notAfter: Date }];
}

/** The messages that the hub has not acknowledged. */
export interface MessageQueue {
  /** The number of messages. */
  readonly messages: number;
  /** The bytes of their bodies and properties. */
  readonly bytes: number;
  /** The time at which the oldest of them was given to `sendEvent`; absent if there is none. */
  readonly oldest?: Date;
}

/** Options of {@link DeviceConnection.close}. */
export interface CloseOptions {
  /**
   * The time for the delivery of the messages that the hub has not acknowledged, in milliseconds. Default 10 000; 0
   * rejects them at once.
   */
  drainMs?: number;
}

/** A device that is connected to its hub, or being connected, and stays so until it is closed. */
export interface DeviceConnection extends EventEmitter<DeviceConnectionEvents>, AsyncDisposable {
  /** The official client of `azure-iot-device`, open. The same object, with its listeners, for the whole time. */
  readonly client: Client;
  /**
   * The hub and the device ID that DPS has assigned.
   *
   * @throws {@link ConnectionError} with code `NOT_REGISTERED` before the first registration, which only `start:
   *   'background'` lets a program see
   */
  readonly registration: Registration;
  /** The present state of the connection. */
  readonly state: ConnectionState;
  /** The messages that were sent and that the hub has not acknowledged, at this moment. */
  readonly queue: MessageQueue;
  /**
   * Sends telemetry. Resolves when the hub has acknowledged the message, like `client.sendEvent`, and uses the same
   * queue: while the connection is down, messages wait, and after a lost connection the unacknowledged messages are sent
   * again. The message is copied and may be changed or reused after the call.
   *
   * @throws {@link ConnectionError} with code `QUEUE_FULL` (too much waits while the connection is down),
   * `MESSAGE_REFUSED` (the hub ends every connection that gets the message) or `CONNECTION_CLOSED`
   * @throws {@link InvalidOptionsError} for a message that IoT Hub does not take: no body of type string or Buffer, more
   * than 256 KB with its properties, or properties that cannot be encoded
   *
   * @example
   * ```ts
   * await connection.sendEvent(new Message('{"temperature":21.5}'));
   * ```
   */
  sendEvent(message: Message): Promise<void>;
  /**
   * Resolves when there is a connection, at once if there is one already. Rejects with the error of the state `closed`
   * (`CONNECTION_CLOSED` after `close()`), or with `signal.reason` when `signal` aborts, which does not affect the
   * connection.
   *
   * @example
   * ```ts
   * const connection = await connectDevice({ ...options, start: 'background' });
   * await connection.whenConnected(AbortSignal.timeout(60_000));
   * ```
   */
  whenConnected(signal?: AbortSignal): Promise<void>;
  /**
   * Answers the direct method `name` with the value that `handler` returns. A later handler of the same name replaces
   * the earlier one.
   *
   * Once there is a handler, or a listener of `client.onDeviceMethod`, every call is answered: a method that has neither
   * with status 404, an exception of a handler with status 500 and `{ "message": … }` of the error (its stack and cause
   * are not sent), a payload that is not JSON with status 400. A method that `client.onDeviceMethod` listens to, and that
   * has no handler of its own name, is left to the client. Handlers stay across reconnects. An answer to a call of an
   * earlier connection is discarded.
   *
   * @throws {@link InvalidOptionsError} when the name is not a non-empty string, or the handler is not a function
   *
   * @example
   * ```ts
   * connection.onMethod('reboot', async (payload, { requestId }) => ({ rebooting: true, payload, requestId }));
   * ```
   */
  onMethod(name: string, handler: MethodHandler): void;
  /** Answers the methods that have no handler of their own name. `call.name` is the name of the method. */
  onMethod(handler: MethodHandler): void;
  /**
   * Changes reported properties of the device twin: a JSON merge patch, in which `null` deletes a property. Resolves when
   * the hub has stored the change. Calls keep their order, also when the connection breaks: one is under way at a time,
   * and is repeated on the next connection.
   *
   * @throws {@link InvalidOptionsError} when the patch is not a JSON object, or is larger than 256 KB
   * @throws {@link ConnectionError} with code `TWIN_REFUSED` and the hub's `serviceCode`, or `FEATURE_REFUSED`
   * @throws {@link TimeoutError} when the hub has not answered for 30 seconds, or there was no connection for so long
   *
   * @example
   * ```ts
   * await connection.reportProperties({ firmware: { version: '1.4.2' }, lastError: null });
   * ```
   */
  reportProperties(patch: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Registers with DPS again. If DPS assigns another hub, connects to that hub and then closes the present connection.
   *
   * @throws {@link ProvisioningError}, {@link ConnectionError}, {@link TimeoutError}; the present connection stays then
   */
  reprovision(): Promise<Registration>;
  /**
   * Changes over to a renewed certificate with the same common name: checks it, registers with it, connects with it,
   * and only then closes the old connection. No message is lost. Direct methods under way are answered first, if that
   * takes no more than ten seconds.
   *
   * @throws {@link CredentialsError}, {@link InvalidOptionsError}, {@link ProvisioningError}, {@link ConnectionError},
   * {@link TimeoutError}; the present connection stays then
   */
  updateCredentials(update: CredentialsUpdate): Promise<Registration>;
  /**
   * Closes the connection. First delivers the messages that the hub has not acknowledged, for at most `drainMs`, and
   * connects again for that if need be; without such messages it closes at once. New messages are refused from the
   * moment of the call. At the end everything pending is settled with a `ConnectionError` of code `CONNECTION_CLOSED`.
   *
   * Always resolves, may be called at any moment and again (a second call with `drainMs: 0` ends the delivery), and
   * leaves no timer or socket behind. `client.close()` and `await using` do the same.
   */
  close(options?: CloseOptions): Promise<void>;
}
