import { childrenOf, contentOf, readObjectIdentifier, type DerElement } from './der';
import { quote } from '../text';

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** Its object identifier. */
  readonly type: string;
  readonly value: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.25': 'DC',
};

/** Reads a distinguished name; attributes that are not strings are left out. */
export function parseName(der: Buffer, name: DerElement | undefined): readonly NameAttribute[] {
  if (name === undefined) return [];
  return childrenOf(der, name)
    .flatMap((set) => childrenOf(der, set))
    .flatMap((attribute) => {
      const [type, value] = childrenOf(der, attribute);
      if (type === undefined || value === undefined) return [];
      return [
        { type: readObjectIdentifier(der, type), value: decodeString(value.tag, contentOf(der, value)) },
      ];
    });
}

function decodeString(tag: number, content: Buffer): string {
  const BMP_STRING = 0x1e;
  const UTF8_STRING = 0x0c;
  if (tag === BMP_STRING)
    return Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString('utf16le');
  return content.toString(tag === UTF8_STRING ? 'utf8' : 'latin1');
}

/** The subject as `openssl -subj` takes it, with another common name; unusual attributes are left out. */
export function subjectArgument(name: readonly NameAttribute[], commonName: string): string {
  const others = name.filter(({ type }) => type !== '2.5.4.3' && SHORT_NAMES[type] !== undefined);
  return [
    ...others.map(({ type, value }) => [SHORT_NAMES[type] ?? type, value] as const),
    ['CN', commonName] as const,
  ]
    .map(([type, value]) => `/${type}=${value.replace(/[\\/+]/g, '\\$&')}`)
    .join('');
}

/** Equal for names that RFC 5280 section 7.1 takes for equal: letter case and runs of spaces do not count. */
export function normalizedName(name: readonly NameAttribute[]): string {
  return name
    .map(({ type, value }) => JSON.stringify([type, value.trim().replace(/\s+/g, ' ').toLowerCase()]))
    .join();
}

/** A name in full, e.g. `O=Example, CN=device-1`; what a terminal would obey is still in it. */
export function nameText(name: readonly NameAttribute[]): string {
  return name.map(({ type, value }) => `${SHORT_NAMES[type] ?? type}=${value}`).join(', ');
}

/** A name as messages show it, e.g. `"O=Example, CN=device-1"`. */
export function displayName(name: readonly NameAttribute[]): string {
  return name.length === 0 ? 'an empty name' : quote(nameText(name));
}
