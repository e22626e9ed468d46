import type { X509Certificate } from 'node:crypto';
import createDebug from 'debug';
import type { JsonValue } from '../json';
import type { UnverifiedBehavior } from '../unverified-behavior';
import { allocateHashed, type AllocationPolicy, type LinkedHub } from './allocation';
import { attest, type RefusalReason } from './attestation';
import { AuthorityCertificateStore } from './authority-certificates';
import { EnrollmentGroupStore } from './enrollment-groups';
import { IndividualEnrollmentStore } from './individual-enrollments';
import { OperationStore } from './operations';
import { RegistrationStore } from './registrations';
import type { DpsEmulator, InitialTwin, RegistrationRecord } from './types';

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

/** What DPS needs to know of a device that registers. */
export interface RegistrationAttempt {
  readonly registrationId: string;
  readonly presented: readonly [X509Certificate, ...X509Certificate[]];
  readonly payload: JsonValue | undefined;
}

/** One DPS instance: its enrollments, and what becomes of a registration. Knows nothing of MQTT. */
export class DpsInstance implements DpsEmulator {
  readonly idScope: string;
  readonly individualEnrollments = new IndividualEnrollmentStore();
  readonly certificates: AuthorityCertificateStore;
  readonly enrollmentGroups: EnrollmentGroupStore;
  readonly registrations = new RegistrationStore();
  readonly operations = new OperationStore();
  readonly #linkedHubs: readonly LinkedHub[];
  readonly #allocate: AllocationPolicy;
  readonly #unverifiedBehavior: UnverifiedBehavior;

  constructor(init: DpsInstanceInit) {
    this.idScope = init.idScope;
    this.#linkedHubs = init.linkedHubs;
    this.#allocate = init.allocate ?? allocateHashed;
    this.#unverifiedBehavior = init.unverifiedBehavior;
    this.certificates = new AuthorityCertificateStore((name) => this.enrollmentGroups.refersTo(name));
    this.enrollmentGroups = new EnrollmentGroupStore(this.certificates);
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
    const { assignedHub } = this.registrations.get(registrationId) ?? {};
    const currentHub = this.#linkedHubs.find(({ hostName }) => hostName === assignedHub);
    const linkedHubs = this.#linkedHubs;
    const allocation = this.#allocate({ registrationId, linkedHubs, enrollmentGroupId, payload, currentHub });
    if (allocation.hub === undefined)
      return this.registrations.record({ ...common, status: 'failed', ...allocation });

    const { hub } = allocation;
    const { deviceId, initialTwin } = this.#device(registrationId, enrollmentGroupId);
    // DPS: a hub lets in the leaf of the latest registration, which is how a renewed certificate gets there.
    hub.provisionDevice({ deviceId, thumbprint: leaf.fingerprint256.replaceAll(':', ''), initialTwin });
    // What DPS calls the same hub again is not documented; devices have logged `initialAssignment` at every start.
    const substatus =
      currentHub === undefined || currentHub === hub ? 'initialAssignment' : 'deviceDataMigrated';
    return this.registrations.record({
      ...common,
      status: 'assigned',
      substatus,
      deviceId,
      assignedHub: hub.hostName,
    });
  }

  /** DPS: a group's devices are named as they registered, an individual enrollment may name its device otherwise. */
  #device(
    registrationId: string,
    enrollmentGroupId: string | undefined,
  ): { deviceId: string; initialTwin: InitialTwin | undefined } {
    if (enrollmentGroupId !== undefined) {
      const group = this.enrollmentGroups.get(enrollmentGroupId);
      // Device IDs have case and registration IDs do not: the device keeps the name that it first came with.
      const { deviceId = registrationId } = this.registrations.get(registrationId) ?? {};
      return { deviceId, initialTwin: group?.initialTwin };
    }
    const enrollment = this.individualEnrollments.get(registrationId);
    return { deviceId: enrollment?.deviceId ?? registrationId, initialTwin: enrollment?.initialTwin };
  }
}
