import type { X509Certificate } from 'node:crypto';
import { exactOptional } from 'valibot';
import { isSameCertificate, readCertificate } from '../../authorities/x509';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import type { IfMatch } from '../../protocol/etag';
import { jsonObject, object, type ObjectOf } from '../../schemas/objects';
import { text } from '../../schemas/values';
import type {
  IndividualEnrollment,
  IndividualEnrollmentInit,
  IndividualEnrollments,
  IndividualEnrollmentUpdate,
} from '../types/dps';
import type { IndividualCandidate } from './attestation';
import { individualEnrollmentContract } from './contracts';
import { EnrollmentStore, METADATA, type Built, type Item } from './enrollment-store';
import { checkIdentifier } from './identifiers';
import type { LinkedHubs } from './linked-hubs';
import { changed, shownTerms, TERMS, type DecisiveEnrollment } from './terms';

const MEMBERS = {
  registrationId: text,
  primaryCertificate: text,
  secondaryCertificate: exactOptional(text),
  deviceId: exactOptional(text),
  optionalDeviceInformation: exactOptional(jsonObject),
  ...TERMS,
};

type Given = ObjectOf<typeof MEMBERS>;

const KIND = {
  name: 'individual enrollment',
  notFound: SERVICE_ERROR.enrollmentNotFound,
  given: object(MEMBERS),
  stored: object({ ...MEMBERS, ...METADATA }),
  idOf: ({ registrationId }: Given) => registrationId,
};

function readCertificates({ primaryCertificate, secondaryCertificate }: Given): readonly X509Certificate[] {
  const primary = readCertificate(primaryCertificate, 'primaryCertificate');
  if (secondaryCertificate === undefined) return [primary];
  return [primary, readCertificate(secondaryCertificate, 'secondaryCertificate')];
}

/** Individual enrollments by registration ID. */
export class IndividualEnrollmentStore
  extends EnrollmentStore<Given, IndividualEnrollment>
  implements IndividualEnrollments
{
  constructor(linkedHubs: LinkedHubs, onChange: () => void) {
    super(KIND, linkedHubs, onChange);
  }

  create(init: IndividualEnrollmentInit): IndividualEnrollment {
    const { registrationId } = init;
    if (this.items.find(registrationId) !== undefined) {
      const message = `Registration ID ${registrationId} is enrolled already`;
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, message);
    }
    return this.store(init);
  }

  update(
    registrationId: string,
    update: IndividualEnrollmentUpdate,
    options?: IfMatch,
  ): IndividualEnrollment {
    return this.change(registrationId, options, (given) =>
      changed(given, { ...update, registrationId: given.registrationId }),
    );
  }

  /** The enrollment for attestation. */
  candidate(registrationId: string): IndividualCandidate | undefined {
    const item = this.items.find(registrationId);
    if (item === undefined) return undefined;
    return { certificates: item.certificates, isEnabled: item.view.provisioningStatus === 'enabled' };
  }

  /** The enrollment for the registration of its device. */
  decisive(registrationId: string): DecisiveEnrollment | undefined {
    const item = this.items.find(registrationId);
    if (item === undefined) return undefined;
    const { given, view, certificates } = item;
    return {
      ...view,
      isReprovisionPolicyGiven: given.reprovisionPolicy !== undefined,
      contract: () => ({ individualEnrollment: individualEnrollmentContract(view, certificates) }),
    };
  }

  protected override build(given: Given): Built<Given, IndividualEnrollment> {
    const { registrationId, primaryCertificate, secondaryCertificate, ...rest } = given;
    const { deviceId = registrationId, optionalDeviceInformation, ...terms } = rest;
    checkIdentifier(registrationId, 'registrationId');
    return {
      given,
      certificates: readCertificates(given),
      view: {
        registrationId,
        deviceId,
        primaryCertificate,
        ...(secondaryCertificate !== undefined && { secondaryCertificate }),
        ...(optionalDeviceInformation !== undefined && { optionalDeviceInformation }),
        ...shownTerms(terms, this.linkedHubs),
      },
    };
  }

  protected override findOwner({
    given,
    certificates,
  }: Item<Given, IndividualEnrollment>): string | undefined {
    const ownId = given.registrationId.toLowerCase();
    const other = this.items
      .values()
      .find(
        (item) =>
          item.given.registrationId.toLowerCase() !== ownId &&
          certificates.some((mine) => item.certificates.some((theirs) => isSameCertificate(mine, theirs))),
      );
    return other?.given.registrationId;
  }
}
