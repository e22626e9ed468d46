import { EmulatorError, invalidArgument, SERVICE_ERROR } from '../../protocol/errors';
import { checkIfMatch, type IfMatch } from '../../protocol/etag';
import type { JsonObject } from '../../protocol/json';
import {
  DESIRED,
  deviceView,
  emptyCollection,
  patched,
  replaced,
  REPORTED,
  serviceView,
  type PropertyCollection,
} from './property-collection';
import { checkSize, mergeProperties, readProperties } from './property-values';
import type { DeviceTwin, TwinChange } from './types';

/** IoT Hub: the largest size of all tags together, in bytes. */
const MAX_TAG_BYTES = 8 * 1024;

/** The content of a twin. */
export interface TwinContent {
  readonly tags: JsonObject;
  readonly desired: PropertyCollection;
  readonly reported: PropertyCollection;
  /** The number of changes of tags, desired and reported properties. */
  readonly version: number;
}

/** The twin of a new identity. IoT Hub was observed to begin with version 2 and the etag of 1. */
export function newTwinContent(): TwinContent {
  return { tags: {}, desired: emptyCollection(DESIRED), reported: emptyCollection(REPORTED), version: 2 };
}

/** The entity tag of a twin: Base64 of a counter of 64 bits. */
function counterEtag(count: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(count));
  return bytes.toString('base64');
}

type SectionsOfView = Pick<DeviceTwin, 'etag' | 'version' | 'tags' | 'properties'>;

/** The initial content of a twin. */
export interface AdoptedData {
  readonly tags?: JsonObject | undefined;
  readonly desired?: JsonObject | undefined;
  readonly reported?: JsonObject | undefined;
}

/** The twin of a device or module. */
export class Twin {
  readonly #changed: () => void;
  #content: TwinContent;

  constructor(content: TwinContent, changed: () => void) {
    this.#content = content;
    this.#changed = changed;
  }

  get content(): TwinContent {
    return this.#content;
  }

  /** The device's own document: no tags, no metadata. */
  deviceView(): JsonObject {
    const { desired, reported } = this.#content;
    return { desired: deviceView(desired), reported: deviceView(reported) };
  }

  /** The parts of the service's document that do not come from the identity. */
  serviceView(): SectionsOfView {
    const { tags, desired, reported, version } = this.#content;
    const properties = { desired: serviceView(desired), reported: serviceView(reported) };
    return { etag: this.#etag, version, tags, properties };
  }

  /**
   * Merges a change of the service. Returns the notification for a subscribed device.
   *
   * @throws EmulatorError 400004, 412001, 413001
   */
  update(change: TwinChange, options: IfMatch = {}): JsonObject | undefined {
    const { tags, desired } = this.#read(change, options);
    const { content } = this;
    if (tags === undefined && desired === undefined) return undefined;
    this.#store({
      ...content,
      ...(tags !== undefined && { tags: mergeProperties(content.tags, tags) }),
      ...(desired !== undefined && { desired: patched(content.desired, desired, DESIRED) }),
    });
    return desired && { ...desired, $version: this.#content.desired.version };
  }

  /**
   * Replaces the given sections. Returns the notification for a subscribed device.
   *
   * @throws EmulatorError 400004, 412001, 413001
   */
  replace(replacement: TwinChange, options: IfMatch = {}): JsonObject | undefined {
    const { tags, desired } = this.#read(replacement, options);
    const { content } = this;
    if (tags === undefined && desired === undefined) return undefined;
    this.#store({
      ...content,
      ...(tags !== undefined && { tags: mergeProperties({}, tags) }),
      ...(desired !== undefined && { desired: replaced(content.desired, desired, DESIRED) }),
    });
    return desired && deviceView(this.#content.desired);
  }

  /**
   * Merges reported properties. Returns the new version.
   *
   * @param version - which the device believes to be the current one; `undefined` if it does not care.
   * @throws EmulatorError 400004, 412001, 413001
   */
  report(patch: JsonObject, version: number | undefined): number {
    const { reported } = this.#content;
    if (version !== undefined && version !== reported.version) {
      throw new EmulatorError(
        SERVICE_ERROR.preconditionFailed,
        `The reported properties have version ${reported.version}, not ${version}`,
      );
    }
    const next = patched(reported, readProperties(patch, REPORTED.path), REPORTED);
    this.#store({ ...this.#content, reported: next });
    return next.version;
  }

  /** Takes over the data of a device from another hub, or from its enrollment. */
  adopt({ tags, desired, reported }: AdoptedData): void {
    this.update({ ...(tags && { tags }), ...(desired && { properties: { desired } }) });
    if (reported !== undefined) this.report(reported, undefined);
  }

  get #etag(): string {
    return counterEtag(this.#content.version - 1);
  }

  #read(change: TwinChange, options: IfMatch): Sections {
    const { tags, properties = {} } = asSections(change, 'twin');
    const { desired } = asSections(properties, 'properties');
    checkIfMatch(options, this.#etag);
    return {
      tags: tags === undefined ? undefined : readProperties(tags, 'tags'),
      desired: desired === undefined ? undefined : readProperties(desired, DESIRED.path),
    };
  }

  /** @throws EmulatorError 413001 */
  #store(content: TwinContent): void {
    checkSize(content.tags, MAX_TAG_BYTES, 'tags');
    this.#content = { ...content, version: this.#content.version + 1 };
    this.#changed();
  }
}

/** The checked sections of a change. */
interface Sections {
  readonly tags: JsonObject | undefined;
  readonly desired: JsonObject | undefined;
}

/** Callers in JavaScript may pass anything. @throws EmulatorError 400004 */
function asSections(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return { ...value };
  throw invalidArgument(`${path} is not an object`);
}
