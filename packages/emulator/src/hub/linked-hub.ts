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
  /** Its share of the devices that are allocated `hashed`, 1 to 1000. */
  readonly allocationWeight: number;
  /** The latency that `geoLatency` compares, in milliseconds. */
  readonly latencyMs: number;
  /** @throws EmulatorError 400004, 413001 when the twin of a new device cannot begin with that. */
  checkInitialTwin(initialTwin: InitialTwin): void;
  /** Creates the device's identity, or gives an existing one the certificate that the device has now. */
  provisionDevice(device: ProvisionedDevice): void;
  /** Removes the device's identity. Returns its data, or `undefined` when there is no such device. */
  releaseDevice(deviceId: string): DeviceData | undefined;
}

/** The data that a device takes along to another hub, or with which a new device begins. */
export interface DeviceData extends InitialTwin {
  readonly properties?: { readonly desired?: JsonObject; readonly reported?: JsonObject };
}

/** A device that DPS assigns to a hub. */
export interface ProvisionedDevice {
  readonly deviceId: string;
  /** SHA-256 thumbprint of the leaf that the device registered with. */
  readonly thumbprint: string;
  /** Applied only when the identity is created by this call. */
  readonly data: DeviceData | undefined;
}
