import type { JsonObject } from '../protocol/json';

/** The content of a device's twin when DPS creates the device at a hub. */
export interface InitialTwin {
  readonly tags?: JsonObject;
  readonly properties?: { readonly desired?: JsonObject };
}

/** A hub as DPS sees it. */
export interface LinkedHub {
  readonly name: string;
  readonly hostName: string;
  /** The hub's share of the devices that are allocated `hashed`, 1 to 1000. */
  readonly allocationWeight: number;
  /** The latency that `geoLatency` compares, in milliseconds. */
  readonly latencyMs: number;
  /** @throws EmulatorError 400004, 413001 when the value is no initial twin. */
  checkInitialTwin(initialTwin: InitialTwin): void;
  /** Creates the device's identity, or gives an existing one the certificate that the device has now. */
  provisionDevice(device: ProvisionedDevice): void;
  /** Removes the device's identity. Returns its data, or `undefined` when there is no such device. */
  releaseDevice(deviceId: string): DeviceData | undefined;
}

/** The data that move with a device to another hub, or the initial data of a new device. */
export interface DeviceData extends InitialTwin {
  readonly properties?: { readonly desired?: JsonObject; readonly reported?: JsonObject };
}

/** A device that DPS assigns to a hub. */
export interface ProvisionedDevice {
  readonly deviceId: string;
  /** SHA-256 thumbprint of the leaf that the device registered with. */
  readonly thumbprint: string;
  /** The initial data, applied only when this call creates the identity. */
  readonly data: DeviceData | undefined;
}
