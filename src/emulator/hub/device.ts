import { newEtag } from '../etag';
import type { JsonObject } from '../json';
import type { DisconnectReason, MqttConnection } from '../mqtt/service';
import { CloudToDeviceQueue, type Deliver } from './cloud-to-device';
import { MethodCalls } from './methods';
import { HubSession, type ActiveSession } from './session';
import { PropertyCollection } from './twin';
import type { SubscriptionKind } from './topics';
import type { DeviceAuthentication, DeviceIdentity, DeviceStatus, DeviceTwin } from './types';

/** One device at a hub: identity, twin, queue, pending methods and session. */
export class Device {
  readonly deviceId: string;
  readonly desired = new PropertyCollection();
  readonly reported = new PropertyCollection();
  readonly queue: CloudToDeviceQueue;
  readonly methods: MethodCalls;
  tags: JsonObject = {};
  status: DeviceStatus;
  authentication: DeviceAuthentication;
  lastActivityTime: Date | undefined;
  #active: ActiveSession | undefined;
  /** The session of a device that is away and wants to find it again. */
  #kept: HubSession | undefined;
  #connectionStateUpdatedTime: Date | undefined;
  #modelId: string | undefined;
  readonly #createdTime = new Date();
  readonly #etag = newEtag();

  constructor(deviceId: string, status: DeviceStatus, authentication: DeviceAuthentication) {
    this.deviceId = deviceId;
    this.status = status;
    this.authentication = authentication;
    this.queue = new CloudToDeviceQueue(deviceId);
    this.methods = new MethodCalls(deviceId);
  }

  /** Takes a new connection, dropping the one before. Tells whether a session was found again. */
  connect(connection: MqttConnection, isClean: boolean, modelId: string | undefined): boolean {
    // IoT Hub: one connection a device; the newcomer wins.
    this.disconnect('taken-over');
    const kept = isClean ? undefined : this.#kept;
    // A clean session begins with nothing [MQTT-3.1.2-6].
    if (isClean) this.queue.purge();
    this.queue.release();
    this.#kept = undefined;
    this.#active = { connection, session: kept ?? new HubSession(this.deviceId, isClean) };
    this.#modelId = modelId;
    this.#connectionStateUpdatedTime = this.lastActivityTime = new Date();
    return kept !== undefined;
  }

  /** Drops the connection, if there is one. */
  disconnect(reason: DisconnectReason): void {
    this.#active?.connection.close(reason);
  }

  /** That connection is gone. */
  disconnected(connection: MqttConnection): void {
    if (this.#active?.connection !== connection) return;
    const { session } = this.#active;
    this.#active = undefined;
    this.#kept = session.isClean ? undefined : session;
    this.#connectionStateUpdatedTime = new Date();
    this.queue.release();
    this.methods.abort();
  }

  get session(): HubSession | undefined {
    return this.#active?.session;
  }

  get isConnected(): boolean {
    return this.#active !== undefined;
  }

  /** Sends waiting messages, if the device is there and wants them. */
  deliverQueue(): void {
    this.queue.deliver(this.#cloudToDevice());
  }

  #cloudToDevice(): Deliver {
    const { connection, session } = this.#active ?? {};
    const qos = session?.grantedQoS('cloud-to-device');
    if (connection === undefined || qos === undefined) return undefined;
    return (message) => connection.send({ ...message, qos });
  }

  /** Sends at QoS 0, as IoT Hub does for methods and twins; `undefined` if the device is away or not subscribed. */
  sender(kind: SubscriptionKind): ((topic: string, payload: string) => void) | undefined {
    const { connection, session } = this.#active ?? {};
    if (connection === undefined || session?.grantedQoS(kind) === undefined) return undefined;
    return (topic, payload) => connection.send({ topic, payload, qos: 0 });
  }

  identity(): DeviceIdentity {
    return {
      deviceId: this.deviceId,
      status: this.status,
      authentication: this.authentication,
      connectionState: this.isConnected ? 'Connected' : 'Disconnected',
      ...(this.#connectionStateUpdatedTime && {
        connectionStateUpdatedTime: this.#connectionStateUpdatedTime,
      }),
      ...(this.lastActivityTime && { lastActivityTime: this.lastActivityTime }),
      ...(this.#modelId !== undefined && { modelId: this.#modelId }),
      cloudToDeviceMessageCount: this.queue.length,
      createdTime: this.#createdTime,
      etag: this.#etag,
    };
  }

  twin(): DeviceTwin {
    return {
      deviceId: this.deviceId,
      tags: this.tags,
      properties: { desired: this.desired.toJSON(), reported: this.reported.toJSON() },
      ...(this.#modelId !== undefined && { modelId: this.#modelId }),
    };
  }

  /** Forgets everything that waits; the device is deleted or the emulator closed. */
  dispose(reason: DisconnectReason): void {
    this.disconnect(reason);
    this.queue.purge();
    this.methods.abort();
  }
}
