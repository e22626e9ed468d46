import { EventEmitter } from 'node:events';
import { AuthorityCertificateStore } from '../authorities/authority-certificates';
import type { JsonObject } from '../protocol/json';
import type { Persistent } from '../stored/persistent';
import { readFields } from '../stored/read';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import { CheckedCloudToDeviceSettings } from './messages/cloud-to-device-settings';
import { DeviceRegistry } from './identities/device-registry';
import { ModuleRegistry } from './identities/module-registry';
import { DESIRED } from './twins/property-collection';
import { readProperties } from './twins/property-values';
import { Recent } from './messages/recent';
import { readDevices, writeDevice } from './identities/stored';
import type {
  CloudToDeviceFeedback,
  CloudToDeviceMessage,
  DeviceTwin,
  EnqueuedMessage,
  HubEvents,
  HubTarget,
  IfMatch,
  MethodCall,
  MethodResponse,
  TwinChange,
} from './types';

/** What a service can do with the devices of a hub, and what of them outlives the emulator. */
export abstract class ServiceSide extends EventEmitter<HubEvents> implements Persistent {
  readonly devices: DeviceRegistry;
  readonly modules: ModuleRegistry;
  readonly certificates = new AuthorityCertificateStore({ changed: () => this.#changed() });
  readonly cloudToDevice = new CheckedCloudToDeviceSettings(() => this.#changed());
  readonly #feedback = new Recent<CloudToDeviceFeedback>();
  readonly #changeListeners: (() => void)[] = [];

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
      changed: () => this.#changed(),
    });
    this.modules = new ModuleRegistry(this.devices);
  }

  disconnectDevice(target: HubTarget): void {
    this.devices.requireTarget(target).link.disconnect('connection-lost');
  }

  // Asynchronous like the service's own API, so that a test does not depend on the emulator being in its process.
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
    // Read here, because a change without desired properties would be none.
    const desired = readProperties(patch, DESIRED.path);
    return this.updateTwin(target, { properties: { desired } }, options);
  }

  snapshot(): JsonObject {
    return {
      cloudToDevice: { ...this.cloudToDevice.toJSON() },
      certificates: this.certificates.snapshot(),
      devices: this.devices.records.map(writeDevice),
    };
  }

  restore(snapshot: JsonObject): void {
    const field = readFields(snapshot, '');
    const devices = field('devices', readDevices);
    field('cloudToDevice', (value, path) => {
      this.cloudToDevice.restore(value, path);
    });
    field('certificates', (value, path) => {
      this.certificates.restore(value, path);
    });
    this.devices.restore(devices);
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  /** Outside of the packet's handling, so that a listener that throws fails its test and not the device's connection. */
  protected emitLater<Name extends keyof HubEvents>(name: Name, ...details: HubEvents[Name]): void {
    if (this.listenerCount(name) === 0) return;
    queueMicrotask(() => {
      // The compiler cannot relate the tuple of a generic name to what `emit` takes for that name.
      (this as EventEmitter).emit(name, ...details);
    });
  }

  #changed(): void {
    for (const listener of this.#changeListeners) listener();
  }
}
