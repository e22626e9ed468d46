import type { InitialTwin } from '../../hub/linked-hub';
import type { JsonObject, JsonValue } from '../../protocol/json';

/** A policy that DPS itself implements. */
export type BuiltInAllocationPolicy =
  /** Evenly spread by weight, always with the same result for a device ("evenly weighted distribution"). */
  | 'hashed'
  /** The hub with the lowest latency; in the emulator, the lowest `latencyMs` of its options. */
  | 'geoLatency'
  /** The one hub that the enrollment names. */
  | 'static';

/** The policy by which DPS chooses the hub of a device. */
export type AllocationPolicyName =
  | BuiltInAllocationPolicy
  /** By a webhook, or by a function in this process. */
  | 'custom';

/** The webhook that chooses the hub of a device. */
export interface CustomAllocationDefinition {
  /**
   * `http://` or `https://`. Gets a {@link CustomAllocationRequest} as JSON by POST, and must answer 2xx with a
   * {@link CustomAllocationResponse} as JSON, of at most 256 KB and within 30 seconds. Redirects are not followed.
   */
  readonly webhookUrl: string;
  /**
   * Version of the API whose types the webhook expects, e.g. `2021-10-01`. Azure wants it; the emulator only repeats
   * it.
   */
  readonly apiVersion: string;
}

/** The details of a certificate in DPS. */
export interface CertificateInformation {
  readonly subjectName: string;
  readonly sha1Thumbprint: string;
  readonly sha256Thumbprint: string;
  readonly issuerName: string;
  readonly notBeforeUtc: string;
  readonly notAfterUtc: string;
  readonly serialNumber: string;
  readonly version: number;
}

/** The device that needs a hub. */
export interface DeviceRuntimeContext {
  readonly registrationId: string;
  /** The host name of the hub that the device is assigned to; absent when it never was assigned. */
  readonly currentIotHubHostName?: string;
  /** The device ID at that hub; absent when the device never was assigned. */
  readonly currentDeviceId?: string;
  /** The leaf that the device presented, as Base64 of its DER form. */
  readonly x509: { readonly clientCertificate: string };
  /** The payload of the device's registration. */
  readonly payload?: JsonValue;
}

/** The request to a custom allocation. Exactly one of `individualEnrollment` and `enrollmentGroup` is there. */
export interface CustomAllocationRequest {
  /** The enrollment in the form of the service's REST API. */
  readonly individualEnrollment?: JsonObject;
  /** The enrollment group in the form of the service's REST API. */
  readonly enrollmentGroup?: JsonObject;
  readonly deviceRuntimeContext: DeviceRuntimeContext;
  /**
   * Host names of the hubs to choose from: those of the enrollment, or all linked hubs. Only the current one if the
   * device must never be re-provisioned.
   */
  readonly linkedHubs: readonly string[];
}

/** The answer of a custom allocation. */
export interface CustomAllocationResponse {
  /** One of `linkedHubs`. The emulator also takes the name of the hub. */
  readonly iotHubHostName: string;
  /** The initial twin, in place of the enrollment's. Ignored when a device keeps its data. */
  readonly initialTwin?: InitialTwin | null;
  /** The payload for the device, `registrationState.payload`. */
  readonly payload?: JsonValue;
}

/**
 * Chooses the hub of a device in this process, where a webhook would be called otherwise. A function that throws fails
 * the registration with 400207. Until it has answered, the device's polls are answered `assigning`. The signal aborts
 * when the answer is not needed anymore, because the device has disconnected or the emulator is closed.
 */
export type CustomAllocation = (
  request: CustomAllocationRequest,
  signal: AbortSignal,
) => CustomAllocationResponse | Promise<CustomAllocationResponse>;

/**
 * The treatment of an assigned device at its next registration. Both true: it moves with its data
 * ("re-provision and migrate data"). `migrateDeviceData` false: it begins anew with the initial twin, even if it is
 * assigned to the same hub again ("re-provision and reset to initial config"). `updateHubAssignment` false: it stays at
 * its first hub, whatever `iotHubs` says ("never re-provision").
 */
export interface ReprovisionPolicy {
  readonly updateHubAssignment: boolean;
  readonly migrateDeviceData: boolean;
}

/** The hubs that the devices of an enrollment may be assigned to, and the policy for when that changes. */
export interface EnrollmentAllocation {
  /** Absent: the `allocationPolicy` of the DPS instance. */
  readonly allocationPolicy?: AllocationPolicyName;
  /** For `custom`, unless there is a function. */
  readonly customAllocationDefinition?: CustomAllocationDefinition;
  /** For `custom`, unless there is a webhook. Absent after a restart from stored state, which cannot hold functions. */
  readonly customAllocation?: CustomAllocation;
  /** Host names of the linked hubs that devices may be assigned to. Absent: all. */
  readonly iotHubs?: readonly string[];
  readonly reprovisionPolicy: ReprovisionPolicy;
}

/** The given part of {@link EnrollmentAllocation}. Takes effect at the devices' next registrations. */
export type EnrollmentAllocationInit = (
  | {
      /** Default: the `allocationPolicy` of the DPS instance. `static` demands exactly one hub in `iotHubs`. */
      allocationPolicy?: BuiltInAllocationPolicy;
      customAllocationDefinition?: never;
      customAllocation?: never;
    }
  | {
      allocationPolicy: 'custom';
      /** Called at every registration, for any `reprovisionPolicy`. */
      customAllocationDefinition: CustomAllocationDefinition;
      customAllocation?: never;
    }
  | {
      allocationPolicy: 'custom';
      /** Called at every registration, for any `reprovisionPolicy`. A state directory does not keep it. */
      customAllocation: CustomAllocation;
      customAllocationDefinition?: never;
    }
) & {
  /**
   * Linked hubs that devices may be assigned to, by host name or by name. Default, and for an empty list: all. With
   * `hashed`, a device whose hub is among them stays there; one whose hub is not moves as `reprovisionPolicy` says.
   */
  iotHubs?: readonly string[];
  /**
   * Default: both true. Unless it is given, devices that speak an API version up to 2018-04-01 stay at their first hub,
   * as they did before there were policies.
   */
  reprovisionPolicy?: Partial<ReprovisionPolicy>;
};
