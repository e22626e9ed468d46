import type { EventEmitter } from 'node:events';
import type { AuthorityCertificates } from '../authorities/types';
import type { DisconnectReason } from '../devices/mqtt/client';
import type { IfMatch } from '../protocol/etag';
import type { JsonObject } from '../protocol/json';
import type { FileUploadNotification, FileUploads } from './files/types';
import type { HubDevices, HubModules, HubTarget } from './identities/types';
import type {
  CloudToDeviceFeedback,
  CloudToDeviceMessage,
  CloudToDeviceSettings,
  EnqueuedMessage,
  TelemetryMessage,
} from './messages/types';
import type { MethodCall, MethodResponse } from './methods/types';
import type { TelemetryFile, TelemetryFilter } from './telemetry/types';
import type { DeviceTwin, TwinChange } from './twins/types';

export type * from './identities/types';
export type * from './methods/types';
export type * from './messages/types';
export type * from './twins/types';

/** The device or module of an event. */
export interface EventSource {
  readonly deviceId: string;
  /** Absent for the device itself. */
  readonly moduleId?: string;
}

/** The events of a hub. They are emitted right after the packet that caused them was handled. */
export interface HubEvents {
  telemetry: [message: TelemetryMessage];
  deviceConnected: [event: EventSource];
  /** The device has subscribed to the topic filter, e.g. `$iothub/methods/POST/#`, and can get its messages now. */
  deviceSubscribed: [event: EventSource & { readonly topicFilter: string }];
  deviceDisconnected: [event: EventSource & { readonly reason: DisconnectReason }];
  /** `patch` is the device's change, `reported` the result. */
  reportedPropertiesUpdated: [
    event: EventSource & { readonly patch: JsonObject; readonly reported: JsonObject },
  ];
  /** A message that was sent with `ack` has its outcome. */
  cloudToDeviceFeedback: [record: CloudToDeviceFeedback];
  /** A device has notified the hub of the end of a file upload. Azure notifies services of successful uploads only. */
  fileUploaded: [notification: FileUploadNotification];
  /**
   * A file of {@link HubEmulator.writeTelemetryTo} could not be written and was closed; `error` is a `FileError`. The
   * devices go on.
   */
  telemetryFileFailed: [event: { readonly path: string; readonly error: Error }];
}

/** An IoT hub: the server for devices, and the operations of the service API. */
export interface HubEmulator extends EventEmitter<HubEvents> {
  readonly name: string;
  /** `localhost:port`: the assigned hub in the answers of DPS. */
  readonly hostName: string;
  readonly devices: HubDevices;
  readonly modules: HubModules;
  /** The certificate authorities for devices and modules whose authentication is `certificateAuthority`. At most 25. */
  readonly certificates: AuthorityCertificates;
  readonly cloudToDevice: CloudToDeviceSettings;
  /** The files that devices have uploaded. */
  readonly fileUploads: FileUploads;
  /**
   * Stops listening and closes every device's connection, as an outage does. Identities, twins, sessions and queues
   * stay and can still be used. Idempotent, never rejects.
   */
  stop(): Promise<void>;
  /**
   * Listens again, on the same port as before. Idempotent.
   *
   * Rejects when the emulator was closed, or with the system's error when another process has taken the port.
   */
  start(): Promise<void>;
  /**
   * Closes the device's connection, as a failing network or a restarted gateway does. The device may
   * connect again at once. Does nothing when it is not connected. @throws EmulatorError 404001, 404010
   */
  disconnectDevice(target: HubTarget): void;
  /**
   * The latest messages from devices, oldest first: at most 1000, and 4 MiB of bodies, for the whole hub. A message of
   * a module does not count as one of its device.
   */
  receivedTelemetry(target?: HubTarget): readonly TelemetryMessage[];
  /**
   * Appends later messages to a file, as one line of JSON each, with `enqueuedTime`, `deviceId`,
   * `moduleId` if there is one, `systemProperties`, `properties`, `bodyEncoding` and `body`. `bodyEncoding` is the form
   * of `body`: `json`, any JSON value, as the device wrote it; `utf-8`,
   * a string with the text; or `base64`, a string. All is written when the handle or the emulator is closed.
   *
   * Rejects with a FileError when the file cannot be opened, and with an EmulatorError 400004 for a wrong filter.
   */
  writeTelemetryTo(path: string, filter?: TelemetryFilter): Promise<TelemetryFile>;
  /**
   * Puts a message into the device's queue. The device gets it as soon as it is connected and subscribed to
   * cloud-to-device messages. Modules cannot get messages. A device that connects with a clean session loses the
   * waiting messages (unless `unverifiedBehavior` says otherwise); a device that keeps its session gets them.
   *
   * Rejects with an EmulatorError: 404001, 400004, 413001 when it is too large, 403004 when 50 messages wait.
   */
  sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage): Promise<EnqueuedMessage>;
  /**
   * Empties the device's queue, the unacknowledged messages included. Returns their number. @throws EmulatorError
   * 404001
   */
  purgeCloudToDevice(deviceId: string): number;
  /** The latest feedback records, oldest first: at most 1000 for the whole hub. */
  receivedFeedback(deviceId?: string): readonly CloudToDeviceFeedback[];
  /**
   * Calls a direct method. Rejects with an EmulatorError: 404001, 404010, 400004, 404103 when the device is not
   * connected or not subscribed to methods, 404104 when it disconnects before it answers, 504101 when it does not
   * answer in time, 502000 when the answer is neither empty nor JSON of at most 128 KB.
   */
  invokeMethod(target: HubTarget, call: MethodCall): Promise<MethodResponse>;
  /** @throws EmulatorError 404001, 404010 */
  getTwin(target: HubTarget): DeviceTwin;
  /**
   * Merges changes into tags and desired properties: `null` deletes a property, at any depth. The device is notified
   * of changed desired properties if it is connected and subscribed.
   *
   * @throws EmulatorError 404001, 404010, 400004, 413001 when a part grows too large, 412001 when `ifMatch` is not the
   *   twin's etag. Nothing is changed then.
   */
  updateTwin(target: HubTarget, change: TwinChange, options?: IfMatch): DeviceTwin;
  /**
   * Replaces tags, desired properties, or both. A given section replaces the present one as a whole; a section that is
   * left out stays. A subscribed device is notified of all its new desired properties.
   *
   * @throws EmulatorError as {@link updateTwin}.
   */
  replaceTwin(target: HubTarget, replacement: TwinChange, options?: IfMatch): DeviceTwin;
  /** {@link updateTwin} for desired properties alone. @throws EmulatorError as {@link updateTwin}. */
  updateDesiredProperties(target: HubTarget, patch: JsonObject, options?: IfMatch): DeviceTwin;
}
