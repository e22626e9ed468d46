import type { JsonObject } from '../../protocol/json';
import { newGenerationId, newIdentityEtag } from './etags';
import type { DeviceAuthentication, DeviceStatus, IdentityProperties } from './types';
import { Link, type ConnectOptions, type LinkRecord } from './identity-connection';
import { MethodCalls } from '../methods/method-calls';
import { newTwinContent, Twin, type TwinContent } from '../twins/twin';
import type { DeviceTwin, MethodCall, MethodResponse } from '../types';
import type { DisconnectReason, MqttConnection } from '../../devices/mqtt/client';

/** What of a device or module outlives the emulator. */
export interface IdentityRecord {
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly authentication: DeviceAuthentication;
  readonly createdTime: Date;
  readonly generationId: string;
  readonly etag: string;
  readonly twin: TwinContent;
  readonly link: LinkRecord;
}

/** The status of a device, which its modules share. */
export interface StatusRecord {
  readonly status: DeviceStatus;
  readonly statusReason?: string;
  readonly statusUpdatedTime?: Date;
}

/** What every new identity begins with. */
export function newIdentityRecord(): Pick<
  IdentityRecord,
  'createdTime' | 'generationId' | 'etag' | 'twin' | 'link'
> {
  return {
    createdTime: new Date(),
    generationId: newGenerationId(),
    etag: newIdentityEtag(),
    twin: newTwinContent(),
    link: {},
  };
}

/** A device or module at a hub: who it is, its twin, its pending methods and its connection. */
export abstract class Identity {
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  readonly generationId: string;
  readonly twin: Twin;
  readonly methods: MethodCalls;
  readonly link: Link;
  readonly #createdTime: Date;
  readonly #changed: () => void;
  #authentication: DeviceAuthentication;
  #etag: string;

  constructor(record: IdentityRecord, changed: () => void) {
    this.deviceId = record.deviceId;
    this.moduleId = record.moduleId;
    this.generationId = record.generationId;
    this.#createdTime = record.createdTime;
    this.#authentication = record.authentication;
    this.#etag = record.etag;
    this.#changed = changed;
    this.twin = new Twin(record.twin, changed);
    this.methods = new MethodCalls(this.name);
    this.link = new Link(this, record.link, changed);
  }

  abstract get status(): StatusRecord;

  /** As the client calls itself in CONNECT. */
  get clientId(): string {
    return this.moduleId === undefined ? this.deviceId : `${this.deviceId}/${this.moduleId}`;
  }

  /** For messages to people. */
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
    const { deviceId, moduleId, generationId } = this;
    return {
      deviceId,
      ...(moduleId !== undefined && { moduleId }),
      authentication: this.#authentication,
      createdTime: this.#createdTime,
      generationId,
      etag: this.#etag,
      twin: this.twin.content,
      link: this.link.record,
    };
  }

  get properties(): IdentityProperties {
    const { deviceId, generationId } = this;
    const { connectionState, record } = this.link;
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

  /** The certificates with which it may connect from now on. */
  updateAuthentication(authentication: DeviceAuthentication): void {
    this.#authentication = authentication;
    this.touch();
  }

  /** Takes a new connection. Tells whether a session was found again. */
  connect(options: ConnectOptions): boolean {
    return this.link.connect(options);
  }

  /** That connection is gone. */
  disconnected(connection: MqttConnection): void {
    if (this.link.disconnected(connection)) this.methods.abort();
  }

  /** CONNACK or SUBACK has been sent. */
  ready(): void {
    this.link.ready();
  }

  invokeMethod(call: MethodCall): Promise<MethodResponse> {
    return this.methods.invoke(call, (timeoutMs) => this.link.awaitSender('methods', timeoutMs));
  }

  /** Tells the device of changed desired properties, if there are any. */
  notify(desired: JsonObject | undefined): void {
    if (desired === undefined) return;
    const { version } = this.twin.content.desired;
    this.link.sender('desired-properties')?.(
      `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
      JSON.stringify(desired),
    );
  }

  /** The twin as the service sees it. */
  twinView(): DeviceTwin {
    const { deviceId, moduleId, status } = this;
    const { type = 'selfSigned', primaryThumbprint, secondaryThumbprint } = this.#authentication;
    const { lastActivityTime, modelId } = this.link.record;
    const { etag, version, tags, properties } = this.twin.serviceView();
    return {
      deviceId,
      ...(moduleId !== undefined && { moduleId }),
      etag,
      version,
      status: status.status,
      ...(status.statusReason !== undefined && { statusReason: status.statusReason }),
      ...(status.statusUpdatedTime && { statusUpdateTime: status.statusUpdatedTime }),
      connectionState: this.link.connectionState,
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

  /** Forgets who waits; the device is deleted or the emulator closed. */
  dispose(reason: DisconnectReason): void {
    this.link.dispose(reason);
    this.methods.abort();
  }

  /** The identity has changed. */
  protected touch(): void {
    this.#etag = newIdentityEtag();
    this.#changed();
  }
}
