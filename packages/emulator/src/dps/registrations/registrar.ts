import type { X509Certificate } from 'node:crypto';
import { types } from 'node:util';
import createDebug from 'debug';
import type { AuthorityCertificateStore } from '../../authorities/authority-certificates';
import type { UnverifiedBehavior } from '../../options/unverified-behavior';
import { EmulatorError } from '../../protocol/errors';
import type { JsonValue } from '../../protocol/json';
import type { AllocationPolicy, AllocationResult } from '../allocation/policies';
import { RunningAllocations, type Requester } from '../allocation/running-allocations';
import { attest, type RefusalReason } from '../enrollments/attestation';
import type { EnrollmentGroupStore } from '../enrollments/enrollment-groups';
import type { IndividualEnrollmentStore } from '../enrollments/individual-enrollments';
import type { LinkedHubs } from '../enrollments/linked-hubs';
import type { DecisiveEnrollment } from '../enrollments/terms';
import type { RegistrationRecord } from '../types/dps';
import type { Operation, OperationStore, PendingOperation } from './operations';
import { allocationRequest, failed, place, type AdmittedDevice } from './placement';
import type { RegistrationOutcome, RegistrationStore } from './registrations';
import { RegistrationsInProgress } from './registrations-in-progress';

const debug = createDebug('azure-iot-x509:emulator:dps');

/** The parts of a registrar. */
export interface RegistrarInit {
  readonly individualEnrollments: IndividualEnrollmentStore;
  readonly enrollmentGroups: EnrollmentGroupStore;
  readonly certificates: AuthorityCertificateStore;
  readonly registrations: RegistrationStore;
  readonly operations: OperationStore;
  readonly linkedHubs: LinkedHubs;
  readonly unverifiedBehavior: UnverifiedBehavior;
  /** The policy for a device of that enrollment. */
  readonly policyFor: (enrollment: DecisiveEnrollment) => AllocationPolicy;
}

/** The registration ID that a device claims, and the certificates that it presents. */
export interface Claim {
  readonly registrationId: string;
  readonly presented: readonly [X509Certificate, ...X509Certificate[]];
  readonly apiVersion: string;
}

/** A device's request to register. */
export interface RegistrationAttempt extends Claim {
  readonly payload: JsonValue | undefined;
  /** The number of polls that are answered `assigning` before the outcome. */
  readonly polls: number;
  /** The connection, for a protocol in which a registration belongs to one. */
  readonly requester: Requester | undefined;
}

/** A registration that DPS refuses before it begins. */
export interface RegistrationRefusal {
  readonly errorCode: number;
  readonly message: string;
}

/** The refusals by their reasons. The texts are from logs of devices. */
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

/** The refusal of DPS for two registrations of one device at once. The text is from the log of a device. */
const BUSY: RegistrationRefusal = { errorCode: 409203, message: 'Precondition failed.' };

/** The failure of a registration by a defect of the emulator. */
const DEFECT = { code: 500001, message: 'Internal server error.' };

/** Registers devices: attestation, allocation, identity at the hub, record. Independent of MQTT and HTTP. */
export class Registrar {
  readonly #init: RegistrarInit;
  readonly #inProgress = new RegistrationsInProgress();
  readonly #allocations = new RunningAllocations();

  constructor(init: RegistrarInit) {
    this.#init = init;
  }

  register(attempt: RegistrationAttempt): Operation | { readonly refusal: RegistrationRefusal } {
    const { registrationId, polls, requester } = attempt;
    const { operations, registrations, unverifiedBehavior } = this.#init;
    const admission = this.#admit(attempt);
    if ('reason' in admission) {
      const { reason } = admission;
      if (unverifiedBehavior.disabledEnrollment !== 'status' || !DISABLED.has(reason)) {
        return { refusal: REFUSALS[reason] };
      }
      const operation = operations.start(registrationId, polls);
      operation.outcome = registrations.record({ registrationId, status: 'disabled' });
      return operation;
    }
    if (
      unverifiedBehavior.concurrentRegistration === 'refused' &&
      this.#inProgress.isBusy(registrationId, requester)
    ) {
      return { refusal: BUSY };
    }
    const operation = operations.start(registrationId, polls);
    if (requester !== undefined) this.#inProgress.add(operation, requester);
    this.#allocate(admission, operation, requester);
    return operation;
  }

