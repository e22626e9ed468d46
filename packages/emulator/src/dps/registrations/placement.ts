import type { X509Certificate } from 'node:crypto';
import type { LinkedHub } from '../../hub/linked-hub';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import type { JsonValue } from '../../protocol/json';
import type { AllocationFailure, AllocationRequest, AllocationResult } from '../allocation/policies';
import type { LinkedHubs } from '../enrollments/linked-hubs';
import type { DecisiveEnrollment } from '../enrollments/terms';
import type { RegistrationSubstatus, Assignment } from '../types/dps';
import { isBeforeReprovisioning } from './api-version';
import type { RegistrationOutcome } from './registrations';

/** A device that an enrollment has let in. */
export interface AdmittedDevice {
  readonly registrationId: string;
  readonly leaf: X509Certificate;
  readonly payload: JsonValue | undefined;
  /** Version of the API that the device speaks. */
  readonly apiVersion: string;
  readonly enrollment: DecisiveEnrollment;
  /** The group that let the device in; `undefined` for an individual enrollment. */
  readonly enrollmentGroupId: string | undefined;
}

/** Tells whether the device stays at its hub, even if the enrollment no longer names that hub. */
function isBound({ apiVersion, enrollment }: AdmittedDevice): boolean {
  // DPS: what an old device does is decided by the policy if there is one, and like at its time if there is none.
  return enrollment.isReprovisionPolicyGiven
    ? !enrollment.reprovisionPolicy.updateHubAssignment
    : isBeforeReprovisioning(apiVersion);
}

/** The request to the allocation policy. */
export function allocationRequest(
  device: AdmittedDevice,
  linkedHubs: LinkedHubs,
  previous: Assignment | undefined,
): AllocationRequest {
  const { registrationId, leaf, payload, enrollment } = device;
  const previousHub = linkedHubs.find(previous?.assignedHub);
  // DPS: even a custom allocation has nothing but the current hub to choose then.
  const isFixed = previousHub !== undefined && isBound(device);
  const hubs = isFixed ? [previousHub] : linkedHubs.allowedBy(enrollment.iotHubs);
  const currentHub = previousHub !== undefined && hubs.includes(previousHub) ? previousHub : undefined;
  return { registrationId, linkedHubs: hubs, enrollment, leaf, payload, previous, currentHub };
}

/** The treatment of an existing identity of the device. */
type Move =
  /** It is the first one, or it is left alone. */
  | { readonly from?: never; readonly substatus: RegistrationSubstatus }
  /** It is removed from its hub, with or without the device's data being kept. */
  | { readonly from: LinkedHub; readonly keepsData: boolean; readonly substatus: RegistrationSubstatus };

function moveOf(
  device: AdmittedDevice,
  hub: LinkedHub,
  previousHub: LinkedHub | undefined,
  { sameHubSubstatus }: UnverifiedBehavior,
): Move {
  if (previousHub === undefined) return { substatus: 'initialAssignment' };
  const { migrateDeviceData } = device.enrollment.reprovisionPolicy;
  // DPS: a reset to the initial configuration is done at the same hub, too.
  if (!migrateDeviceData && !isBound(device)) {
    return { from: previousHub, keepsData: false, substatus: 'deviceDataReset' };
  }
  if (previousHub !== hub) return { from: previousHub, keepsData: true, substatus: 'deviceDataMigrated' };
  return { substatus: sameHubSubstatus };
}

/** The outcome of a failed registration. */
export function failed(
  device: AdmittedDevice,
  { errorCode, errorMessage }: AllocationFailure,
): RegistrationOutcome {
  return { ...commonOutcome(device), status: 'failed', errorCode, errorMessage };
}

function commonOutcome({
  registrationId,
  enrollmentGroupId,
  payload,
}: AdmittedDevice): Omit<RegistrationOutcome, 'status'> {
  return {
    registrationId,
    ...(enrollmentGroupId !== undefined && { enrollmentGroupId }),
    ...(payload !== undefined && { payload }),
  };
}

/** Puts the device onto the hub that was chosen. @throws EmulatorError when the hub does not take it. */
export function place(
  device: AdmittedDevice,
  allocation: AllocationResult,
  linkedHubs: LinkedHubs,
  previous: Assignment | undefined,
  unverifiedBehavior: UnverifiedBehavior,
): RegistrationOutcome {
  const { registrationId, leaf, enrollment } = device;
  if (allocation.hub === undefined) return failed(device, allocation);
  const { hub, initialTwin = enrollment.initialTwin, payload: returnedPayload } = allocation;
  const previousHub = linkedHubs.find(previous?.assignedHub);
  const move = moveOf(device, hub, previousHub, unverifiedBehavior);
  // Before anything changes: a device must not be lost between two hubs.
  if (initialTwin !== undefined) hub.checkInitialTwin(initialTwin);
  // DPS: the old identity goes in either case, the data only come along when the policy says so.
  const released =
    move.from === undefined || previous === undefined
      ? undefined
      : move.from.releaseDevice(previous.deviceId);
  const isKept = move.from !== undefined && move.keepsData;
  // Device IDs have case and registration IDs do not: a group's device keeps the name that it first came with.
  const deviceId = enrollment.deviceId ?? previous?.deviceId ?? registrationId;
  hub.provisionDevice({
    deviceId,
    // DPS: a hub lets in the leaf of the latest registration, which is how a renewed certificate gets there.
    thumbprint: leaf.fingerprint256.replaceAll(':', ''),
    data: (isKept ? released : undefined) ?? initialTwin,
  });
  return {
    ...commonOutcome(device),
    status: 'assigned',
    substatus: move.substatus,
    deviceId,
    assignedHub: hub.hostName,
    ...(returnedPayload !== undefined && { returnedPayload }),
  };
}
