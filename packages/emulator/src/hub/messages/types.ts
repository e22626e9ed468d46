/** The system properties of a message. Absent when not given. */
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

/** A message from a device or module. */
export interface TelemetryMessage {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly body: Buffer;
  /**
   * The application's properties, decoded. A property without a value is an empty string. The hub adds `mqtt-retain`
   * to a retained message, and `iothub-MessageType` = `Will` to a will.
   */
  readonly properties: Readonly<Record<string, string>>;
  readonly systemProperties: SystemProperties;
  readonly enqueuedTime: Date;
}

/** The outcomes of a message to a device for which there is feedback: success, all others, or both. */
export type Acknowledgement = 'none' | 'positive' | 'negative' | 'full';

/** A message to a device. */
export interface CloudToDeviceMessage {
  /** At most 64 KB together with the properties. */
  body: string | Buffer;
  /** The device gets a property that is `null` as a name without `=` and value. */
  properties?: Readonly<Record<string, string | null>>;
  /** Default: a random UUID. */
  messageId?: string;
  correlationId?: string;
  userId?: string;
  contentType?: string;
  contentEncoding?: string;
  /**
   * When the message is dropped if it is still unacknowledged. Default: after the hub's `defaultTimeToLiveSeconds`; at
   * most in two days.
   */
  expiry?: Date;
  /**
   * The requested feedback. The device gets it as the property `iothub-ack`, which may be set instead. Default `none`.
   */
  ack?: Acknowledgement;
}

/**
 * The outcome of a message to a device, in the words of the service's feedback records: `Success` upon the device's
 * PUBACK (at QoS 0: as soon as it is sent), `Expired`, `DeliveryCountExceeded` after the hub's `maxDeliveryCount`
 * deliveries without acknowledgement, `Purged` when the queue was emptied, the device was deleted or the emulator was
 * closed. A device cannot reject a message over MQTT.
 */
export type CloudToDeviceOutcome = 'Success' | 'Expired' | 'DeliveryCountExceeded' | 'Purged';

/** A message that is in the device's queue. */
export interface EnqueuedMessage {
  readonly messageId: string;
  /** Settles when the message has left the queue; never rejects. */
  readonly outcome: Promise<CloudToDeviceOutcome>;
}

/** A feedback record: the outcome of a message that was sent with `ack`. */
export interface CloudToDeviceFeedback {
  readonly originalMessageId: string;
  readonly deviceId: string;
  readonly deviceGenerationId: string;
  readonly statusCode: CloudToDeviceOutcome;
  readonly description: string;
  /** The time of the outcome. ISO 8601. */
  readonly enqueuedTimeUtc: string;
}

/** The settings of a hub for cloud-to-device messages. A change applies to later messages and deliveries. */
export interface CloudToDeviceSettings {
  /**
   * The time after which an unacknowledged message is sent again on the same connection, in seconds,
   * greater than 0. Default 60, which cannot be changed at Azure.
   */
  lockTimeoutSeconds: number;
  /** The number of deliveries without acknowledgement after which a message is dead-lettered, 1 to 100. Default 10. */
  maxDeliveryCount: number;
  /** The lifetime of a message without `expiry`, in seconds, greater than 0, at most two days. Default one hour. */
  defaultTimeToLiveSeconds: number;
}
