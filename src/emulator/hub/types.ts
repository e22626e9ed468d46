import type { EventEmitter } from 'node:events';
import type { JsonObject, JsonValue } from '../json';
import type { DisconnectReason } from '../mqtt/service';

/** Whether a device may connect. */
export type DeviceStatus = 'enabled' | 'disabled';

/** A device's identity at a hub, as the service knows it. A snapshot: read it again to see changes. */
export interface DeviceIdentity {
  readonly deviceId: string;
  readonly status: DeviceStatus;
  readonly authentication: DeviceAuthentication;
  readonly connectionState: 'Connected' | 'Disconnected';
  /** When the device last connected or disconnected. */
  readonly connectionStateUpdatedTime?: Date;
  /** When anything last came from the device. */
  readonly lastActivityTime?: Date;
  /** What the device announced when it last connected. */
  readonly modelId?: string;
  /** Messages to the device that wait or are unacknowledged. */
  readonly cloudToDeviceMessageCount: number;
  readonly createdTime: Date;
  readonly etag: string;
}

/** The certificates with which a device may connect: SHA-1 or SHA-256 of the leaf, in hexadecimal, colons or not. */
export interface DeviceAuthentication {
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
}

/** What {@link HubDevices.create} takes. */
export interface DeviceInit {
  /** Upper and lower case count, unlike in registration IDs. At most 128 characters. */
  deviceId: string;
  /** Default `enabled`. */
  status?: DeviceStatus;
  /** Default: no thumbprint, so nobody can connect until DPS or `update` gives it one. */
  authentication?: DeviceAuthentication;
}

/** The device identities of a hub. */
export interface HubDevices {
  /** @throws EmulatorError 400004 for a malformed ID or thumbprint, 409001 when it exists. */
  create(init: DeviceInit): DeviceIdentity;
  get(deviceId: string): DeviceIdentity | undefined;
  list(): readonly DeviceIdentity[];
  /** A connected device stays connected unless it is disabled. @throws EmulatorError 404001, 400004 */
  update(deviceId: string, update: Partial<Omit<DeviceInit, 'deviceId'>>): DeviceIdentity;
  /** Drops the device's connection, its twin and its messages. @throws EmulatorError 404001 */
  delete(deviceId: string): void;
  /** @throws EmulatorError 404001 */
  enable(deviceId: string): DeviceIdentity;
  /** Drops the device's connection. @throws EmulatorError 404001 */
  disable(deviceId: string): DeviceIdentity;
}

/** What is known about a message besides its body and the application's own properties. Absent when not given. */
export interface SystemProperties {
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly creationTimeUtc?: string;
  readonly expiryTimeUtc?: string;
  readonly to?: string;
  readonly outputName?: string;
  /** `$.sub`: the component of a digital twin. */
  readonly componentName?: string;
  readonly interfaceId?: string;
}

/** A message from a device. */
export interface TelemetryMessage {
  readonly deviceId: string;
  readonly body: Buffer;
  /**
   * The application's properties, decoded. A property without a value is an empty string. The hub adds `mqtt-retain`
   * to a retained message, and `iothub-MessageType` = `Will` to a will.
   */
  readonly properties: Readonly<Record<string, string>>;
  readonly systemProperties: SystemProperties;
  readonly enqueuedTime: Date;
}

/** A message to a device. */
export interface CloudToDeviceMessage {
  /** At most 64 KB together with the properties. */
  body: string | Buffer;
  properties?: Readonly<Record<string, string>>;
  /** Default: a random UUID. */
  messageId?: string;
  correlationId?: string;
  userId?: string;
  contentType?: string;
  contentEncoding?: string;
  /** When the message is dropped if it is still unacknowledged. Default in one hour, at most in two days. */
  expiry?: Date;
}

/**
 * What became of a message to a device, in the words of the service's feedback records: `Success` upon the device's
 * PUBACK (at QoS 0: as soon as it is sent), `Expired`, `DeliveryCountExceeded` after ten deliveries without
 * acknowledgement, `Purged` when the queue was emptied, the device was deleted or the emulator was closed.
 */
