import type { X509Certificate } from 'node:crypto';
import { isSameCertificate, readCertificate } from '../../authorities/x509';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { newEtag } from '../../protocol/etag';
import type { IfMatch } from '../../hub/identities/types';
import { isJsonObject, toJson, type JsonObject, type JsonValue } from '../../protocol/json';
import {
  arrayOf,
  checkedAt,
  optional,
  readFields,
  readObject,
  readString,
  type Read,
} from '../../stored/read';
import { utcTimestamp } from '../../protocol/timestamp';
import type { LinkedHubs } from '../allocation/linked-hubs';
import type { IndividualCandidate } from '../attestation';
import { checkIdentifier } from '../identifiers';
import type {
  IndividualEnrollment,
  IndividualEnrollmentInit,
  IndividualEnrollments,
  IndividualEnrollmentUpdate,
} from '../types';
import { individualEnrollmentContract } from './enrollment-contracts';
import {
  changed,
  checkCustomAllocation,
  readTerms,
  type DecisiveEnrollment,
  type GivenTerms,
} from './enrollment-terms';
import { Entries } from './entries';
import { readStoredTerms, readTimestamp, storedTerms } from './stored-terms';

interface Given extends GivenTerms {
  readonly registrationId: string;
  readonly primaryCertificate: string;
  readonly secondaryCertificate?: string;
  readonly deviceId?: string;
  readonly optionalDeviceInformation?: JsonObject;
}

interface Item {
  readonly given: Given;
  readonly view: IndividualEnrollment;
  readonly certificates: readonly X509Certificate[];
}

type Metadata = Pick<IndividualEnrollment, 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'>;

function readCertificates({ primaryCertificate, secondaryCertificate }: Given): readonly X509Certificate[] {
  const primary = readCertificate(primaryCertificate, 'primaryCertificate');
  if (secondaryCertificate === undefined) return [primary];
  return [primary, readCertificate(secondaryCertificate, 'secondaryCertificate')];
}

function createItem(given: Given, linkedHubs: LinkedHubs, metadata: Metadata): Item {
  const { registrationId, primaryCertificate, secondaryCertificate } = given;
  const { deviceId = registrationId, optionalDeviceInformation } = given;
  checkIdentifier(registrationId, 'registrationId');
  // A caller in JavaScript may pass anything.
  if (optionalDeviceInformation !== undefined && !isJsonObject(optionalDeviceInformation)) {
    throw invalidArgument('optionalDeviceInformation must be an object');
  }
  return {
    given,
    certificates: readCertificates(given),
    view: {
      registrationId,
      deviceId,
      primaryCertificate,
      ...(secondaryCertificate !== undefined && { secondaryCertificate }),
      ...(optionalDeviceInformation !== undefined && { optionalDeviceInformation }),
      ...readTerms(given, linkedHubs),
      ...metadata,
    },
  };
}

/** Individual enrollments by registration ID, in which upper and lower case do not count. */
export class IndividualEnrollmentStore implements IndividualEnrollments {
  readonly #items: Entries<Item>;
  readonly #linkedHubs: LinkedHubs;

