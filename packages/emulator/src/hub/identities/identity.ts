import type { DisconnectReason, MqttConnection } from '../../devices/mqtt/client';
import type { JsonObject } from '../../protocol/json';
import { MethodCalls } from '../methods/method-calls';
import type { MethodCall, MethodResponse } from '../methods/types';
import { newTwinContent, Twin, type TwinContent } from '../twins/twin';
import type { DeviceTwin } from '../twins/types';
import { IdentityConnection, type ConnectOptions, type ConnectionRecord } from './identity-connection';
import { newGenerationId, newIdentityEtag } from './identity-etags';
import type { DeviceAuthentication, DeviceStatus, IdentityProperties } from './types';

/** The stored part of a device or module. */
export interface IdentityRecord {
  readonly authentication: DeviceAuthentication;
  readonly createdTime: Date;
  readonly generationId: string;
  readonly etag: string;
  readonly twin: TwinContent;
  readonly connection: ConnectionRecord;
}

/** The status of a device, which its modules share. */
export interface StatusRecord {
  readonly status: DeviceStatus;
  readonly statusReason?: string;
  readonly statusUpdatedTime?: Date;
}

/** The record of a new identity. */
export function newIdentityRecord(): Pick<
  IdentityRecord,
  'createdTime' | 'generationId' | 'etag' | 'twin' | 'connection'
> {
  return {
    createdTime: new Date(),
    generationId: newGenerationId(),
    etag: newIdentityEtag(),
    twin: newTwinContent(),
    connection: {},
  };
}

/** A device or module at a hub: its identity, twin, pending direct methods and connection. */
export abstract class Identity {
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  readonly generationId: string;
  readonly twin: Twin;
  readonly methods: MethodCalls;
  readonly connection: IdentityConnection;
  readonly #createdTime: Date;
  readonly #changed: () => void;
  #authentication: DeviceAuthentication;
  #etag: string;

  constructor(deviceId: string, moduleId: string | undefined, record: IdentityRecord, changed: () => void) {
    this.deviceId = deviceId;
    this.moduleId = moduleId;
    this.generationId = record.generationId;
    this.#createdTime = record.createdTime;
    this.#authentication = record.authentication;
    this.#etag = record.etag;
    this.#changed = changed;
    this.twin = new Twin(record.twin, changed);
    this.methods = new MethodCalls(this.name);
    this.connection = new IdentityConnection(this, record.connection, changed);
  }

  abstract get status(): StatusRecord;

  /** The ClientId of its CONNECT packet. */
  get clientId(): string {
    return this.moduleId === undefined ? this.deviceId : `${this.deviceId}/${this.moduleId}`;
  }

  /** The name in error messages. */
  get name(): string {
    return `${this.moduleId === undefined ? 'Device' : 'Module'} ${this.clientId}`;
  }

  get authentication(): DeviceAuthentication {
    return this.#authentication;
  }

  get etag(): string {
    return this.#etag;
  }

  /** Messages to the device that wait or are unacknowledged. */
  countCloudToDeviceMessages(): number {
    return 0;
  }

  get record(): IdentityRecord {
    const { version, tags, desired, reported } = this.twin.content;
    return {
      authentication: this.#authentication,
      createdTime: this.#createdTime,
      generationId: this.generationId,
      etag: this.#etag,
      connection: this.connection.record,
      twin: { version, tags, desired, reported },
    };
  }

  get properties(): IdentityProperties {
    const { deviceId, generationId } = this;
    const { connectionState, record } = this.connection;
    const { connectionStateUpdatedTime, lastActivityTime, modelId } = record;
    return {
      deviceId,
      authentication: this.#authentication,
      connectionState,
      ...(connectionStateUpdatedTime && { connectionStateUpdatedTime }),
      ...(lastActivityTime && { lastActivityTime }),
      ...(modelId !== undefined && { modelId }),
      createdTime: this.#createdTime,
      generationId,
      etag: this.#etag,
    };
  }

  /** Sets the certificates with which the device or module may connect. */
  updateAuthentication(authentication: DeviceAuthentication): void {
    this.#authentication = authentication;
    this.touch();
  }

  /** Takes over a new connection. Returns whether a session was present. */
  connect(options: ConnectOptions): boolean {
    return this.connection.connect(options);
  }

  /** Handles the end of a connection. */
  disconnected(connection: MqttConnection): void {
    if (this.connection.disconnected(connection)) this.methods.abort();
  }

  /** Called after CONNACK or SUBACK. */
  ready(): void {
    this.connection.ready();
  }

  invokeMethod(call: MethodCall): Promise<MethodResponse> {
    return this.methods.invoke(call, (timeoutMs) => this.connection.awaitSender('methods', timeoutMs));
  }

  /** Notifies the device of changed desired properties, if there are any. */
  notify(desired: JsonObject | undefined): void {
    if (desired === undefined) return;
    const { version } = this.twin.content.desired;
    this.connection.sender('desired-properties')?.(
      `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
      JSON.stringify(desired),
    );
  }

  /** The twin as the service sees it. */
  twinView(): DeviceTwin {
    const { deviceId, moduleId, status } = this;
    const { type = 'selfSigned', primaryThumbprint, secondaryThumbprint } = this.#authentication;
    const { lastActivityTime, modelId } = this.connection.record;
    const { etag, version, tags, properties } = this.twin.serviceView();
    return {
      deviceId,
      ...(moduleId !== undefined && { moduleId }),
      etag,
      version,
      status: status.status,
      ...(status.statusReason !== undefined && { statusReason: status.statusReason }),
      ...(status.statusUpdatedTime && { statusUpdateTime: status.statusUpdatedTime }),
      connectionState: this.connection.connectionState,
      ...(lastActivityTime && { lastActivityTime }),
      cloudToDeviceMessageCount: this.countCloudToDeviceMessages(),
      authenticationType: type,
      x509Thumbprint: {
        primaryThumbprint: primaryThumbprint ?? null,
        secondaryThumbprint: secondaryThumbprint ?? null,
      },
      ...(modelId !== undefined && { modelId }),
      tags,
      properties,
    };
  }

  /** Disconnects the device and ends all waiting, because the device is deleted or the emulator is closed. */
  dispose(reason: DisconnectReason): void {
    this.connection.dispose(reason);
    this.methods.abort();
  }

  /** Marks the identity as changed. */
  protected touch(): void {
    this.#etag = newIdentityEtag();
    this.#changed();
  }
}
