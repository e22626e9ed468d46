import type { AuthorityCertificates } from '../../authorities/types';
import type { InitialTwin } from '../../hub/linked-hub';
import type { IfMatch } from '../../protocol/etag';
import type { JsonObject, JsonValue } from '../../protocol/json';
import type { BuiltInAllocationPolicy, EnrollmentAllocation, EnrollmentAllocationInit } from './allocation';

/** The status of an enrollment: devices cannot register by one that is `disabled`. */
export type ProvisioningStatus = 'enabled' | 'disabled';

/** The capabilities of a device in its enrollment. The emulator stores them only. */
export interface DeviceCapabilities {
  /** True if the device is an IoT Edge device. */
  readonly iotEdge: boolean;
}

/** The terms that both kinds of enrollment have. */
export interface EnrollmentTerms extends EnrollmentAllocation {
  readonly provisioningStatus: ProvisioningStatus;
  readonly initialTwin?: InitialTwin;
  readonly capabilities: DeviceCapabilities;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** The given part of {@link EnrollmentTerms}. */
export interface EnrollmentTermsInit {
  /** Default `enabled`. */
  provisioningStatus?: ProvisioningStatus;
  /** The initial twin of a device that is created at a hub without data of another hub. */
  initialTwin?: InitialTwin;
  /** Default: `iotEdge` false. */
  capabilities?: DeviceCapabilities;
}

/** A change of {@link EnrollmentTerms}. */
export interface EnrollmentTermsUpdate extends Omit<EnrollmentTermsInit, 'initialTwin'> {
  /** `null` removes it. */
  initialTwin?: InitialTwin | null;
}

/** An entry for exactly one device, which must present the enrolled certificate itself. */
export interface IndividualEnrollment extends EnrollmentTerms {
  readonly registrationId: string;
  /** The device ID at the hub. */
  readonly deviceId: string;
  /** PEM. */
  readonly primaryCertificate: string;
  /** PEM. */
  readonly secondaryCertificate?: string;
  /** The JSON object that was stored with the enrollment. */
  readonly optionalDeviceInformation?: JsonObject;
}

/** The parameters of {@link IndividualEnrollments.create}. */
export type IndividualEnrollmentInit = EnrollmentTermsInit &
  EnrollmentAllocationInit & {
    /** The registration ID: must be the certificate's common name. Upper and lower case do not count. */
    registrationId: string;
    /**
     * PEM. The device must present this very certificate. A certificate authority may be enrolled too (`openssl req
     * -x509` makes one by default), but admits only itself: a certificate that it has signed is refused.
     */
    primaryCertificate: string;
    /** PEM. A second certificate that is accepted, for the time of a renewal. */
    secondaryCertificate?: string;
    /** Default: the registration ID. */
    deviceId?: string;
    /** Any JSON object, stored with the enrollment. */
    optionalDeviceInformation?: JsonObject;
  };

/** A change of an individual enrollment. Properties that are left out stay. */
export type IndividualEnrollmentUpdate = EnrollmentTermsUpdate &
  EnrollmentAllocationInit & {
    /** PEM. */
    primaryCertificate?: string;
    /** PEM; `null` removes it, as at the end of a renewal. */
    secondaryCertificate?: string | null;
    deviceId?: string;
    /** `null` takes it away. */
    optionalDeviceInformation?: JsonObject | null;
  };

/** The individual enrollments of a DPS instance. */
export interface IndividualEnrollments {
  /**
   * @throws EmulatorError 400004 for a malformed ID or certificate, a hub that is not linked or a policy that lacks
   *   something, 409001 when the registration ID or the certificate is enrolled already.
   */
  create(init: IndividualEnrollmentInit): IndividualEnrollment;
  get(registrationId: string): IndividualEnrollment | undefined;
  list(): readonly IndividualEnrollment[];
  /** Takes effect at the device's next registration. @throws EmulatorError 404201, 400004, 409001, 412001 */
  update(registrationId: string, update: IndividualEnrollmentUpdate, options?: IfMatch): IndividualEnrollment;
  /** The device stays at its hub. @throws EmulatorError 404201, 412001 */
  delete(registrationId: string, options?: IfMatch): void;
}

/**
 * The authority of a group: one that was uploaded and verified (`caReferences`), or one that the group itself holds
 * (`signingCertificates`).
 */
export type GroupAttestation =
  | {
      /** Name of an uploaded authority. It may be unverified, but admits no device until it is verified. */
      certificateName: string;
      secondaryCertificateName?: string;
      signingCertificate?: never;
      secondarySigningCertificate?: never;
    }
  | {
      /**
       * PEM of an intermediate or root. It is not verified by being in a group: devices are admitted if the chain that
       * they send has it and reaches a verified authority of the instance.
       */
      signingCertificate: string;
      secondarySigningCertificate?: string;
      certificateName?: never;
      secondaryCertificateName?: never;
    };

/** An entry for all devices whose certificates chain to a certificate authority. */
export type EnrollmentGroup = Readonly<GroupAttestation> &
  EnrollmentTerms & {
    readonly enrollmentGroupId: string;
  };

/** The parameters of {@link EnrollmentGroups.create}. */
export type EnrollmentGroupInit = GroupAttestation &
  EnrollmentTermsInit &
  EnrollmentAllocationInit & {
    enrollmentGroupId: string;
  };

/**
 * A change of an enrollment group. Properties that are left out stay. A new authority replaces all earlier
 * ones, the secondary one included.
 */
export type EnrollmentGroupUpdate = (GroupAttestation | Partial<Record<keyof GroupAttestation, never>>) &
  EnrollmentTermsUpdate &
  EnrollmentAllocationInit;

/** The enrollment groups of a DPS instance: at most 100, which is DPS's limit. */
export interface EnrollmentGroups {
  /**
   * @throws EmulatorError 400004 for a malformed ID or certificate, a hub that is not linked or a policy that lacks
   *   something, 403002 when there are 100 groups, 404008 when no authority of that name was uploaded, 409001 when the ID
   *   is taken or another group has this authority.
   */
  create(init: EnrollmentGroupInit): EnrollmentGroup;
  get(enrollmentGroupId: string): EnrollmentGroup | undefined;
  list(): readonly EnrollmentGroup[];
  /** Takes effect at the devices' next registrations. @throws EmulatorError 404204, 400004, 404008, 409001, 412001 */
  update(enrollmentGroupId: string, update: EnrollmentGroupUpdate, options?: IfMatch): EnrollmentGroup;
  /** The devices stay at their hubs. @throws EmulatorError 404204, 412001 */
  delete(enrollmentGroupId: string, options?: IfMatch): void;
}

/** The status of a registration. */
export type RegistrationStatus = 'unassigned' | 'assigning' | 'assigned' | 'failed' | 'disabled';

/**
 * The origin of an assignment: `initialAssignment` for the first one and for every registration that leaves the device
 * at its hub, `deviceDataMigrated` and `deviceDataReset` when it has moved.
 */
export type RegistrationSubstatus =
  'initialAssignment' | 'deviceDataMigrated' | 'deviceDataReset' | 'reprovisionedToInitialAssignment';

/** The registration record of a device. */
export interface RegistrationRecord {
  readonly registrationId: string;
  readonly status: RegistrationStatus;
  readonly substatus?: RegistrationSubstatus;
  readonly deviceId?: string;
  /** Host name (and, in the emulator, port) of the hub. */
  readonly assignedHub?: string;
  /** The group that admitted the device; absent for an individual enrollment. */
  readonly enrollmentGroupId?: string;
  /** The payload of the registration, e.g. `{ modelId: 'dtmi:…' }`. */
  readonly payload?: JsonValue;
  /** The payload that a custom allocation returned. */
  readonly returnedPayload?: JsonValue;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** The hub and device ID of a registered device. */
export type Assignment = Required<Pick<RegistrationRecord, 'assignedHub' | 'deviceId'>>;

/** The registration records of a DPS instance. A refused device (401) leaves none. */
export interface Registrations {
  /** The status is `assigning`, and the hub is absent, until a custom allocation has answered. */
  get(registrationId: string): RegistrationRecord | undefined;
  list(): readonly RegistrationRecord[];
  /** Removes the record. The device stays at its hub. @throws EmulatorError 404201, 412001 */
  delete(registrationId: string, options?: IfMatch): void;
}

/** One instance of the Device Provisioning Service. */
export interface DpsEmulator {
  readonly idScope: string;
  /**
   * The policy for enrollments that name none. Default `hashed`. Takes effect at the devices' next registrations. With
   * `static`, a device whose enrollment leaves more than one hub fails with 400208.
   *
   * @throws EmulatorError 400004 when it is set to anything else, `custom` included.
   */
  allocationPolicy: BuiltInAllocationPolicy;
  readonly individualEnrollments: IndividualEnrollments;
  readonly certificates: AuthorityCertificates;
  readonly enrollmentGroups: EnrollmentGroups;
  readonly registrations: Registrations;
}
