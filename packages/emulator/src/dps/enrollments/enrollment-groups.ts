import type { AuthorityCertificateStore } from '../../authorities/authority-certificates';
import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { newEtag } from '../../protocol/etag';
import type { IfMatch } from '../../hub/identities/types';
import { toJson, type JsonObject, type JsonValue } from '../../protocol/json';
import { arrayOf, checkedAt, readFields, readString, type Read } from '../../stored/read';
import { utcTimestamp } from '../../protocol/timestamp';
import type { LinkedHubs } from '../allocation/linked-hubs';
import type { GroupCandidate } from '../attestation';
import { checkIdentifier } from '../identifiers';
import type {
  EnrollmentGroup,
  EnrollmentGroupInit,
  EnrollmentGroups,
  EnrollmentGroupUpdate,
  GroupAttestation,
} from '../types';
import { enrollmentGroupContract } from './enrollment-contracts';
import {
  changed,
  checkCustomAllocation,
  type Change,
  readTerms,
  type DecisiveEnrollment,
  type GivenTerms,
} from './enrollment-terms';
import { Entries } from './entries';
import {
  haveCommonAuthority,
  pickAttestation,
  readAuthorities,
  readStoredAttestation,
  type Authorities,
} from './group-attestation';
import { readStoredTerms, readTimestamp, storedTerms } from './stored-terms';

/** DPS: enrollment groups for X.509 in one instance. */
const MAX_GROUPS = 100;

/** What was given about a group, its attestation apart because its parts are replaced together. */
interface Given {
  readonly enrollmentGroupId: string;
  readonly attestation: GroupAttestation | undefined;
  readonly terms: GivenTerms;
}

interface Item extends Given {
  readonly view: EnrollmentGroup;
  readonly authorities: Authorities;
}

type Metadata = Pick<EnrollmentGroup, 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'>;

/** Everything that was given besides the attestation. */
function termsOf(source: EnrollmentGroupUpdate): Change<GivenTerms> {
  const {
    certificateName: _certificateName,
    secondaryCertificateName: _secondaryCertificateName,
    signingCertificate: _signingCertificate,
    secondarySigningCertificate: _secondarySigningCertificate,
    ...terms
  } = source;
  return terms;
}

/** Enrollment groups in the order in which they were created. */
export class EnrollmentGroupStore implements EnrollmentGroups {
  readonly #items: Entries<Item>;
  readonly #uploaded: AuthorityCertificateStore;
  readonly #linkedHubs: LinkedHubs;

