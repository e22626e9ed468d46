import { isObject, type OptionProblems } from '../options';
import type { SubjectFields } from './options';
import { x509, type X509 } from './x509';

interface FieldRule {
  oid: string;
  maxLength: number;
  /** The characters of an attribute that RFC 5280 wants as PrintableString. Others are UTF8String. */
  printable?: RegExp;
  expected?: string;
}

const COMMON_NAME_OID = '2.5.4.3';
const COMMON_NAME_MAX_LENGTH = 64;

/** The fields in the order of the distinguished name. Lengths are the upper bounds of RFC 5280, appendix A.1. */
const FIELDS: Readonly<Record<keyof SubjectFields, FieldRule>> = {
  country: { oid: '2.5.4.6', maxLength: 2, printable: /^[A-Za-z]{2}$/, expected: 'two letters, e.g. CH' },
  state: { oid: '2.5.4.8', maxLength: 128 },
  locality: { oid: '2.5.4.7', maxLength: 128 },
  organization: { oid: '2.5.4.10', maxLength: 64 },
  organizationalUnit: { oid: '2.5.4.11', maxLength: 64 },
  serialNumber: {
    oid: '2.5.4.5',
    maxLength: 64,
    printable: /^[A-Za-z0-9 '()+,\-./:=?]+$/,
    expected: "letters, digits, spaces and '()+,-./:=?",
  },
};

const FIELD_NAMES = Object.keys(FIELDS) as readonly (keyof SubjectFields)[];

/** The rule for a common name, besides its 1 to 64 characters. */
export interface CommonNameRule {
  /** The option that holds the common name. */
  option: 'commonName' | 'verificationCode';
  pattern?: RegExp;
  expected?: string;
  remedy: string;
  /** A similar name that follows the rule, or '' if there is none. */
  suggest?: (value: string) => string;
}

/** The rule for certificate authorities. */
export const ANY_NAME: CommonNameRule = {
  option: 'commonName',
  remedy: 'Pass the name that people will see, e.g. "Contoso Devices Root CA".',
};

/**
 * The rule for devices, whose common name is the registration ID (DPS reference, "registration ID": letters, digits, `-`,
 * `.`, `_`, `:`, the last one a letter, a digit or `-`). Upper case is allowed: DPS ignores the case of registration IDs.
 */
export const REGISTRATION_ID: CommonNameRule = {
  option: 'commonName',
  pattern: /^[A-Za-z0-9._:-]*[A-Za-z0-9-]$/,
  expected: 'letters, digits, - . _ and : only, the last character being a letter, a digit or -',
  remedy:
    'Pass the registration ID of the device, such as pump-1: DPS demands that it equals the common name.',
  suggest: (value) =>
    value
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9._:-]+/g, '-')
      .replace(/^-+/, '')
      .replace(/[^a-z0-9]+$/, ''),
};

/** The reason why the text cannot be an attribute of a subject, as the end of a sentence, or `undefined`. */
function textProblem(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string') return 'must be a string.';
  if (value.trim() === '') return 'is empty.';
  const length = Array.from(value).length;
  if (length > maxLength) return `has ${length} characters; at most ${maxLength} are allowed.`;
  if (/[\p{Cc}\p{Cs}]/u.test(value)) return 'holds control characters or broken Unicode.';
  return undefined;
}

/** Checks a common name. */
export function checkCommonName(value: unknown, rule: CommonNameRule, problems: OptionProblems): void {
  let message = value === undefined ? 'is missing.' : textProblem(value, COMMON_NAME_MAX_LENGTH);
  if (message === undefined && rule.pattern !== undefined && !rule.pattern.test(String(value))) {
    message = `must consist of ${rule.expected ?? 'other characters'}.`;
  }
  if (message !== undefined) problems.add(rule.option, message, nameRemedy(value, rule));
}

/** The remedy for a common name, with an example that is made of it if possible. */
function nameRemedy(value: unknown, { option, remedy, suggest }: CommonNameRule): string {
  if (typeof value !== 'string') return remedy;
  if (Array.from(value).length > COMMON_NAME_MAX_LENGTH) {
    return `Shorten ${option} to ${COMMON_NAME_MAX_LENGTH} characters or less. ${remedy}`;
  }
  const suggestion = suggest?.(value) ?? '';
  return suggestion === '' ? remedy : `Write for example ${suggestion}. ${remedy}`;
}

/** Checks the further fields of a subject. */
export function checkSubjectFields(fields: unknown, problems: OptionProblems): void {
  if (fields === undefined) return;
  if (!isObject(fields)) {
    problems.add('subject', 'must be an object.', 'Pass e.g. { organization: "Contoso", country: "CH" }.');
    return;
  }
  problems.addUnknown(fields, FIELD_NAMES, 'subject');
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || !Object.hasOwn(FIELDS, name)) continue;
    const option = `subject.${name}`;
    const rule = FIELDS[name as keyof SubjectFields];
    const isForeign = typeof value === 'string' && rule.printable?.test(value) === false;
    const message = isForeign
      ? `must be ${rule.expected ?? 'printable'}.`
      : textProblem(value, rule.maxLength);
    if (message !== undefined)
      problems.add(option, message, `Shorten or correct ${option}, or leave it out.`);
  }
}

/** The distinguished name, country first and common name last. */
export function buildSubject(commonName: string, fields: SubjectFields = {}): X509.Name {
  // Objects, not strings: @peculiar/x509 reads quotes and backslashes in strings as escapes.
  const name: X509.JsonAttributeAndObjectValue[] = [];
  for (const field of FIELD_NAMES) {
    const value = fields[field];
    if (value === undefined) continue;
    const { oid, printable } = FIELDS[field];
    name.push({ [oid]: [printable === undefined ? { utf8String: value } : { printableString: value }] });
  }
  name.push({ [COMMON_NAME_OID]: [{ utf8String: commonName }] });
  return new (x509().Name)(name);
}
