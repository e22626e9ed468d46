import { AuthorityCertificateStore } from '../authorities/authority-certificates';
import type { LinkedHub } from '../hub/linked-hub';
import type { UnverifiedBehavior } from '../options/unverified-behavior';
import type { JsonObject } from '../protocol/json';
import { checkArgument } from '../schemas/argument';
import { object } from '../schemas/objects';
import { propertyPath } from '../schemas/problems';
import { oneOf } from '../schemas/values';
import { Changes } from '../stored/changes';
import type { Persistent } from '../stored/persistent';
import { readStored } from '../stored/stored-value';
import { customAllocation } from './allocation/custom-allocation';
import { BUILT_IN_POLICIES, type AllocationPolicy } from './allocation/policies';
import type { Requester } from './allocation/running-allocations';
import type { WebhookLimits } from './allocation/webhook';
import { EnrollmentGroupStore } from './enrollments/enrollment-groups';
import { IndividualEnrollmentStore } from './enrollments/individual-enrollments';
import { LinkedHubs } from './enrollments/linked-hubs';
import type { DecisiveEnrollment } from './enrollments/terms';
import { OperationStore, type Operation } from './registrations/operations';
import {
  Registrar,
  type Claim,
  type RegistrationAttempt,
  type RegistrationRefusal,
} from './registrations/registrar';
import { RegistrationStore } from './registrations/registrations';
import type { BuiltInAllocationPolicy } from './types/allocation';
import type { DpsEmulator } from './types/dps';

// DPS: custom is for enrollments only.
const POLICY = oneOf(['hashed', 'geoLatency', 'static']);
const STORED = object({ allocationPolicy: POLICY });

/** The parts of a DPS instance. */
export interface DpsInstanceInit {
  readonly idScope: string;
  readonly linkedHubs: readonly LinkedHub[];
  readonly unverifiedBehavior: UnverifiedBehavior;
  /** The policy in place of those of the enrollments. */
  readonly allocate?: AllocationPolicy;
  /** Default: 30 seconds and 256 KB. */
  readonly webhookLimits?: WebhookLimits;
}

/** One DPS instance: its enrollments, registrations and settings. Independent of MQTT and HTTP. */
export class DpsInstance implements DpsEmulator, Persistent {
  readonly idScope: string;
  readonly individualEnrollments: IndividualEnrollmentStore;
  readonly certificates: AuthorityCertificateStore;
  readonly enrollmentGroups: EnrollmentGroupStore;
  readonly registrations: RegistrationStore;
  readonly operations = new OperationStore();
  readonly #allocate: AllocationPolicy | undefined;
  readonly #custom: AllocationPolicy;
  readonly #registrar: Registrar;
  readonly #changes = new Changes();
  #allocationPolicy: BuiltInAllocationPolicy = 'hashed';

  constructor(init: DpsInstanceInit) {
    const { announce } = this.#changes;
    const linkedHubs = new LinkedHubs(init.linkedHubs);
    this.idScope = init.idScope;
    this.#allocate = init.allocate;
    this.#custom = customAllocation(init.webhookLimits);
    this.individualEnrollments = new IndividualEnrollmentStore(linkedHubs, announce);
    this.certificates = new AuthorityCertificateStore({
      isReferenced: (name) => this.enrollmentGroups.refersTo(name),
      changed: announce,
    });
    this.enrollmentGroups = new EnrollmentGroupStore(this.certificates, linkedHubs, announce);
    this.registrations = new RegistrationStore(linkedHubs, announce);
    this.#registrar = new Registrar({
      individualEnrollments: this.individualEnrollments,
      enrollmentGroups: this.enrollmentGroups,
      certificates: this.certificates,
      registrations: this.registrations,
      operations: this.operations,
      linkedHubs,
      unverifiedBehavior: init.unverifiedBehavior,
      policyFor: (enrollment) => this.#policyFor(enrollment),
    });
  }

  get allocationPolicy(): BuiltInAllocationPolicy {
    return this.#allocationPolicy;
  }

  set allocationPolicy(policy: BuiltInAllocationPolicy) {
    this.#allocationPolicy = checkArgument(POLICY, policy, 'allocationPolicy');
    this.#changes.announce();
  }

  /** Begins a registration, or refuses it. */
  register(attempt: RegistrationAttempt): Operation | { readonly refusal: RegistrationRefusal } {
    return this.#registrar.register(attempt);
  }

  /** The reason for refusing a device; `undefined` if it is admitted. */
  refusalOf(claim: Claim): RegistrationRefusal | undefined {
    return this.#registrar.refusalOf(claim);
  }

  /** Handles the end of a device's connection. */
  disconnected(registrationId: string, requester: Requester): void {
    this.#registrar.disconnected(registrationId, requester);
  }

  snapshot(): JsonObject {
    return {
      allocationPolicy: this.#allocationPolicy,
      certificates: this.certificates.snapshot(),
      individualEnrollments: this.individualEnrollments.snapshot(),
      enrollmentGroups: this.enrollmentGroups.snapshot(),
      registrations: this.registrations.snapshot(),
    };
  }

  /** @param path - the place of the snapshot in its file */
  restore(snapshot: JsonObject, path = ''): void {
    const { allocationPolicy } = readStored(STORED, snapshot, path);
    this.#allocationPolicy = allocationPolicy;
    // Authorities come first, because groups refer to them.
    for (const name of [
      'certificates',
      'individualEnrollments',
      'enrollmentGroups',
      'registrations',
    ] as const) {
      this[name].restore(snapshot[name], propertyPath(path, name));
    }
  }

  onChange(listener: () => void): void {
    this.#changes.onChange(listener);
  }

  /** Cancels the registrations in progress. */
  dispose(): void {
    this.#registrar.dispose();
  }

  #policyFor({ allocationPolicy = this.#allocationPolicy }: DecisiveEnrollment): AllocationPolicy {
    if (this.#allocate !== undefined) return this.#allocate;
    return allocationPolicy === 'custom' ? this.#custom : BUILT_IN_POLICIES[allocationPolicy];
  }
}
