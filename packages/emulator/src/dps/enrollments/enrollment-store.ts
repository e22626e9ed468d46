import type { X509Certificate } from 'node:crypto';
import { EmulatorError, SERVICE_ERROR } from '../../protocol/errors';
import { newEtag, type IfMatch } from '../../protocol/etag';
import { toJson, type JsonObject, type JsonValue } from '../../protocol/json';
import { utcTimestamp } from '../../protocol/timestamp';
import { checkArgument } from '../../schemas/argument';
import type { ObjectOf } from '../../schemas/objects';
import type { Schema } from '../../schemas/problems';
import { listOf, refined, text } from '../../schemas/values';
import { readStored, timestamp } from '../../stored/stored-value';
import { Entries } from './entries';
import type { LinkedHubs } from './linked-hubs';
import { changed, requireCustomAllocation, type Change, type GivenTerms } from './terms';

/** The metadata of an enrollment. */
export const METADATA = { createdDateTimeUtc: timestamp, lastUpdatedDateTimeUtc: timestamp, etag: text };
type Metadata = ObjectOf<typeof METADATA>;

/** An enrollment in its store. */
export interface Item<Given, View> {
  /** The given enrollment, without defaults. */
  readonly given: Given;
  /** The enrollment as the service shows it. */
  readonly view: View;
  readonly certificates: readonly X509Certificate[];
}

/** A checked enrollment, without its metadata. */
export type Built<Given, View> = Pick<Item<Given, View>, 'given' | 'certificates'> & {
  readonly view: Omit<View, keyof Metadata>;
};

/** The differences between the kinds of enrollment. */
export interface EnrollmentKind<Given> {
  /** The name of the kind in error messages. */
  readonly name: string;
  readonly notFound: number;
  readonly given: Schema<Given>;
  readonly stored: Schema<Given & Metadata>;
  readonly idOf: (given: Given) => string;
}

/** The enrollments of one kind, by an ID without case, in the order in which they were created. */
export abstract class EnrollmentStore<Given extends GivenTerms, View extends Metadata> {
  protected readonly items: Entries<Item<Given, View>>;
  protected readonly linkedHubs: LinkedHubs;
  readonly #kind: EnrollmentKind<Given>;

  constructor(kind: EnrollmentKind<Given>, linkedHubs: LinkedHubs, onChange: () => void) {
    this.#kind = kind;
    this.linkedHubs = linkedHubs;
    this.items = new Entries({
      notFound: (id) => new EmulatorError(kind.notFound, `There is no ${kind.name} ${id}`),
      onChange,
    });
  }

  get(id: string): View | undefined {
    return this.items.find(id)?.view;
  }

  list(): readonly View[] {
    return this.items.values().map(({ view }) => view);
  }

  delete(id: string, options?: IfMatch): void {
    this.items.delete(id, options);
  }

  snapshot(): readonly JsonObject[] {
    return this.items.values().map(({ given, view }) => {
      const { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag } = view;
      const iotHubs = given.iotHubs && this.linkedHubs.namesOf(given.iotHubs);
      return toJson({ ...given, iotHubs, createdDateTimeUtc, lastUpdatedDateTimeUtc, etag });
    });
  }

  /** Replaces all enrollments. @throws StoredValueError */
  restore(value: JsonValue | undefined, path: string): void {
    const item = refined(this.#kind.stored, (stored) => {
      const { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag, ...given } = stored;
      // The other members are the given part.
      return this.#complete(given as unknown as Given, { createdDateTimeUtc, lastUpdatedDateTimeUtc, etag });
    });
    const items = readStored(listOf(item), value, path);
    this.items.clear();
    for (const each of items) this.items.restore(this.#kind.idOf(each.given), each);
  }

  /** Checks an enrollment, and completes it with defaults. @throws EmulatorError */
  protected abstract build(given: Given): Built<Given, View>;

  /** The ID of another enrollment that has one of the certificates. DPS: each may be used by one enrollment only. */
  protected abstract findOwner(item: Item<Given, View>): string | undefined;

  protected store(change: Change<Given>): View {
    // An empty change. It removes explicit `undefined` and `null`.
    return this.#store(changed<Given>({} as Given, change), utcTimestamp());
  }

  protected change(id: string, options: IfMatch | undefined, apply: (given: Given) => Given): View {
    const { given, view } = this.items.require(id, options);
    return this.#store(apply(given), view.createdDateTimeUtc);
  }

  #store(given: Given, createdDateTimeUtc: string): View {
    const { name, idOf, given: schema } = this.#kind;
    const checked = checkArgument(schema, given);
    requireCustomAllocation(checked);
    const metadata = { createdDateTimeUtc, lastUpdatedDateTimeUtc: utcTimestamp(), etag: newEtag() };
    const item = this.#complete(checked, metadata);
    const owner = this.findOwner(item);
    if (owner !== undefined) {
      const message = `The certificate is used by the ${name} ${owner} already`;
      throw new EmulatorError(SERVICE_ERROR.alreadyExists, message);
    }
    this.items.set(idOf(checked), item);
    return item.view;
  }

  #complete(given: Given, metadata: Metadata): Item<Given, View> {
    const { view, ...built } = this.build(given);
    // The view without the metadata.
    return { ...built, view: { ...view, ...metadata } as unknown as View };
  }
}
