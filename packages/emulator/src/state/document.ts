import { parseJson, type JsonObject } from '../protocol/json';
import { jsonObject, object } from '../schemas/objects';
import { wholeNumber } from '../schemas/values';
import { readStored, StoredValueError } from '../stored/stored-value';

/** The version of the files. It increases when an older release would misread them. */
const VERSION = 1;

const HEADER = object({ formatVersion: wholeNumber(1, Number.MAX_SAFE_INTEGER) });

/** The error for a file of a later release, which this release would damage. */
export class NewerFormatError extends StoredValueError {
  constructor(version: number) {
    super('formatVersion', `is ${version}, and this release knows versions up to ${VERSION}`);
    this.name = 'NewerFormatError';
  }
}

/** The content of a file, without its version. @throws StoredValueError */
export function parseDocument(text: string): JsonObject {
  // Some editors begin a file with a byte order mark.
  const parsed = parseJson(text.replace(/^\uFEFF/, ''));
  if (parsed === undefined) throw new StoredValueError('', 'is not JSON, or not all of it is there');
  const { formatVersion: _, ...content } = readStored(jsonObject, parsed);
  const { formatVersion } = readStored(HEADER, parsed);
  if (formatVersion > VERSION) throw new NewerFormatError(formatVersion);
  return content;
}

/** The text of a file: indented and in the order of the properties, so that it can be read, compared and edited. */
export function formatDocument(content: JsonObject): string {
  return `${JSON.stringify({ formatVersion: VERSION, ...content }, undefined, 2)}\n`;
}
