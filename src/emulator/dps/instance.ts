import type { X509Certificate } from 'node:crypto';
import createDebug from 'debug';
import type { JsonValue } from '../json';
import type { UnverifiedBehavior } from '../unverified-behavior';
import { allocateHashed, type AllocationPolicy, type LinkedHub } from './allocation';
import { attest, type RefusalReason } from './attestation';
import { AuthorityCertificateStore } from './authority-certificates';
import { EnrollmentGroupStore } from './enrollment-groups';
import { IndividualEnrollmentStore } from './individual-enrollments';
import { LinkedHubs } from './linked-hubs';
import { OperationStore } from './operations';
import { RegistrationStore } from './registrations';
import type {
  DpsEmulator,
  EnrollmentAllocation,
  InitialTwin,
  RegistrationRecord,
  RegistrationSubstatus,
} from './types';

const debug = createDebug('azure-iot-x509:emulator:dps');

/** What a DPS instance is made of. */
export interface DpsInstanceInit {
  readonly idScope: string;
  readonly linkedHubs: readonly LinkedHub[];
  readonly unverifiedBehavior: UnverifiedBehavior;
  /** Default: hashed. */
  readonly allocate?: AllocationPolicy;
}

/** A registration that DPS does not even begin. */
export interface RegistrationRefusal {
  readonly errorCode: number;
  readonly message: string;
}

/** What the device is told about each reason. The texts are those that devices have reported. */
const REFUSALS: Readonly<Record<RefusalReason, RegistrationRefusal>> = {
  'common-name-differs': { errorCode: 401002, message: 'Invalid certificate.' },
  'leaf-not-valid-now': { errorCode: 401002, message: 'Invalid certificate.' },
  'individual-certificate-differs': { errorCode: 401002, message: 'Invalid certificate.' },
  'individual-is-authority': { errorCode: 401002, message: 'Invalid certificate.' },
  'individual-disabled': { errorCode: 401000, message: 'Unauthorized' },
  'group-disabled': { errorCode: 401000, message: 'Unauthorized' },
  'authority-not-found': { errorCode: 401002, message: 'CA certificate not found.' },
};

const DISABLED: ReadonlySet<RefusalReason> = new Set(['individual-disabled', 'group-disabled']);

const MOVED: Readonly<Record<'migrated' | 'reset', RegistrationSubstatus>> = {
  migrated: 'deviceDataMigrated',
  reset: 'deviceDataReset',
};
// What DPS calls the same hub again is not documented; devices have logged `initialAssignment` at every start.
const STAYED: RegistrationSubstatus = 'initialAssignment';

/** What an enrollment of either sort says about its devices. */
interface EnrollmentTerms extends EnrollmentAllocation {
  readonly deviceId?: string;
  readonly initialTwin?: InitialTwin;
}

/** What DPS needs to know of a device that registers. */
export interface RegistrationAttempt {
  readonly registrationId: string;
  readonly presented: readonly [X509Certificate, ...X509Certificate[]];
  readonly payload: JsonValue | undefined;
}

/** One DPS instance: its enrollments, and what becomes of a registration. Knows nothing of MQTT. */
export class DpsInstance implements DpsEmulator {
  readonly idScope: string;
  readonly individualEnrollments: IndividualEnrollmentStore;
  readonly certificates: AuthorityCertificateStore;
  readonly enrollmentGroups: EnrollmentGroupStore;
  readonly registrations = new RegistrationStore();
  readonly operations = new OperationStore();
  readonly #linkedHubs: LinkedHubs;
  readonly #allocate: AllocationPolicy;
  readonly #unverifiedBehavior: UnverifiedBehavior;

