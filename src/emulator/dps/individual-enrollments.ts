import type { X509Certificate } from 'node:crypto';
import { isSameCertificate, readCertificate } from '../certificate-input';
import { EmulatorError, SERVICE_ERROR } from '../errors';
import { newEtag } from '../etag';
import { utcTimestamp } from '../time';
import type { IndividualCandidate } from './attestation';
import { checkIdentifier } from './identifiers';
import { readAllocation, type LinkedHubs } from './linked-hubs';
import type {
  IndividualEnrollment,
  IndividualEnrollmentInit,
  IndividualEnrollments,
  IndividualEnrollmentUpdate,
} from './types';

interface Entry {
  readonly enrollment: IndividualEnrollment;
  readonly certificates: readonly X509Certificate[];
}

function readCertificates(init: IndividualEnrollmentInit): readonly X509Certificate[] {
  const primary = readCertificate(init.primaryCertificate, 'primaryCertificate');
  if (init.secondaryCertificate === undefined) return [primary];
  return [primary, readCertificate(init.secondaryCertificate, 'secondaryCertificate')];
}

function createEntry(
  init: IndividualEnrollmentInit,
  linkedHubs: LinkedHubs,
  createdDateTimeUtc: string,
): Entry {
  checkIdentifier(init.registrationId, 'registrationId');
  const { iotHubs, reprovisionPolicy, ...rest } = init;
  return {
    certificates: readCertificates(init),
    enrollment: {
      ...rest,
      ...readAllocation({ iotHubs, reprovisionPolicy }, linkedHubs),
      deviceId: init.deviceId ?? init.registrationId,
      provisioningStatus: init.provisioningStatus ?? 'enabled',
      createdDateTimeUtc,
      lastUpdatedDateTimeUtc: utcTimestamp(),
      etag: newEtag(),
    },
  };
}

/** Individual enrollments by registration ID, in which upper and lower case do not count. */
export class IndividualEnrollmentStore implements IndividualEnrollments {
  readonly #entries = new Map<string, Entry>();
  readonly #linkedHubs: LinkedHubs;

  constructor(linkedHubs: LinkedHubs) {
    this.#linkedHubs = linkedHubs;
  }

  create(init: IndividualEnrollmentInit): IndividualEnrollment {
    const key = init.registrationId.toLowerCase();
    if (this.#entries.has(key)) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `Registration ID ${init.registrationId} is enrolled already`,
      );
    }
    return this.#store(key, createEntry(init, this.#linkedHubs, utcTimestamp()));
  }

  get(registrationId: string): IndividualEnrollment | undefined {
    return this.#entries.get(registrationId.toLowerCase())?.enrollment;
  }

  list(): readonly IndividualEnrollment[] {
    return [...this.#entries.values()].map(({ enrollment }) => enrollment);
  }

  update(registrationId: string, update: IndividualEnrollmentUpdate): IndividualEnrollment {
    const { enrollment } = this.#require(registrationId);
    const reprovisionPolicy = { ...enrollment.reprovisionPolicy, ...update.reprovisionPolicy };
    const next = { ...enrollment, ...update, reprovisionPolicy };
    const entry = createEntry(next, this.#linkedHubs, enrollment.createdDateTimeUtc);
    return this.#store(registrationId.toLowerCase(), entry);
  }

  delete(registrationId: string): void {
    this.#require(registrationId);
    this.#entries.delete(registrationId.toLowerCase());
  }

  /** The enrollment as attestation sees it. */
  candidate(registrationId: string): IndividualCandidate | undefined {
    const entry = this.#entries.get(registrationId.toLowerCase());
    if (entry === undefined) return undefined;
    return {
      certificates: entry.certificates,
      isEnabled: entry.enrollment.provisioningStatus === 'enabled',
    };
  }

  #require(registrationId: string): Entry {
    const entry = this.#entries.get(registrationId.toLowerCase());
    if (entry !== undefined) return entry;
    throw new EmulatorError(
      SERVICE_ERROR.enrollmentNotFound,
      `There is no individual enrollment ${registrationId}`,
    );
  }

  #store(key: string, entry: Entry): IndividualEnrollment {
    // DPS: a certificate may be used by one enrollment only.
    for (const [otherKey, other] of this.#entries) {
      const isTaken = entry.certificates.some((mine) =>
        other.certificates.some((theirs) => isSameCertificate(mine, theirs)),
      );
      if (otherKey === key || !isTaken) continue;
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `The certificate is used by the individual enrollment ${other.enrollment.registrationId} already`,
      );
    }
    this.#entries.set(key, entry);
    return entry.enrollment;
  }
}
