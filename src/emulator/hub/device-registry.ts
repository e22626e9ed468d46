import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import type { DisconnectReason } from '../mqtt/service';
import { Device } from './device';
import type { DeviceAuthentication, DeviceIdentity, DeviceInit, HubDevices } from './types';

// IoT Hub: letters, digits and these characters of ASCII, at most 128.
const DEVICE_ID = /^[A-Za-z0-9\-.%_*?!(),:=@$'+#]{1,128}$/;
const THUMBPRINT = /^([0-9A-F]{40}|[0-9A-F]{64})$/;

function normalizeThumbprint(thumbprint: string, parameter: string): string {
  const normal = thumbprint.replaceAll(/[:\s]/g, '').toUpperCase();
  if (THUMBPRINT.test(normal)) return normal;
  throw invalidArgument(`${parameter} is neither a SHA-1 nor a SHA-256 thumbprint in hexadecimal`);
}

function normalize({ primaryThumbprint, secondaryThumbprint }: DeviceAuthentication): DeviceAuthentication {
  return {
    ...(primaryThumbprint !== undefined && {
      primaryThumbprint: normalizeThumbprint(primaryThumbprint, 'primaryThumbprint'),
    }),
    ...(secondaryThumbprint !== undefined && {
      secondaryThumbprint: normalizeThumbprint(secondaryThumbprint, 'secondaryThumbprint'),
    }),
  };
}

/** The devices of one hub. */
export class DeviceRegistry implements HubDevices {
  readonly #devices = new Map<string, Device>();

  create(init: DeviceInit): DeviceIdentity {
    const { deviceId, status = 'enabled', authentication = {} } = init;
    if (!DEVICE_ID.test(deviceId)) {
      throw invalidArgument("deviceId must be 1 to 128 letters, digits or - . % _ * ? ! ( ) , : = @ $ ' + #");
    }
    if (this.#devices.has(deviceId)) {
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, `Device ${deviceId} exists already`);
    }
    const device = new Device(deviceId, status, normalize(authentication));
    this.#devices.set(deviceId, device);
    return device.identity();
  }

  get(deviceId: string): DeviceIdentity | undefined {
    return this.find(deviceId)?.identity();
  }

  list(): readonly DeviceIdentity[] {
    return [...this.#devices.values()].map((device) => device.identity());
  }

  update(deviceId: string, update: Partial<Omit<DeviceInit, 'deviceId'>>): DeviceIdentity {
    const device = this.require(deviceId);
    const { authentication, status } = update;
    if (authentication !== undefined) device.authentication = normalize(authentication);
    if (status !== undefined) device.status = status;
    if (status === 'disabled') device.disconnect('device-disabled');
    return device.identity();
  }

  delete(deviceId: string): void {
    const device = this.require(deviceId);
    this.#devices.delete(deviceId);
    device.dispose('device-deleted');
  }

  enable(deviceId: string): DeviceIdentity {
    return this.update(deviceId, { status: 'enabled' });
  }

  disable(deviceId: string): DeviceIdentity {
    return this.update(deviceId, { status: 'disabled' });
  }

  find(deviceId: string): Device | undefined {
    return this.#devices.get(deviceId);
  }

  /** @throws EmulatorError 404001 */
  require(deviceId: string): Device {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) return device;
    throw new EmulatorError(SERVICE_ERROR.deviceNotFound, `There is no device ${deviceId}`);
  }

  disconnectAll(reason: DisconnectReason): void {
    for (const device of this.#devices.values()) device.disconnect(reason);
  }

  dispose(): void {
    for (const device of this.#devices.values()) device.dispose('emulator-closed');
  }
}