  constructor(init: DpsInstanceInit) {
    this.idScope = init.idScope;
    this.#linkedHubs = new LinkedHubs(init.linkedHubs);
    this.#allocate = init.allocate ?? allocateHashed;
    this.#unverifiedBehavior = init.unverifiedBehavior;
    this.individualEnrollments = new IndividualEnrollmentStore(this.#linkedHubs);
    this.certificates = new AuthorityCertificateStore((name) => this.enrollmentGroups.refersTo(name));
    this.enrollmentGroups = new EnrollmentGroupStore(this.certificates, this.#linkedHubs);
  }

  /** Registers a device: attestation, allocation, identity at the hub, record. */
  register(attempt: RegistrationAttempt): RegistrationRecord | { readonly refusal: RegistrationRefusal } {
    const { registrationId, presented, payload } = attempt;
    const { allowAuthorityAsIndividual, disabledEnrollment } = this.#unverifiedBehavior;
    const attestation = attest({
      registrationId,
      presented,
      individual: this.individualEnrollments.candidate(registrationId),
      groups: this.enrollmentGroups.candidates(),
      verifiedAuthorities: this.certificates.listVerified(),
      allowAuthorityAsIndividual,
      now: new Date(),
    });
    debug('%s: registration of %s: %o', this.idScope, registrationId, attestation);
    if (attestation.outcome === 'refused') {
      const { reason } = attestation;
      if (disabledEnrollment === 'status' && DISABLED.has(reason)) {
        return this.registrations.record({ registrationId, status: 'disabled' });
      }
      return { refusal: REFUSALS[reason] };
    }
    const enrollmentGroupId = attestation.outcome === 'group' ? attestation.enrollmentGroupId : undefined;
    return this.#assign(registrationId, presented[0], enrollmentGroupId, payload);
  }

  #assign(
    registrationId: string,
    leaf: X509Certificate,
    enrollmentGroupId: string | undefined,
    payload: JsonValue | undefined,
  ): RegistrationRecord {
    const common = {
      registrationId,
      ...(enrollmentGroupId !== undefined && { enrollmentGroupId }),
      ...(payload !== undefined && { payload }),
    };
    const enrollment = this.#enrollment(registrationId, enrollmentGroupId);
    const previous = this.registrations.assignment(registrationId);
    const previousHub = this.#linkedHubs.find(previous?.assignedHub);
    const { linkedHubs, currentHub } = this.#choice(enrollment, previousHub);
    const allocation = this.#allocate({ registrationId, linkedHubs, enrollmentGroupId, payload, currentHub });
    if (allocation.hub === undefined)
      return this.registrations.record({ ...common, status: 'failed', ...allocation });

    const { hub } = allocation;
    // Device IDs have case and registration IDs do not: a group's device keeps the name that it first came with.
    const deviceId = enrollment?.deviceId ?? previous?.deviceId ?? registrationId;
    const isMoving = previous !== undefined && previousHub !== undefined && previousHub !== hub;
    const { migrateDeviceData = true } = enrollment?.reprovisionPolicy ?? {};
    // DPS: the old identity goes in either case, the data only come along when the policy says so.
    const moved = isMoving ? previousHub.releaseDevice(previous.deviceId) : undefined;
    hub.provisionDevice({
      deviceId,
      // DPS: a hub lets in the leaf of the latest registration, which is how a renewed certificate gets there.
      thumbprint: leaf.fingerprint256.replaceAll(':', ''),
      data: (migrateDeviceData ? moved : undefined) ?? enrollment?.initialTwin,
    });
    return this.registrations.record({
      ...common,
      status: 'assigned',
      substatus: isMoving ? MOVED[migrateDeviceData ? 'migrated' : 'reset'] : STAYED,
      deviceId,
      assignedHub: hub.hostName,
    });
  }

  /** The hubs to choose from, and the one that the device has and may keep. */
  #choice(
    enrollment: EnrollmentTerms | undefined,
    previousHub: LinkedHub | undefined,
  ): { linkedHubs: readonly LinkedHub[]; currentHub: LinkedHub | undefined } {
    const linkedHubs = this.#linkedHubs.allowedBy(enrollment ?? {});
    const { updateHubAssignment = true } = enrollment?.reprovisionPolicy ?? {};
    const mayStay = previousHub !== undefined && (!updateHubAssignment || linkedHubs.includes(previousHub));
    return { linkedHubs, currentHub: mayStay ? previousHub : undefined };
  }

  /** What let the device in. DPS: only an individual enrollment may name its device otherwise than it registers. */
  #enrollment(registrationId: string, enrollmentGroupId: string | undefined): EnrollmentTerms | undefined {
    return enrollmentGroupId === undefined
      ? this.individualEnrollments.get(registrationId)
      : this.enrollmentGroups.get(enrollmentGroupId);
  }
}
