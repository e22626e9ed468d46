import type { X509Certificate } from 'node:crypto';
import type { SubjectFields } from 'azure-iot-certificates';
import { factsOf, nearestName } from 'azure-iot-certificates/internal';
import { UsageError } from '../usage-error';

type FieldName = keyof SubjectFields;

/** The fields of a subject: the names in the text, the option, and the object identifier (RFC 4519). */
const FIELDS: readonly (readonly [short: string, name: FieldName, oid: string])[] = [
  ['O', 'organization', '2.5.4.10'],
  ['OU', 'organizationalUnit', '2.5.4.11'],
  ['C', 'country', '2.5.4.6'],
  ['ST', 'state', '2.5.4.8'],
  ['L', 'locality', '2.5.4.7'],
  ['serialNumber', 'serialNumber', '2.5.4.5'],
];
const SHORT_NAMES = FIELDS.map(([short]) => short);
/** A comma ends a field only where another one begins: `O=Contoso, Inc.` is one field. */
const NEXT_FIELD = /,\s*(?=[A-Za-z]+\s*=)/;

/**
 * Reads `O=Contoso, C=CH`, or `/O=Contoso/C=CH` as openssl takes it, where a backslash stands before a literal slash.
 *
 * @throws UsageError when a field is unknown, empty or given twice
 */
function parseSubject(texts: readonly string[]): SubjectFields {
  const fields: Partial<Record<FieldName, string>> = {};
  for (const part of texts.flatMap(partsOf)) {
    const [, type = '', value = ''] = /^\s*([^=]*?)\s*=(.*)$/s.exec(part) ?? [];
    if (type.toUpperCase() === 'CN') throw new UsageError('--subject holds a CN; give it with --cn.');
    const name = FIELDS.find(([short]) => short.toLowerCase() === type.toLowerCase())?.[1];
    if (name === undefined) throw new UsageError(unknownField(part, type));
    if (value.trim() === '') throw new UsageError(`--subject holds no value for ${type}.`);
    if (fields[name] !== undefined) throw new UsageError(`--subject holds ${type} twice.`);
    fields[name] = value.trim();
  }
  return fields;
}

const EXAMPLE = 'name the owner, e.g. --subject "O=Contoso".';

/**
 * The subject besides the CN: the fields of the flag, or else those of the issuer.
 *
 * @throws UsageError when there is none; the guides for the portals want a field besides the CN
 */
export function ownSubject(texts: readonly string[], issuer?: X509Certificate): SubjectFields {
  if (texts.length > 0) return parseSubject(texts);
  const inherited = issuer === undefined ? {} : inheritedSubject(issuer);
  if (Object.keys(inherited).length > 0) return inherited;
  throw new UsageError(
    issuer === undefined
      ? `--subject is missing: ${EXAMPLE}`
      : `--subject is missing, and the CA has no field besides its CN either: ${EXAMPLE}`,
  );
}

function partsOf(text: string): string[] {
  if (!text.startsWith('/')) return text.split(NEXT_FIELD);
  return text
    .slice(1)
    .split(/(?<!\\)\//)
    .map((part) => part.replaceAll(/\\(.)/g, '$1'));
}

function unknownField(part: string, type: string): string {
  const meant = nearestName(type, SHORT_NAMES);
  const question = meant === undefined || type === '' ? '' : ` Did you mean ${meant}?`;
  return `--subject must be fields such as "O=Contoso, C=CH" (${SHORT_NAMES.join(', ')}), not ${JSON.stringify(part.slice(0, 60))}.${question}`;
}

/** The fields that a CA shares with the certificates that it issues: all but the CN and the serial number. */
function inheritedSubject(issuer: X509Certificate): SubjectFields {
  const { subject } = factsOf(issuer);
  const inherited = FIELDS.filter(([, name]) => name !== 'serialNumber').flatMap(([, name, oid]) => {
    const value = subject.find(({ type }) => type === oid)?.value;
    return value === undefined ? [] : [[name, value]];
  });
  // The names are those of the table, the values texts.
  return Object.fromEntries(inherited) as SubjectFields;
}
