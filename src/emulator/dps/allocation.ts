import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../json';
import type { InitialTwin } from './types';

/** The hub, as DPS sees it: where it is, and how devices get there and away. */
export interface LinkedHub {
  readonly name: string;
  readonly hostName: string;
  /** Its share of the devices that are allocated `hashed`, 1 to 1000. */
  readonly allocationWeight: number;
  /** What `geoLatency` compares, in milliseconds. */
  readonly latencyMs: number;
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

/** What a policy may decide by. */
interface AllocationRequest {
  readonly registrationId: string;
  /** Those that the enrollment allows. */
  readonly linkedHubs: readonly LinkedHub[];
  /** The group that let the device in; `undefined` for an individual enrollment. */
  readonly enrollmentGroupId: string | undefined;
  readonly payload: JsonValue | undefined;
  /** Where the device was assigned before and may stay. */
  readonly currentHub: LinkedHub | undefined;
}

/** The hub that was chosen, or the failure that the device's registration ends with. */
export type AllocationResult =
  | { readonly hub: LinkedHub }
  | { readonly hub?: never; readonly errorCode: number; readonly errorMessage: string };

/** Chooses the hub of a device. Runs at every registration, also of a device that has a hub already. */
export type AllocationPolicy = (request: AllocationRequest) => AllocationResult;

/** DPS: no hub is linked or usable for the enrollment. */
const NO_HUB = { errorCode: 400208, errorMessage: 'No IoT hub is linked.' };

/** Evenly spread by the registration ID, always with the same result. A device that has a hub keeps it. */
export const allocateHashed: AllocationPolicy = ({ registrationId, linkedHubs, currentHub }) => {
  if (currentHub !== undefined) return { hub: currentHub };
  if (linkedHubs.length === 0) return NO_HUB;
  const hash = createHash('sha256').update(registrationId.toLowerCase()).digest().readUInt32BE(0);
  const hub = linkedHubs[hash % linkedHubs.length];
  return hub === undefined ? NO_HUB : { hub };
};
