import { parseJson, type JsonObject } from '../protocol/json';
import { readCount, readFields, readObject, StoredValueError } from '../stored/read';

/** Makes the content of a file of one version from that of the version before. */
type Migration = (content: JsonObject) => JsonObject;

/** How one sort of file is written, and how older ones become like it. */
export interface Format {
  /** The version that is written, from 1. */
  readonly version: number;
  /** By the version that each begins with: `1` makes 2 of 1. */
  readonly migrations: Readonly<Record<number, Migration>>;
}

/** The sorts of files that a state directory has. */
export type FileKind = 'emulator' | 'dps' | 'central' | 'hub';

/** A file's version goes up when an older release would misunderstand it; the migration from the version before comes along. */
export const FORMATS: Readonly<Record<FileKind, Format>> = {
  emulator: { version: 1, migrations: {} },
  dps: { version: 1, migrations: {} },
  central: { version: 1, migrations: {} },
  hub: { version: 1, migrations: {} },
};

/** A file of a later release, which this one would damage. */
export class NewerFormatError extends StoredValueError {
  constructor(version: number, known: number) {
    super('formatVersion', `is ${version}, and this release knows versions up to ${known}`);
    this.name = 'NewerFormatError';
  }
}

/** What a file holds, without its version. @throws StoredValueError */
export function parseDocument(text: string, { version, migrations }: Format): JsonObject {
  // Some editors begin a file with a byte order mark.
  const parsed = parseJson(text.replace(/^\uFEFF/, ''));
  if (parsed === undefined) throw new StoredValueError('', 'is not JSON, or not all of it is there');
  const { formatVersion: _, ...content } = readObject(parsed, '');
  const stored = readFields(parsed, '')('formatVersion', readCount);
  if (stored > version) throw new NewerFormatError(stored, version);
  return migrate(content, stored, { version, migrations });
}

function migrate(content: JsonObject, stored: number, { version, migrations }: Format): JsonObject {
  let migrated = content;
  for (let from = stored; from < version; from++) {
    const migration = migrations[from];
    if (migration === undefined)
      throw new StoredValueError('formatVersion', `is ${stored}, which never was one`);
    migrated = migration(migrated);
  }
  return migrated;
}

/** A file's text: pretty-printed in the order of the properties, so that it can be read, compared and edited. */
export function formatDocument(content: JsonObject, { version }: Format): string {
  return `${JSON.stringify({ formatVersion: version, ...content }, undefined, 2)}\n`;
}