export type CloudToDeviceOutcome = 'Success' | 'Expired' | 'DeliveryCountExceeded' | 'Purged';

/** A message that is in the device's queue. */
export interface EnqueuedMessage {
  readonly messageId: string;
  /** Settles when the message has left the queue; never rejects. */
  readonly outcome: Promise<CloudToDeviceOutcome>;
}

/** A call of a direct method. */
export interface MethodCall {
  methodName: string;
  /** Any JSON value of at most 128 KB. Default `null`. */
  payload?: JsonValue;
  /** How long to wait for the device's answer, in seconds: 1 to 300. Default 30. The service's minimum is 5. */
  responseTimeoutSeconds?: number;
}

/** A device's answer to a direct method. */
export interface MethodResponse {
  readonly status: number;
  readonly payload: JsonValue;
}

/** A device twin as the service sees it. */
export interface DeviceTwin {
  readonly deviceId: string;
  readonly tags: JsonObject;
  readonly properties: {
    /** Holds `$version`, which counts the changes. */
    readonly desired: JsonObject;
    /** Holds `$version`, which counts the changes. */
    readonly reported: JsonObject;
  };
  readonly modelId?: string;
}

/** The events of a hub. They are emitted right after the packet that caused them was dealt with. */
export interface HubEvents {
  telemetry: [message: TelemetryMessage];
  deviceConnected: [event: { readonly deviceId: string }];
  /** The device may now be sent what the topic filter stands for, e.g. `$iothub/methods/POST/#`. */
  deviceSubscribed: [event: { readonly deviceId: string; readonly topicFilter: string }];
  deviceDisconnected: [event: { readonly deviceId: string; readonly reason: DisconnectReason }];
  /** `patch` is what the device sent, `reported` what came of it. */
  reportedPropertiesUpdated: [
    event: { readonly deviceId: string; readonly patch: JsonObject; readonly reported: JsonObject },
  ];
}

/** An IoT hub: what devices reach over MQTT, and what a service would call. */
export interface HubEmulator extends EventEmitter<HubEvents> {
  readonly name: string;
  /** `localhost:port`, which is what DPS answers as the assigned hub. */
  readonly hostName: string;
  readonly devices: HubDevices;
  /**
   * Stops listening and drops every device without a word, as an outage does. Identities, twins, sessions and queues
   * stay and can be worked with. Idempotent, never rejects.
   */
  stop(): Promise<void>;
  /**
   * Listens again, on the same port as before. Idempotent.
   *
   * Rejects when the emulator was closed, or with the system's error when another process has taken the port.
   */
  start(): Promise<void>;
  /**
   * Drops the device's connection without a word, as a failing network or a restarted gateway does. The device may
   * connect again at once. Does nothing when it is not connected. @throws EmulatorError 404001
   */
  disconnectDevice(deviceId: string): void;
  /** The latest messages from devices, oldest first: at most 1000 for the whole hub. */
  receivedTelemetry(deviceId?: string): readonly TelemetryMessage[];
  /**
   * Puts a message into the device's queue, from which it goes to the device as soon as that is connected and subscribed
   * to cloud-to-device messages. A device that connects with a clean session loses what waits; one that keeps its
   * session gets it.
   *
   * Rejects with an EmulatorError: 404001, 400004, 413001 when it is too large, 403004 when 50 messages wait.
   */
  sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage): Promise<EnqueuedMessage>;
  /**
   * Calls a direct method. Rejects with an EmulatorError: 404001, 404103 when the device is not connected or not
   * subscribed to methods, 404104 when it goes away before it answers, 504101 when it does not answer in time, 502000
   * when the answer is not JSON.
   */
  invokeMethod(deviceId: string, call: MethodCall): Promise<MethodResponse>;
  /** @throws EmulatorError 404001 */
  getTwin(deviceId: string): DeviceTwin;
  /**
   * Merges a patch into the desired properties: `null` deletes a property, at any depth. The device is told if it is
   * connected and subscribed. @throws EmulatorError 404001, 400004, 413001
   */
  updateDesiredProperties(deviceId: string, patch: JsonObject): DeviceTwin;
}