  /** The refusal that the device would get; `undefined` if DPS would admit it. */
  refusalOf(device: Claim): RegistrationRefusal | undefined {
    const admission = this.#admit({ ...device, payload: undefined });
    return 'reason' in admission ? REFUSALS[admission.reason] : undefined;
  }

  /** Ends the registrations in progress of a device whose connection is closed. */
  disconnected(registrationId: string, requester: Requester): void {
    this.#inProgress.delete(registrationId, requester);
    this.#allocations.abort(requester);
  }

  /** Cancels all registrations in progress. */
  dispose(): void {
    this.#allocations.abortAll();
  }

  /** The device with the enrollment that admits it, or the reason of the refusal. */
  #admit(
    attempt: Claim & Pick<RegistrationAttempt, 'payload'>,
  ): AdmittedDevice | { readonly reason: RefusalReason } {
    const { registrationId, presented, payload, apiVersion } = attempt;
    const { individualEnrollments, enrollmentGroups, certificates, unverifiedBehavior } = this.#init;
    const attestation = attest({
      registrationId,
      presented,
      individual: individualEnrollments.candidate(registrationId),
      groups: enrollmentGroups.candidates(),
      verifiedAuthorities: certificates.listVerified(),
      allowAuthorityAsIndividual: unverifiedBehavior.allowAuthorityAsIndividual,
      now: new Date(),
    });
    debug('registration of %s: %o', registrationId, attestation);
    if (attestation.outcome === 'refused') return attestation;
    const enrollmentGroupId = attestation.outcome === 'group' ? attestation.enrollmentGroupId : undefined;
    const enrollment =
      enrollmentGroupId === undefined
        ? individualEnrollments.decisive(registrationId)
        : enrollmentGroups.decisive(enrollmentGroupId);
    if (enrollment === undefined) throw new Error('the attestation names an enrollment that there is');
    return { registrationId, leaf: presented[0], payload, apiVersion, enrollment, enrollmentGroupId };
  }

  #allocate(device: AdmittedDevice, operation: PendingOperation, requester: Requester | undefined): void {
    const { operations, registrations, linkedHubs, policyFor } = this.#init;
    const { registrationId, enrollment } = device;
    const controller = new AbortController();
    const request = allocationRequest(device, linkedHubs, registrations.assignment(registrationId));
    const allocation = policyFor(enrollment)(request, controller.signal);
    if (!types.isPromise(allocation)) {
      operation.outcome = this.#conclude(device, allocation);
      return;
    }
    const release = this.#allocations.add(requester ?? registrationId.toLowerCase(), controller);
    const end = registrations.begin(registrationId);
    const cancel = (): void => {
      end();
      // The device is disconnected or has to register again, so it will not poll for the outcome.
      operations.delete(operation);
    };
    controller.signal.addEventListener('abort', cancel, { once: true });
    void allocation.then((result) => {
      if (controller.signal.aborted) return;
      release();
      end();
      operation.outcome = this.#conclude(device, result);
    });
  }

  #conclude(device: AdmittedDevice, allocation: AllocationResult): RegistrationRecord {
    const { registrations } = this.#init;
    return registrations.record(this.#place(device, allocation));
  }

  #place(device: AdmittedDevice, allocation: AllocationResult): RegistrationOutcome {
    const { registrations, linkedHubs, unverifiedBehavior } = this.#init;
    try {
      const previous = registrations.assignment(device.registrationId);
      return place(device, allocation, linkedHubs, previous, unverifiedBehavior);
    } catch (error) {
      // The hub refuses the device, e.g. because of its device ID, or the emulator has a defect.
      debug('%s cannot be put onto its hub: %o', device.registrationId, error);
      const { code: errorCode, message: errorMessage } = error instanceof EmulatorError ? error : DEFECT;
      return failed(device, { errorCode, errorMessage });
    }
  }
}