  constructor(linkedHubs: LinkedHubs, onChange: () => void) {
    this.#linkedHubs = linkedHubs;
    this.#items = new Entries({
      notFound: (registrationId) =>
        new EmulatorError(
          SERVICE_ERROR.enrollmentNotFound,
          `There is no individual enrollment ${registrationId}`,
        ),
      onChange,
    });
  }

  create(init: IndividualEnrollmentInit): IndividualEnrollment {
    if (this.#items.find(init.registrationId) !== undefined) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `Registration ID ${init.registrationId} is enrolled already`,
      );
    }
    return this.#store({ ...init }, utcTimestamp());
  }

  get(registrationId: string): IndividualEnrollment | undefined {
    return this.#items.find(registrationId)?.view;
  }

  list(): readonly IndividualEnrollment[] {
    return this.#items.values().map(({ view }) => view);
  }

  update(
    registrationId: string,
    update: IndividualEnrollmentUpdate,
    options?: IfMatch,
  ): IndividualEnrollment {
    const { given, view } = this.#items.require(registrationId, options);
    return this.#store(
      changed(given, { ...update, registrationId: given.registrationId }),
      view.createdDateTimeUtc,
    );
  }

  delete(registrationId: string, options?: IfMatch): void {
    this.#items.delete(registrationId, options);
  }

  /** The enrollment as attestation sees it. */
  candidate(registrationId: string): IndividualCandidate | undefined {
    const item = this.#items.find(registrationId);
    if (item === undefined) return undefined;
    return { certificates: item.certificates, isEnabled: item.view.provisioningStatus === 'enabled' };
  }

  /** The enrollment as the registration of its device sees it. */
  decisive(registrationId: string): DecisiveEnrollment | undefined {
    const item = this.#items.find(registrationId);
    if (item === undefined) return undefined;
    const { given, view, certificates } = item;
    return {
      ...view,
      isReprovisionPolicyGiven: given.reprovisionPolicy !== undefined,
      contract: () => ({ individualEnrollment: individualEnrollmentContract(view, certificates) }),
    };
  }

  snapshot(): readonly JsonObject[] {
    return this.#items.values().map(({ given, view }) => {
      const { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag } = view;
      return toJson({
        registrationId: given.registrationId,
        primaryCertificate: given.primaryCertificate,
        secondaryCertificate: given.secondaryCertificate,
        deviceId: given.deviceId,
        optionalDeviceInformation: given.optionalDeviceInformation,
        ...storedTerms(given, this.#linkedHubs),
        createdDateTimeUtc,
        lastUpdatedDateTimeUtc,
        etag,
      });
    });
  }

  restore(value: JsonValue | undefined, path: string): void {
    this.#items.clear();
    for (const item of arrayOf(this.#readItem)(value, path)) {
      this.#items.restore(item.view.registrationId, item);
    }
  }

  readonly #readItem: Read<Item> = (value, path) => {
    const field = readFields(value, path);
    const secondaryCertificate = field('secondaryCertificate', optional(readString));
    const deviceId = field('deviceId', optional(readString));
    const optionalDeviceInformation = field('optionalDeviceInformation', optional(readObject));
    const given: Given = {
      registrationId: field('registrationId', readString),
      primaryCertificate: field('primaryCertificate', readString),
      ...(secondaryCertificate !== undefined && { secondaryCertificate }),
      ...(deviceId !== undefined && { deviceId }),
      ...(optionalDeviceInformation !== undefined && { optionalDeviceInformation }),
      ...readStoredTerms(field),
    };
    const metadata = {
      createdDateTimeUtc: field('createdDateTimeUtc', readTimestamp),
      lastUpdatedDateTimeUtc: field('lastUpdatedDateTimeUtc', readTimestamp),
      etag: field('etag', readString),
    };
    return checkedAt(path, () => createItem(given, this.#linkedHubs, metadata));
  };

  #store(init: Given, createdDateTimeUtc: string): IndividualEnrollment {
    checkCustomAllocation(init);
    const metadata = { createdDateTimeUtc, lastUpdatedDateTimeUtc: utcTimestamp(), etag: newEtag() };
    const item = createItem(init, this.#linkedHubs, metadata);
    this.#refuseSharedCertificate(item);
    this.#items.set(item.view.registrationId, item);
    return item.view;
  }

  /** DPS: a certificate may be used by one enrollment only. */
  #refuseSharedCertificate({ view, certificates }: Item): void {
    for (const other of this.#items.values()) {
      const isShared = certificates.some((mine) =>
        other.certificates.some((theirs) => isSameCertificate(mine, theirs)),
      );
      if (!isShared || other.view.registrationId.toLowerCase() === view.registrationId.toLowerCase())
        continue;
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `The certificate is used by the individual enrollment ${other.view.registrationId} already`,
      );
    }
  }
}
