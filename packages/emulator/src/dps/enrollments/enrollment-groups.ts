import { exactOptional } from 'valibot';
import { readAuthority, type AuthorityCertificateStore } from '../../authorities/authority-certificates';
import { isSameCertificate } from '../../authorities/x509';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import type { IfMatch } from '../../protocol/etag';
import { object, type ObjectOf } from '../../schemas/objects';
import { text } from '../../schemas/values';
import type {
  EnrollmentGroup,
  EnrollmentGroupInit,
  EnrollmentGroups,
  EnrollmentGroupUpdate,
  GroupAttestation,
} from '../types/dps';
import type { GroupCandidate } from './attestation';
import { enrollmentGroupContract } from './contracts';
import { EnrollmentStore, METADATA, type Built, type Item } from './enrollment-store';
import { checkIdentifier } from './identifiers';
import type { LinkedHubs } from './linked-hubs';
import { changed, shownTerms, TERMS, type DecisiveEnrollment } from './terms';

/** DPS: the number of enrollment groups for X.509 in one instance. */
const MAX_GROUPS = 100;

const ATTESTATION = {
  certificateName: exactOptional(text),
  secondaryCertificateName: exactOptional(text),
  signingCertificate: exactOptional(text),
  secondarySigningCertificate: exactOptional(text),
};
const MEMBERS = { enrollmentGroupId: text, ...ATTESTATION, ...TERMS };

type Given = ObjectOf<typeof MEMBERS>;

const KIND = {
  name: 'enrollment group',
  notFound: SERVICE_ERROR.enrollmentGroupNotFound,
  given: object(MEMBERS),
  stored: object({ ...MEMBERS, ...METADATA }),
  idOf: ({ enrollmentGroupId }: Given) => enrollmentGroupId,
};

const NO_ATTESTATION = {
  certificateName: null,
  secondaryCertificateName: null,
  signingCertificate: null,
  secondarySigningCertificate: null,
};

/** The attestation of a group. Names of uploaded authorities come before certificates. @throws EmulatorError 400004 */
function attestationOf(given: Given): GroupAttestation {
  const { certificateName, secondaryCertificateName, signingCertificate, secondarySigningCertificate } =
    given;
  if (certificateName !== undefined) {
    return { certificateName, ...(secondaryCertificateName !== undefined && { secondaryCertificateName }) };
  }
  if (signingCertificate === undefined) {
    throw invalidArgument('An enrollment group needs certificateName or signingCertificate');
  }
  return {
    signingCertificate,
    ...(secondarySigningCertificate !== undefined && { secondarySigningCertificate }),
  };
}

/** The names of the uploaded authorities of a group. */
function certificateNames({
  certificateName,
  secondaryCertificateName,
}: GroupAttestation): readonly string[] {
  return [certificateName, secondaryCertificateName].filter((name) => name !== undefined);
}

/** Enrollment groups by their IDs. */
export class EnrollmentGroupStore
  extends EnrollmentStore<Given, EnrollmentGroup>
  implements EnrollmentGroups
{
  readonly #uploaded: AuthorityCertificateStore;

  constructor(uploaded: AuthorityCertificateStore, linkedHubs: LinkedHubs, onChange: () => void) {
    super(KIND, linkedHubs, onChange);
    this.#uploaded = uploaded;
  }

  create(init: EnrollmentGroupInit): EnrollmentGroup {
    const { enrollmentGroupId } = init;
    if (this.items.find(enrollmentGroupId) !== undefined) {
      const message = `There is an enrollment group ${enrollmentGroupId} already`;
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, message);
    }
    if (this.items.size >= MAX_GROUPS) {
      const message = `There are ${MAX_GROUPS} enrollment groups already`;
      throw new EmulatorError(SERVICE_ERROR.quotaExceeded, message);
    }
    return this.store(init);
  }

  update(enrollmentGroupId: string, update: EnrollmentGroupUpdate, options?: IfMatch): EnrollmentGroup {
    const { certificateName, signingCertificate } = update;
    const isAttestationGiven = certificateName !== undefined || signingCertificate !== undefined;
    return this.change(enrollmentGroupId, options, (given) =>
      // The parts of the attestation are replaced together.
      changed(isAttestationGiven ? changed(given, NO_ATTESTATION) : given, {
        ...update,
        enrollmentGroupId: given.enrollmentGroupId,
      }),
    );
  }

  /** Tells whether a group refers to the uploaded authority of that name. */
  refersTo(certificateName: string): boolean {
    return this.items.values().some(({ view }) => certificateNames(view).includes(certificateName));
  }

  /** The groups for attestation. */
  candidates(): readonly GroupCandidate[] {
    return this.items.values().map(({ view, certificates }) => ({
      enrollmentGroupId: view.enrollmentGroupId,
      isEnabled: view.provisioningStatus === 'enabled',
      authorities: [
        ...certificates,
        ...certificateNames(view).flatMap((name) => this.#uploaded.findVerified(name) ?? []),
      ],
    }));
  }

  /** The group for the registration of one of its devices. */
  decisive(enrollmentGroupId: string): DecisiveEnrollment | undefined {
    const item = this.items.find(enrollmentGroupId);
    if (item === undefined) return undefined;
    const { view, given, certificates } = item;
    return {
      ...view,
      isReprovisionPolicyGiven: given.reprovisionPolicy !== undefined,
      contract: () => ({ enrollmentGroup: enrollmentGroupContract(view, certificates) }),
    };
  }

  protected override build(given: Given): Built<Given, EnrollmentGroup> {
    const { enrollmentGroupId } = given;
    checkIdentifier(enrollmentGroupId, 'enrollmentGroupId');
    const attestation = attestationOf(given);
    const { signingCertificate, secondarySigningCertificate } = attestation;
    const own: readonly (readonly [string, string | undefined])[] = [
      ['signingCertificate', signingCertificate],
      ['secondarySigningCertificate', secondarySigningCertificate],
    ];
    const certificates = own.flatMap(([parameter, pem]) =>
      pem === undefined ? [] : readAuthority(pem, parameter),
    );
    for (const name of certificateNames(attestation)) {
      if (this.#uploaded.get(name) !== undefined) continue;
      throw new EmulatorError(SERVICE_ERROR.certificateNotFound, `There is no certificate named ${name}`);
    }
    const { enrollmentGroupId: _id, ...terms } = changed(given, NO_ATTESTATION);
    return {
      given: { enrollmentGroupId, ...attestation, ...terms },
      certificates,
      view: { ...attestation, enrollmentGroupId, ...shownTerms(terms, this.linkedHubs) },
    };
  }

  protected override findOwner({ view, certificates }: Item<Given, EnrollmentGroup>): string | undefined {
    const names = certificateNames(view);
    const other = this.items
      .values()
      .find(
        (item) =>
          item.view.enrollmentGroupId !== view.enrollmentGroupId &&
          (certificateNames(item.view).some((name) => names.includes(name)) ||
            certificates.some((mine) => item.certificates.some((theirs) => isSameCertificate(mine, theirs)))),
      );
    return other?.view.enrollmentGroupId;
  }
}