  constructor(uploaded: AuthorityCertificateStore, linkedHubs: LinkedHubs, onChange: () => void) {
    this.#uploaded = uploaded;
    this.#linkedHubs = linkedHubs;
    this.#items = new Entries({
      notFound: (enrollmentGroupId) =>
        new EmulatorError(
          SERVICE_ERROR.enrollmentGroupNotFound,
          `There is no enrollment group ${enrollmentGroupId}`,
        ),
      onChange,
    });
  }

  create(init: EnrollmentGroupInit): EnrollmentGroup {
    const { enrollmentGroupId, ...rest } = init;
    if (this.#items.find(enrollmentGroupId) !== undefined) {
      throw new EmulatorError(
        SERVICE_ERROR.alreadyExists,
        `There is an enrollment group ${enrollmentGroupId} already`,
      );
    }
    if (this.#items.size >= MAX_GROUPS) {
      throw new EmulatorError(
        SERVICE_ERROR.quotaExceeded,
        `There are ${MAX_GROUPS} enrollment groups already`,
      );
    }
    const given = { attestation: pickAttestation(rest), terms: changed<GivenTerms>({}, termsOf(rest)) };
    return this.#store({ enrollmentGroupId, ...given }, utcTimestamp());
  }

  get(enrollmentGroupId: string): EnrollmentGroup | undefined {
    return this.#items.find(enrollmentGroupId)?.view;
  }

  list(): readonly EnrollmentGroup[] {
    return this.#items.values().map(({ view }) => view);
  }

  update(enrollmentGroupId: string, update: EnrollmentGroupUpdate, options?: IfMatch): EnrollmentGroup {
    const { view, ...given } = this.#items.require(enrollmentGroupId, options);
    return this.#store(
      {
        enrollmentGroupId: given.enrollmentGroupId,
        attestation: pickAttestation(update) ?? given.attestation,
        terms: changed(given.terms, termsOf(update)),
      },
      view.createdDateTimeUtc,
    );
  }

  delete(enrollmentGroupId: string, options?: IfMatch): void {
    this.#items.delete(enrollmentGroupId, options);
  }

  /** Whether a group refers to the uploaded authority of that name. */
  refersTo(certificateName: string): boolean {
    return this.#items
      .values()
      .some(({ authorities }) => authorities.certificateNames.includes(certificateName));
  }

  /** The groups as attestation sees them. */
  candidates(): readonly GroupCandidate[] {
    return this.#items.values().map(({ view, authorities }) => ({
      enrollmentGroupId: view.enrollmentGroupId,
      isEnabled: view.provisioningStatus === 'enabled',
      authorities: [
        ...authorities.signingCertificates,
        ...authorities.certificateNames.flatMap((name) => this.#uploaded.findVerified(name) ?? []),
      ],
    }));
  }

  /** The group as the registration of one of its devices sees it. */
  decisive(enrollmentGroupId: string): DecisiveEnrollment | undefined {
    const item = this.#items.find(enrollmentGroupId);
    if (item === undefined) return undefined;
    const { view, terms, authorities } = item;
    return {
      ...view,
      isReprovisionPolicyGiven: terms.reprovisionPolicy !== undefined,
      contract: () => ({ enrollmentGroup: enrollmentGroupContract(view, authorities.signingCertificates) }),
    };
  }

  snapshot(): readonly JsonObject[] {
    return this.#items.values().map(({ enrollmentGroupId, attestation, terms, view }) => {
      const { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag } = view;
      return toJson({
        enrollmentGroupId,
        ...attestation,
        ...storedTerms(terms, this.#linkedHubs),
        createdDateTimeUtc,
        lastUpdatedDateTimeUtc,
        etag,
      });
    });
  }

  /** To be called when the uploaded authorities are there. */
  restore(value: JsonValue | undefined, path: string): void {
    this.#items.clear();
    for (const item of arrayOf(this.#readItem)(value, path)) {
      this.#items.restore(item.enrollmentGroupId, item);
    }
  }

  readonly #readItem: Read<Item> = (value, path) => {
    const field = readFields(value, path);
    const given = {
      enrollmentGroupId: field('enrollmentGroupId', readString),
      attestation: readStoredAttestation(field),
      terms: readStoredTerms(field),
    };
    const metadata = {
      createdDateTimeUtc: field('createdDateTimeUtc', readTimestamp),
      lastUpdatedDateTimeUtc: field('lastUpdatedDateTimeUtc', readTimestamp),
      etag: field('etag', readString),
    };
    return checkedAt(path, () => this.#createItem(given, metadata));
  };

  #createItem(given: Given, metadata: Metadata): Item {
    const { enrollmentGroupId, attestation, terms } = given;
    checkIdentifier(enrollmentGroupId, 'enrollmentGroupId');
    if (attestation === undefined) {
      throw invalidArgument('An enrollment group needs certificateName or signingCertificate');
    }
    const authorities = readAuthorities(attestation);
    for (const name of authorities.certificateNames) {
      if (this.#uploaded.get(name) !== undefined) continue;
      throw new EmulatorError(SERVICE_ERROR.certificateNotFound, `There is no certificate named ${name}`);
    }
    const view = { ...attestation, enrollmentGroupId, ...readTerms(terms, this.#linkedHubs), ...metadata };
    return { ...given, authorities, view };
  }

  #store(given: Given, createdDateTimeUtc: string): EnrollmentGroup {
    checkCustomAllocation(given.terms);
    const item = this.#createItem(given, {
      createdDateTimeUtc,
      lastUpdatedDateTimeUtc: utcTimestamp(),
      etag: newEtag(),
    });
    this.#refuseSharedAuthority(item);
    this.#items.set(item.enrollmentGroupId, item);
    return item.view;
  }

  /** DPS: a certificate may be used by one enrollment only. */
  #refuseSharedAuthority(item: Item): void {
    const other = this.#items
      .values()
      .find(
        ({ enrollmentGroupId, authorities }) =>
          enrollmentGroupId !== item.enrollmentGroupId && haveCommonAuthority(authorities, item.authorities),
      );
    if (other === undefined) return;
    throw new EmulatorError(
      SERVICE_ERROR.alreadyExists,
      `The certificate is used by the enrollment group ${other.enrollmentGroupId} already`,
    );
  }
}
