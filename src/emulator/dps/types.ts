import type { JsonObject, JsonValue } from '../json';

/** Whether devices may register by an enrollment. */
export type ProvisioningStatus = 'enabled' | 'disabled';

/** What a device's twin holds when DPS creates the device at a hub. */
export interface InitialTwin {
  readonly tags?: JsonObject;
  readonly properties?: { readonly desired?: JsonObject };
}

/**
 * What becomes of a device that has a hub already, at its next registration. Both true: it moves with its data
 * ("re-provision and migrate data"). `migrateDeviceData` false: it moves and starts with the initial twin ("reset to
 * initial config"). `updateHubAssignment` false: it stays at its first hub, whatever `iotHubs` says ("never re-provision").
 */
export interface ReprovisionPolicy {
  readonly updateHubAssignment: boolean;
  readonly migrateDeviceData: boolean;
}

/** Where the devices of an enrollment may be, and what happens when that changes. */
export interface EnrollmentAllocation {
  /** Host names of the linked hubs that devices may be assigned to. Absent: all. */
  readonly iotHubs?: readonly string[];
  readonly reprovisionPolicy: ReprovisionPolicy;
}

/** What of {@link EnrollmentAllocation} may be given. Takes effect at the devices' next registrations. */
export interface EnrollmentAllocationInit {
  /**
   * Linked hubs that devices may be assigned to, by host name or by name. Default, and for an empty list: all. A device
   * whose hub is among them stays there; one whose hub is not moves as `reprovisionPolicy` says.
   */
  iotHubs?: readonly string[];
  /** Default: both true. */
  reprovisionPolicy?: Partial<ReprovisionPolicy>;
}

