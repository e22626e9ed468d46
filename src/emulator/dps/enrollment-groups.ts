import type { X509Certificate } from 'node:crypto';
import { isSameCertificate } from '../certificate-input';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../errors';
import { newEtag } from '../etag';
import { utcTimestamp } from '../time';
import type { GroupCandidate } from './attestation';
import { readAuthority, type AuthorityCertificateStore } from './authority-certificates';
import { checkIdentifier } from './identifiers';
import { readAllocation, type LinkedHubs } from './linked-hubs';
import type {
  EnrollmentGroup,
  EnrollmentGroupInit,
  EnrollmentGroups,
  EnrollmentGroupUpdate,
  GroupAttestation,
} from './types';

interface Entry {
  readonly group: EnrollmentGroup;
  readonly signingCertificates: readonly X509Certificate[];
  readonly certificateNames: readonly string[];
}

function isString(value: string | undefined): value is string {
  return value !== undefined;
}

/** The attestation without anything else of the object, so that what replaces it replaces all of it. */
function pickAttestation(source: EnrollmentGroupUpdate): GroupAttestation | undefined {
  const { certificateName, secondaryCertificateName, signingCertificate, secondarySigningCertificate } =
    source;
  if (certificateName !== undefined) {
    return { certificateName, ...(secondaryCertificateName !== undefined && { secondaryCertificateName }) };
  }
  if (signingCertificate === undefined) return undefined;
  return {
    signingCertificate,
    ...(secondarySigningCertificate !== undefined && { secondarySigningCertificate }),
  };
}

/** Enrollment groups in the order in which they were created. */
export class EnrollmentGroupStore implements EnrollmentGroups {
  readonly #entries = new Map<string, Entry>();
  readonly #authorities: AuthorityCertificateStore;

  readonly #linkedHubs: LinkedHubs;

  constructor(authorities: AuthorityCertificateStore, linkedHubs: LinkedHubs) {
    this.#authorities = authorities;
    this.#linkedHubs = linkedHubs;
  }

  create(init: EnrollmentGroupInit): EnrollmentGroup {
    if (this.#entries.has(init.enrollmentGroupId.toLowerCase())) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `There is an enrollment group ${init.enrollmentGroupId} already`,
      );
    }
    return this.#store(init.enrollmentGroupId, init, utcTimestamp());
  }

  get(enrollmentGroupId: string): EnrollmentGroup | undefined {
    return this.#entries.get(enrollmentGroupId.toLowerCase())?.group;
  }

  list(): readonly EnrollmentGroup[] {
    return [...this.#entries.values()].map(({ group }) => group);
  }

  update(enrollmentGroupId: string, update: EnrollmentGroupUpdate): EnrollmentGroup {
    const { group } = this.#require(enrollmentGroupId);
    const { provisioningStatus = group.provisioningStatus, initialTwin = group.initialTwin } = update;
    const { iotHubs = group.iotHubs } = update;
    const next = {
      ...(pickAttestation(update) ?? pickAttestation(group)),
      provisioningStatus,
      ...(initialTwin !== undefined && { initialTwin }),
      ...(iotHubs !== undefined && { iotHubs }),
      reprovisionPolicy: { ...group.reprovisionPolicy, ...update.reprovisionPolicy },
    };
    return this.#store(group.enrollmentGroupId, next, group.createdDateTimeUtc);
  }

  delete(enrollmentGroupId: string): void {
    this.#require(enrollmentGroupId);
    this.#entries.delete(enrollmentGroupId.toLowerCase());
  }

  /** Whether a group refers to the uploaded authority of that name. */
  refersTo(certificateName: string): boolean {
    return [...this.#entries.values()].some(({ certificateNames }) =>
      certificateNames.includes(certificateName),
    );
  }

  /** The groups as attestation sees them. */
  candidates(): readonly GroupCandidate[] {
    return [...this.#entries.values()].map(({ group, signingCertificates, certificateNames }) => ({
      enrollmentGroupId: group.enrollmentGroupId,
      isEnabled: group.provisioningStatus === 'enabled',
      authorities: [
        ...signingCertificates,
        ...certificateNames.flatMap((name) => this.#authorities.findVerified(name) ?? []),
      ],
    }));
  }

  #require(enrollmentGroupId: string): Entry {
    const entry = this.#entries.get(enrollmentGroupId.toLowerCase());
    if (entry !== undefined) return entry;
    throw new EmulatorError(
      SERVICE_ERROR.enrollmentGroupNotFound,
      `There is no enrollment group ${enrollmentGroupId}`,
    );
  }

  #store(
    enrollmentGroupId: string,
    init: EnrollmentGroupUpdate,
    createdDateTimeUtc: string,
  ): EnrollmentGroup {
    checkIdentifier(enrollmentGroupId, 'enrollmentGroupId');
    const attestation = pickAttestation(init);
    if (attestation === undefined) {
      throw invalidArgument('An enrollment group needs certificateName or signingCertificate');
    }
    const { certificateName, secondaryCertificateName, signingCertificate, secondarySigningCertificate } =
      attestation;
    const certificateNames = [certificateName, secondaryCertificateName].filter(isString);
    for (const name of certificateNames) {
      if (this.#authorities.get(name) !== undefined) continue;
      throw new EmulatorError(SERVICE_ERROR.certificateNotFound, `There is no certificate named ${name}`);
    }
    const { provisioningStatus = 'enabled', initialTwin } = init;
    const entry: Entry = {
      certificateNames,
      signingCertificates: [signingCertificate, secondarySigningCertificate]
        .filter(isString)
        .map((pem) => readAuthority(pem, 'signingCertificate')),
      group: {
        ...attestation,
        enrollmentGroupId,
        provisioningStatus,
        ...(initialTwin !== undefined && { initialTwin }),
        ...readAllocation(init, this.#linkedHubs),
        createdDateTimeUtc,
        lastUpdatedDateTimeUtc: utcTimestamp(),
        etag: newEtag(),
      },
    };
    this.#refuseSharedAuthority(entry);
    this.#entries.set(enrollmentGroupId.toLowerCase(), entry);
    return entry.group;
  }

  /** DPS: a certificate may be used by one enrollment only. */
  #refuseSharedAuthority(entry: Entry): void {
    for (const other of this.#entries.values()) {
      if (other.group.enrollmentGroupId === entry.group.enrollmentGroupId) continue;
      const isShared =
        entry.certificateNames.some((name) => other.certificateNames.includes(name)) ||
        entry.signingCertificates.some((mine) =>
          other.signingCertificates.some((theirs) => isSameCertificate(mine, theirs)),
        );
      if (!isShared) continue;
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `The certificate is used by the enrollment group ${other.group.enrollmentGroupId} already`,
      );
    }
  }
}
