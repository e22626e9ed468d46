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

/** A device that an enrollment has admitted. */
export interface AdmittedDevice {
  readonly registrationId: string;
  readonly leaf: X509Certificate;
  readonly payload: JsonValue | undefined;
  /** The API version of the device. */
  readonly apiVersion: string;
  readonly enrollment: DecisiveEnrollment;
  /** The group that admits the device; `undefined` for an individual enrollment. */
  readonly enrollmentGroupId: string | undefined;
}

/** Tells whether the device stays at its hub, even if the enrollment no longer names that hub. */
function isBound({ apiVersion, enrollment }: AdmittedDevice): boolean {
  // DPS: a re-provisioning policy also decides for devices of an old API version. Without one they keep their hub, as
  // before re-provisioning.
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
  // DPS: then even a custom allocation can choose only the current hub.
  const isFixed = previousHub !== undefined && isBound(device);
  const hubs = isFixed ? [previousHub] : linkedHubs.allowedBy(enrollment.iotHubs);
  const currentHub = previousHub !== undefined && hubs.includes(previousHub) ? previousHub : undefined;
  return { registrationId, linkedHubs: hubs, enrollment, leaf, payload, previous, currentHub };
}

/** The treatment of an existing identity of the device. */
type Move =
  /** The identity is new or stays unchanged. */
  | { readonly from?: never; readonly substatus: RegistrationSubstatus }
  /** The identity is removed from its hub. The device's data are kept or not. */
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

/** Creates the device at the chosen hub. @throws EmulatorError when the hub refuses it. */
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
  // Checked before any change, so that a device is not lost between two hubs.
  if (initialTwin !== undefined) hub.checkInitialTwin(initialTwin);
  // DPS: the old identity is removed in either case. The policy decides whether the data move.
  const released =
    move.from === undefined || previous === undefined
      ? undefined
      : move.from.releaseDevice(previous.deviceId);
  const isKept = move.from !== undefined && move.keepsData;
  // The case counts in device IDs, and not in registration IDs. A group's device keeps the spelling of its first
  // registration.
  const deviceId = enrollment.deviceId ?? previous?.deviceId ?? registrationId;
  hub.provisionDevice({
    deviceId,
    // DPS: the hub accepts the leaf of the latest registration. A registration thus brings a renewed certificate to the
    // hub.
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
