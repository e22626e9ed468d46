/** Azure Storage: a blob's name. */
const MAX_LENGTH = 1024;
// Azure Storage: segments of a path.
const MAX_SEGMENTS = 254;
/** The longest file name of file systems. */
const MAX_FILE_NAME_BYTES = 255;
/** The names that Windows reserves for devices, with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Tells whether a blob can have this name. Azure Storage: 1 to 1024 characters. Names that a URL changes (control
 * characters, backslashes, `.` and `..` as segments) are refused as well.
 */
export function isBlobName(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.length > MAX_LENGTH) return false;
  const segments = name.split('/');
  if (segments.length > MAX_SEGMENTS || segments.includes('.') || segments.includes('..')) return false;
  return !/[\p{Cc}\p{Cs}\\]/u.test(name);
}

function percentEncode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/**
 * A file name that every file system accepts and that cannot leave its folder: letters, digits and `._-` stay, the rest
 * is percent-encoded, slashes included. `undefined` if it would be too long.
 */
export function toFileName(name: string): string | undefined {
  const encoded = name
    .replaceAll(/[^A-Za-z0-9._-]/gu, percentEncode)
    .replace(/^\.|\.$/g, '%2E')
    .replace(RESERVED, (reserved) => percentEncode(reserved.charAt(0)) + reserved.slice(1));
  return encoded.length > MAX_FILE_NAME_BYTES || encoded === '' ? undefined : encoded;
}

/** The name that {@link toFileName} has encoded; `undefined` for another file. */
export function fromFileName(fileName: string): string | undefined {
  try {
    const name = decodeURIComponent(fileName);
    return toFileName(name) === fileName ? name : undefined;
  } catch {
    return undefined;
  }
}
