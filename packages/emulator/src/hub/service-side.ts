import { EventEmitter } from 'node:events';
import { AuthorityCertificateStore } from '../authorities/authority-certificates';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import type { IfMatch } from '../protocol/etag';
import type { JsonObject } from '../protocol/json';
import { Changes } from '../stored/changes';
import type { Persistent } from '../stored/persistent';
import { readStored } from '../stored/stored-value';
import { DeviceRegistry } from './identities/device-registry';
import { ModuleRegistry } from './identities/module-registry';
import { storedDevice, STORED_DEVICES } from './identities/stored';
import { CheckedCloudToDeviceSettings } from './messages/cloud-to-device-settings';
import { Recent } from './messages/recent';
import type { MethodCall, MethodResponse } from './methods/types';
import { DESIRED } from './twins/property-collection';
import { readProperties } from './twins/property-values';
import type { DeviceTwin, TwinChange } from './twins/types';
import type {
  CloudToDeviceFeedback,
  CloudToDeviceMessage,
  EnqueuedMessage,
  HubEvents,
  HubTarget,
} from './types';

/** The service side of a hub, and its stored state. */
export abstract class ServiceSide extends EventEmitter<HubEvents> implements Persistent {
  readonly devices: DeviceRegistry;
  readonly modules: ModuleRegistry;
  readonly certificates = new AuthorityCertificateStore({ changed: () => this.#changes.announce() });
  readonly cloudToDevice = new CheckedCloudToDeviceSettings(() => this.#changes.announce());
  readonly #feedback = new Recent<CloudToDeviceFeedback>();
  readonly #changes = new Changes();

  constructor({ countedDeliveries, cleanSessionQueue }: UnverifiedBehavior) {
    super();
    this.devices = new DeviceRegistry({
      cloudToDevice: this.cloudToDevice,
      countsEveryDelivery: countedDeliveries === 'every',
      purgesOnCleanSession: cleanSessionQueue === 'purged',
      feedback: (record) => {
        this.#feedback.add(record);
        this.emitLater('cloudToDeviceFeedback', record);
      },
      changed: () => this.#changes.announce(),
    });
    this.modules = new ModuleRegistry(this.devices);
  }

  disconnectDevice(target: HubTarget): void {
    this.devices.requireTarget(target).connection.disconnect('connection-lost');
  }

  // Asynchronous like the service's own API, so that a test does not depend on an emulator in its own process.
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
  async sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage): Promise<EnqueuedMessage> {
    const device = this.devices.require(deviceId);
    const enqueued = device.queue.enqueue(message);
    device.deliverQueue();
    return enqueued;
  }

  purgeCloudToDevice(deviceId: string): number {
    return this.devices.require(deviceId).queue.purge();
  }

  receivedFeedback(deviceId?: string): readonly CloudToDeviceFeedback[] {
    return this.#feedback.items.filter((record) => deviceId === undefined || record.deviceId === deviceId);
  }

  async invokeMethod(target: HubTarget, call: MethodCall): Promise<MethodResponse> {
    return this.devices.requireTarget(target).invokeMethod(call);
  }

  getTwin(target: HubTarget): DeviceTwin {
    return this.devices.requireTarget(target).twinView();
  }

  updateTwin(target: HubTarget, change: TwinChange, options?: IfMatch): DeviceTwin {
    const identity = this.devices.requireTarget(target);
    identity.notify(identity.twin.update(change, options));
    return identity.twinView();
  }

  replaceTwin(target: HubTarget, replacement: TwinChange, options?: IfMatch): DeviceTwin {
    const identity = this.devices.requireTarget(target);
    identity.notify(identity.twin.replace(replacement, options));
    return identity.twinView();
  }

  updateDesiredProperties(target: HubTarget, patch: JsonObject, options?: IfMatch): DeviceTwin {
    // `updateTwin` would accept a change without desired properties.
    const desired = readProperties(patch, DESIRED.path);
    return this.updateTwin(target, { properties: { desired } }, options);
  }

  snapshot(): JsonObject {
    return {
      cloudToDevice: { ...this.cloudToDevice.toJSON() },
      certificates: this.certificates.snapshot(),
      devices: this.devices.records.map(storedDevice),
    };
  }

  restore(snapshot: JsonObject): void {
    const devices = readStored(STORED_DEVICES, snapshot['devices'], 'devices');
    this.cloudToDevice.restore(snapshot['cloudToDevice'], 'cloudToDevice');
    this.certificates.restore(snapshot['certificates'], 'certificates');
    this.devices.restore(devices);
  }

  onChange(listener: () => void): void {
    this.#changes.onChange(listener);
  }

  /**
   * Emits an event outside of the packet's handling, so that a listener that throws does not end the device's
   * connection.
   */
  protected emitLater<Name extends keyof HubEvents>(name: Name, ...details: HubEvents[Name]): void {
    if (this.listenerCount(name) === 0) return;
    queueMicrotask(() => {
      // The compiler cannot relate the tuple of a generic name to what `emit` takes for that name.
      (this as EventEmitter).emit(name, ...details);
    });
  }
}
