import type { X509Certificate } from 'node:crypto';
import type { LinkedHub, InitialTwin } from '../../hub/linked-hub';
import type { JsonValue } from '../../protocol/json';
import type { DecisiveEnrollment } from '../enrollments/terms';
import type { BuiltInAllocationPolicy } from '../types/allocation';
import type { Assignment } from '../types/dps';
import { highestBid } from './rendezvous';

/** The request to an allocation policy. */
export interface AllocationRequest {
  readonly registrationId: string;
  /** The hubs that the device may be assigned to. Only the present hub if the device must never move. */
  readonly linkedHubs: readonly LinkedHub[];
  /** The enrollment that admits the device. */
  readonly enrollment: DecisiveEnrollment;
  /** The leaf that the device presented. */
  readonly leaf: X509Certificate;
  readonly payload: JsonValue | undefined;
  /** The last assignment of the device, whether or not the device may stay at that hub. */
  readonly previous: Assignment | undefined;
  /** The present hub of the device, if it is one of {@link linkedHubs}. */
  readonly currentHub: LinkedHub | undefined;
}

/** A failed choice, with the error of the device's registration. */
export interface AllocationFailure {
  readonly hub?: never;
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** The chosen hub, and the further members of a custom allocation's answer. */
export type AllocationResult =
  | { readonly hub: LinkedHub; readonly initialTwin?: InitialTwin; readonly payload?: JsonValue }
  | AllocationFailure;

/**
 * Chooses the hub of a device. Runs at every registration, also of a device that has a hub already. The signal aborts
 * when the choice is not needed anymore. Never rejects.
 */
export type AllocationPolicy = (
  request: AllocationRequest,
  signal: AbortSignal,
) => AllocationResult | Promise<AllocationResult>;

/** The failure of DPS when no hub is linked or usable for the enrollment. */
const NO_HUB: AllocationFailure = { errorCode: 400208, errorMessage: 'No IoT hub is linked.' };
const NOT_ONE_HUB: AllocationFailure = {
  errorCode: 400208,
  errorMessage: 'The allocation policy is static, and the enrollment does not name exactly one IoT hub.',
};

function chosen(hub: LinkedHub | undefined): AllocationResult {
  return hub === undefined ? NO_HUB : { hub };
}

/** The policy `hashed`: spreads devices by weight, always with the same result. A device that has a hub keeps it. */
const allocateHashed: AllocationPolicy = ({ registrationId, linkedHubs, currentHub }) =>
  chosen(currentHub ?? highestBid(registrationId, linkedHubs));

/** The policy `geoLatency`: the hub with the lowest latency; among several, as {@link allocateHashed}. */
const allocateByLatency: AllocationPolicy = ({ registrationId, linkedHubs, currentHub }) => {
  const lowest = Math.min(...linkedHubs.map(({ latencyMs }) => latencyMs));
  const nearest = linkedHubs.filter(({ latencyMs }) => latencyMs === lowest);
  const stays = currentHub !== undefined && nearest.includes(currentHub);
  return chosen(stays ? currentHub : highestBid(registrationId, nearest));
};

/** The policy `static`: the only hub. */
const allocateStatically: AllocationPolicy = ({ linkedHubs: [hub, ...others] }) =>
  others.length > 0 ? NOT_ONE_HUB : chosen(hub);

/** The policies of DPS itself. */
export const BUILT_IN_POLICIES: Readonly<Record<BuiltInAllocationPolicy, AllocationPolicy>> = {
  hashed: allocateHashed,
  geoLatency: allocateByLatency,
  static: allocateStatically,
};