/** An entry that lets exactly one device register, by the very certificate that is enrolled. */
export interface IndividualEnrollment extends EnrollmentAllocation {
  readonly registrationId: string;
  /** The device ID at the hub. */
  readonly deviceId: string;
  /** PEM. */
  readonly primaryCertificate: string;
  /** PEM. */
  readonly secondaryCertificate?: string;
  readonly provisioningStatus: ProvisioningStatus;
  readonly initialTwin?: InitialTwin;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** What {@link IndividualEnrollments.create} takes. */
export interface IndividualEnrollmentInit extends EnrollmentAllocationInit {
  /** Must be the certificate's common name for the device to be let in. Upper and lower case do not count. */
  registrationId: string;
  /**
   * PEM. The device must present this very certificate. A certificate authority may be enrolled too (`openssl req
   * -x509` makes one by default), but lets in nobody but itself: what it has signed is refused.
   */
  primaryCertificate: string;
  /** PEM. Accepted as well, for the time of a renewal. */
  secondaryCertificate?: string;
  /** Default: the registration ID. */
  deviceId?: string;
  /** Default `enabled`. */
  provisioningStatus?: ProvisioningStatus;
  /** Applied when the device is created at a hub and brings no data from another one. */
  initialTwin?: InitialTwin;
}

/** What may be changed about an individual enrollment. */
export type IndividualEnrollmentUpdate = Partial<Omit<IndividualEnrollmentInit, 'registrationId'>>;

/** The individual enrollments of a DPS instance. */
export interface IndividualEnrollments {
  /**
   * @throws EmulatorError 400004 for a malformed ID or certificate or a hub that is not linked, 409001 when the
   *   registration ID or the certificate is enrolled already.
   */
  create(init: IndividualEnrollmentInit): IndividualEnrollment;
  get(registrationId: string): IndividualEnrollment | undefined;
  list(): readonly IndividualEnrollment[];
  /** Takes effect at the device's next registration. @throws EmulatorError 404201, 400004, 409001 */
  update(registrationId: string, update: IndividualEnrollmentUpdate): IndividualEnrollment;
  /** The device stays at its hub. @throws EmulatorError 404201 */
  delete(registrationId: string): void;
}

/** A certificate authority that was uploaded to a DPS instance. */
export interface AuthorityCertificate {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  /** Whether possession of its key is proven. Until then it lets in nobody. */
  readonly isVerified: boolean;
  readonly subject: string;
  readonly thumbprint: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** What {@link AuthorityCertificates.upload} takes. */
export interface AuthorityCertificateInit {
  name: string;
  /** PEM of a root or an intermediate. */
  certificate: string;
  /** The portal's "Set certificate status to verified on upload". Default false. */
  isVerified?: boolean;
}

/** The certificate authorities of a DPS instance. */
export interface AuthorityCertificates {
  /** @throws EmulatorError 400004 when it is not a CA, 409001 when the name is taken. */
  upload(init: AuthorityCertificateInit): AuthorityCertificate;
  /**
   * A fresh code, valid until the next one or until it is used: the common name of the certificate that
   * {@link verify} wants to see.
   *
   * @throws EmulatorError 404008
   */
  generateVerificationCode(name: string): string;
  /**
   * Proof of possession: a certificate whose common name is the code, signed by the authority's key.
   *
   * @throws EmulatorError 404008, or 400004 saying what is wrong with the certificate.
   */
  verify(name: string, verificationCertificate: string): AuthorityCertificate;
  get(name: string): AuthorityCertificate | undefined;
  list(): readonly AuthorityCertificate[];
  /** @throws EmulatorError 404008, or 409001 while an enrollment group refers to it. */
  delete(name: string): void;
}

/** The authority of a group: one uploaded and verified (`caReferences`), or one put right into the group (`signingCertificates`). */
export type GroupAttestation =
  | {
      /** Name of an uploaded authority. It may still be unverified, but lets in nobody until it is verified. */
      certificateName: string;
      secondaryCertificateName?: string;
      signingCertificate?: never;
      secondarySigningCertificate?: never;
    }
  | {
      /** PEM of an intermediate or root. Needs no proof of possession. */
      signingCertificate: string;
      secondarySigningCertificate?: string;
      certificateName?: never;
      secondaryCertificateName?: never;
    };

/** An entry that lets in every device below a certificate authority. */
export type EnrollmentGroup = Readonly<GroupAttestation> &
  EnrollmentAllocation & {
    readonly enrollmentGroupId: string;
    readonly provisioningStatus: ProvisioningStatus;
    readonly initialTwin?: InitialTwin;
    readonly createdDateTimeUtc: string;
    readonly lastUpdatedDateTimeUtc: string;
    readonly etag: string;
  };

/** What {@link EnrollmentGroups.create} takes. */
export type EnrollmentGroupInit = GroupAttestation &
  EnrollmentAllocationInit & {
    enrollmentGroupId: string;
    /** Default `enabled`. */
    provisioningStatus?: ProvisioningStatus;
    /** Applied when a device is created at a hub and brings no data from another one. */
    initialTwin?: InitialTwin;
  };

/** What may be changed about an enrollment group. Naming an authority replaces the ones before. */
export type EnrollmentGroupUpdate = (GroupAttestation | Partial<Record<keyof GroupAttestation, never>>) &
  EnrollmentAllocationInit & {
    provisioningStatus?: ProvisioningStatus;
    initialTwin?: InitialTwin;
  };

/** The enrollment groups of a DPS instance. */
export interface EnrollmentGroups {
  /**
   * @throws EmulatorError 400004 for a malformed ID or certificate or a hub that is not linked, 404008 when no authority
   *   of that name was uploaded, 409001 when the ID is taken or another group has this authority.
   */
  create(init: EnrollmentGroupInit): EnrollmentGroup;
  get(enrollmentGroupId: string): EnrollmentGroup | undefined;
  list(): readonly EnrollmentGroup[];
  /** Takes effect at the devices' next registrations. @throws EmulatorError 404204, 400004, 404008, 409001 */
  update(enrollmentGroupId: string, update: EnrollmentGroupUpdate): EnrollmentGroup;
  /** The devices stay at their hubs. @throws EmulatorError 404204 */
  delete(enrollmentGroupId: string): void;
}

/** Where a registration stands. */
export type RegistrationStatus = 'unassigned' | 'assigning' | 'assigned' | 'failed' | 'disabled';

/**
 * How an assignment came about: `initialAssignment` for the first one and for every registration that leaves the device
 * at its hub, `deviceDataMigrated` and `deviceDataReset` when it has moved.
 */
export type RegistrationSubstatus =
  'initialAssignment' | 'deviceDataMigrated' | 'deviceDataReset' | 'reprovisionedToInitialAssignment';

/** What DPS remembers about a device that has registered. */
export interface RegistrationRecord {
  readonly registrationId: string;
  readonly status: RegistrationStatus;
  readonly substatus?: RegistrationSubstatus;
  readonly deviceId?: string;
  /** Host name (and, in the emulator, port) of the hub. */
  readonly assignedHub?: string;
  /** The group by which the device was let in; absent for an individual enrollment. */
  readonly enrollmentGroupId?: string;
  /** What the device sent along with its registration, e.g. `{ modelId: 'dtmi:…' }`. */
  readonly payload?: JsonValue;
  readonly errorCode?: number;
  readonly errorMessage?: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
  readonly etag: string;
}

/** The registration records of a DPS instance. A refused device (401) leaves none. */
export interface Registrations {
  get(registrationId: string): RegistrationRecord | undefined;
  list(): readonly RegistrationRecord[];
  /** Forgets the device, which stays at its hub. @throws EmulatorError 404201 */
  delete(registrationId: string): void;
}

/** One instance of the Device Provisioning Service. */
export interface DpsEmulator {
  readonly idScope: string;
  readonly individualEnrollments: IndividualEnrollments;
  readonly certificates: AuthorityCertificates;
  readonly enrollmentGroups: EnrollmentGroups;
  readonly registrations: Registrations;
}
