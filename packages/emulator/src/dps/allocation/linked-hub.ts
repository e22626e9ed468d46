import type { JsonObject } from '../../protocol/json';
import type { InitialTwin } from './types';

/** The hub, as DPS sees it: where it is, and how devices get there and away. */
export interface LinkedHub {
  readonly name: string;
  readonly hostName: string;
  /** Its share of the devices that are allocated `hashed`, 1 to 1000. */
  readonly allocationWeight: number;
  /** What `geoLatency` compares, in milliseconds. */
  readonly latencyMs: number;
  /** @throws EmulatorError 400004, 413001 when the twin of a new device cannot begin with that. */
  checkInitialTwin(initialTwin: InitialTwin): void;
  /** Creates the device's identity, or gives an existing one the certificate that the device has now. */
  provisionDevice(device: ProvisionedDevice): void;
  /** Removes the device's identity. Answers with its data, or `undefined` when there is no such device. */
  releaseDevice(deviceId: string): DeviceData | undefined;
}

/** What a device takes along when it moves to another hub, and what one begins with that does not. */
export interface DeviceData extends InitialTwin {
  readonly properties?: { readonly desired?: JsonObject; readonly reported?: JsonObject };
}

/** What DPS tells a hub about a device. */
export interface ProvisionedDevice {
  readonly deviceId: string;
  /** SHA-256 thumbprint of the leaf that the device registered with. */
  readonly thumbprint: string;
  /** Applied only when the identity is created by this call. */
  readonly data: DeviceData | undefined;
}
