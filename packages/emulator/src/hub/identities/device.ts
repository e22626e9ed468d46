import type { DisconnectReason, MqttConnection } from '../../devices/mqtt/client';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import type { QueuedMessage } from '../messages/cloud-to-device-message';
import { CloudToDeviceQueue, type Deliver } from '../messages/cloud-to-device-queue';
import { deviceboundTopic } from '../messages/topics';
import type { CloudToDeviceFeedback, CloudToDeviceSettings } from '../messages/types';
import { Identity, type IdentityRecord, type StatusRecord } from './identity';
import type { ConnectOptions } from './identity-connection';
import { Module, type ModuleRecord } from './module';
import type { DeviceIdentity } from './types';

/** The stored part of a device. */
export interface DeviceRecord extends IdentityRecord, StatusRecord {
  readonly deviceId: string;
  readonly cloudToDeviceMessages: readonly QueuedMessage[];
  readonly modules: readonly ModuleRecord[];
}

/** The surroundings of the devices of a hub. */
export interface DeviceSurroundings {
  readonly cloudToDevice: CloudToDeviceSettings;
  /** True if a delivery counts although its acknowledgement did not come in time. */
  readonly countsEveryDelivery: boolean;
  /** True if a clean session purges the queue of the device. */
  readonly purgesOnCleanSession: boolean;
  readonly feedback: (record: CloudToDeviceFeedback) => void;
  readonly changed: () => void;
}

/** One device at a hub, with its queue of messages and its modules. */
export class Device extends Identity {
  readonly modules = new Map<string, Module>();
  readonly queue: CloudToDeviceQueue;
  readonly #surroundings: DeviceSurroundings;
  #status: StatusRecord;

  constructor(record: DeviceRecord, surroundings: DeviceSurroundings) {
    super(record.deviceId, undefined, record, surroundings.changed);
    this.#surroundings = surroundings;
    const { status, statusReason, statusUpdatedTime } = record;
    this.#status = {
      status,
      ...(statusReason !== undefined && { statusReason }),
      ...(statusUpdatedTime && { statusUpdatedTime }),
    };
    this.queue = new CloudToDeviceQueue({
      deviceId: this.deviceId,
      deviceGenerationId: this.generationId,
      settings: surroundings.cloudToDevice,
      countsEveryDelivery: surroundings.countsEveryDelivery,
      messages: record.cloudToDeviceMessages,
      feedback: surroundings.feedback,
      unlocked: () => this.deliverQueue(),
      changed: surroundings.changed,
    });
    for (const module of record.modules) this.addModule(module);
  }

  override get status(): StatusRecord {
    return this.#status;
  }

  override countCloudToDeviceMessages(): number {
    return this.queue.length;
  }

  override get record(): DeviceRecord {
    const { status, statusReason, statusUpdatedTime } = this.#status;
    return {
      deviceId: this.deviceId,
      status,
      ...(statusReason !== undefined && { statusReason }),
      ...(statusUpdatedTime && { statusUpdatedTime }),
      ...super.record,
      cloudToDeviceMessages: this.queue.messages,
      modules: [...this.modules.values()].map(({ record }) => record),
    };
  }

  identity(): DeviceIdentity {
    return { ...this.properties, ...this.#status, cloudToDeviceMessageCount: this.queue.length };
  }

  addModule(record: ModuleRecord): Module {
    const module = new Module(record, this.deviceId, () => this.#status, this.#surroundings.changed);
    this.modules.set(record.moduleId, module);
    return module;
  }

  deleteModule(module: Module): void {
    this.modules.delete(module.identity().moduleId);
    module.dispose('device-deleted');
  }

  /** @throws EmulatorError 404010 */
  requireModule(moduleId: string): Module {
    const module = this.modules.get(moduleId);
    if (module !== undefined) return module;
    throw new EmulatorError(SERVICE_ERROR.moduleNotFound, `${this.name} has no module ${moduleId}`);
  }

  /** Disabling disconnects the device and its modules. */
  updateStatus(status: Omit<StatusRecord, 'statusUpdatedTime'>): void {
    this.#status = { ...status, statusUpdatedTime: new Date() };
    this.touch();
    if (status.status === 'disabled') this.disconnectAll('device-disabled');
  }

  override connect(options: ConnectOptions): boolean {
    const isSessionPresent = super.connect(options);
    if (options.isClean && this.#surroundings.purgesOnCleanSession) this.queue.purge();
    return isSessionPresent;
  }

  override disconnected(connection: MqttConnection): void {
    super.disconnected(connection);
    if (this.connection.mqtt === undefined) this.queue.release();
  }

  override ready(): void {
    super.ready();
    this.deliverQueue();
  }

  /** Sends waiting messages, if the device is connected and subscribed. */
  deliverQueue(): void {
    this.queue.deliver(() => this.#cloudToDevice());
  }

  /** Disconnects the device and its modules. */
  disconnectAll(reason: DisconnectReason): void {
    this.#forAll((identity) => identity.connection.disconnect(reason));
  }

  /** Disconnects the deleted device and its modules, and empties its queue. */
  delete(): void {
    this.#forAll((identity) => identity.dispose('device-deleted'));
    this.queue.delete();
  }

  /** Disconnects the device and its modules because the emulator is closed. */
  close(): void {
    this.#forAll((identity) => identity.dispose('emulator-closed'));
    this.queue.close();
  }

  #cloudToDevice(): Deliver {
    const { mqtt } = this.connection;
    const subscription = this.connection.subscriptionTo('cloud-to-device');
    if (mqtt === undefined || subscription === undefined) return undefined;
    const { filter, qos } = subscription;
    return ({ propertyBag, packetId, ...message }) =>
      mqtt.send({
        ...message,
        ...(packetId !== undefined && { packetId }),
        topic: deviceboundTopic(filter, this.deviceId) + propertyBag,
        qos,
      });
  }

  #forAll(act: (identity: Identity) => void): void {
    for (const identity of [this, ...this.modules.values()]) act(identity);
  }
}
