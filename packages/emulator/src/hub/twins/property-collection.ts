import { isJsonObject, type JsonObject } from '../../protocol/json';
import { utcTimestamp } from '../../protocol/timestamp';
import { checkSize, mergeProperties } from './property-values';

/** IoT Hub: the largest size of the desired properties, and of the reported properties, in bytes. */
const MAX_BYTES = 32 * 1024;

/**
 * The desired or the reported properties of a twin, the time of each one's last change, and a version that counts the
 * changes.
 */
export interface PropertyCollection {
  readonly properties: JsonObject;
  readonly metadata: JsonObject;
  readonly version: number;
}

/** The differences between the desired and the reported properties of a twin. */
export interface CollectionKind {
  /** The path for error messages. */
  readonly path: string;
  /** IoT Hub: the metadata of a desired property also has the version of its last change. */
  readonly hasVersionedMetadata: boolean;
}

export const DESIRED: CollectionKind = { path: 'properties.desired', hasVersionedMetadata: true };
export const REPORTED: CollectionKind = { path: 'properties.reported', hasVersionedMetadata: false };

/** The metadata of a property that is being changed. */
function markOf(kind: CollectionKind, version: number): JsonObject {
  const $lastUpdated = utcTimestamp();
  return kind.hasVersionedMetadata ? { $lastUpdated, $lastUpdatedVersion: version } : { $lastUpdated };
}

/** The metadata has the same shape as the properties. Every object that contains a change is marked as well. */
function stamp(metadata: JsonObject, patch: JsonObject, mark: JsonObject): JsonObject {
  const stamped = new Map(Object.entries({ ...metadata, ...mark }));
  for (const [name, value] of Object.entries(patch)) {
    const before = stamped.get(name);
    if (value === null) stamped.delete(name);
    else if (isJsonObject(value)) stamped.set(name, stamp(isJsonObject(before) ? before : {}, value, mark));
    else stamped.set(name, mark);
  }
  return Object.fromEntries(stamped);
}

/** The properties of a new twin. */
export function emptyCollection(kind: CollectionKind): PropertyCollection {
  return { properties: {}, metadata: markOf(kind, 1), version: 1 };
}

/** @throws EmulatorError 413001 */
export function patched(
  { properties, metadata, version }: PropertyCollection,
  patch: JsonObject,
  kind: CollectionKind,
): PropertyCollection {
  const merged = mergeProperties(properties, patch);
  checkSize(merged, MAX_BYTES, kind.path);
  return {
    properties: merged,
    metadata: stamp(metadata, patch, markOf(kind, version + 1)),
    version: version + 1,
  };
}

/** @throws EmulatorError 413001 */
export function replaced(
  { version }: PropertyCollection,
  replacement: JsonObject,
  kind: CollectionKind,
): PropertyCollection {
  return patched({ properties: {}, metadata: {}, version }, replacement, kind);
}

/** The properties as the device sees them. */
export function deviceView({ properties, version }: PropertyCollection): JsonObject {
  return { ...properties, $version: version };
}

/** The properties as the service sees them. */
export function serviceView({ properties, metadata, version }: PropertyCollection): JsonObject {
  return { ...properties, $metadata: metadata, $version: version };
}
