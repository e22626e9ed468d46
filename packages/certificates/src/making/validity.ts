import { types } from 'node:util';
import { isObject, type OptionProblems } from '../options';
import type { ValidityOptions } from './options';

/** The beginning and the end of a validity. */
export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;
const CLOCK_SKEW_MS = 300 * SECOND_MS;
const MAX_DAYS = 36_500;
// GeneralizedTime has four digits for the year (RFC 5280, 4.1.2.5.2).
const MAX_DATE_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

const MEMBERS = ['days', 'notBefore', 'notAfter'];
const REMEDY = 'Pass { days } or { notBefore, notAfter }, or leave it out for the default.';

/** Certificates have whole seconds only. */
function toSecond(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / SECOND_MS) * SECOND_MS);
}

function isDate(value: unknown): value is Date {
  return types.isDate(value) && value.getTime() >= 0 && value.getTime() <= MAX_DATE_MS;
}

/** A problem of the option's form: the option or its member, and the message. */
function formProblem(
  options: Readonly<Record<string, unknown>>,
): [option: string, message: string] | undefined {
  const { days, notBefore, notAfter } = options;
  if (days !== undefined && (notAfter !== undefined || notBefore !== undefined)) {
    return ['validity', 'holds both days and dates.'];
  }
  if (days === undefined && notAfter === undefined) return ['validity', 'holds neither days nor notAfter.'];
  if (days !== undefined && !(Number.isInteger(days) && Number(days) >= 1 && Number(days) <= MAX_DAYS)) {
    return ['validity.days', `must be a whole number from 1 to ${MAX_DAYS}.`];
  }
  const wrong = Object.entries({ notBefore, notAfter }).find(
    ([, date]) => date !== undefined && !isDate(date),
  );
  return wrong && [`validity.${wrong[0]}`, 'must be a Date from 1970 to 9999.'];
}

/** Checks the form of the option. @returns whether its values can be used */
function checkForm(options: unknown, problems: OptionProblems): boolean {
  if (!isObject(options)) {
    problems.add('validity', 'must be an object.', REMEDY);
    return false;
  }
  // A misspelled member is the reason why another one is missing.
  if (problems.addUnknown(options, MEMBERS, 'validity')) return false;
  const problem = formProblem(options);
  if (problem !== undefined) problems.add(...problem, REMEDY);
  return problem === undefined;
}

function resolve(options: ValidityOptions, now: number): Validity {
  const notBefore = toSecond(options.notBefore?.getTime() ?? now - CLOCK_SKEW_MS);
  const end = options.days === undefined ? options.notAfter.getTime() : now + options.days * DAY_MS;
  return { notBefore, notAfter: toSecond(Math.min(end, MAX_DATE_MS)) };
}

/**
 * The dates of a new certificate. A default that would outlive the issuer is shortened to the issuer's end. So is a
 * number of days that exceeds it by less than a day: both may have been counted from almost the same moment.
 */
export function readValidity(
  options: ValidityOptions | undefined,
  defaultDays: number,
  issuerNotAfter: Date | undefined,
  problems: OptionProblems,
): Validity {
  const now = Date.now();
  const byDefault = resolve({ days: defaultDays }, now);
  if (options !== undefined && !checkForm(options, problems)) return byDefault;
  const validity = options === undefined ? byDefault : resolve(options, now);
  if (validity.notAfter <= validity.notBefore) {
    problems.add('validity', 'ends before it begins.', REMEDY);
  }
  if (issuerNotAfter === undefined || validity.notAfter <= issuerNotAfter) return validity;
  const excess = validity.notAfter.getTime() - issuerNotAfter.getTime();
  const mayShorten = options === undefined || (options.days !== undefined && excess < DAY_MS);
  if (!mayShorten) {
    problems.add(
      'validity',
      `ends on ${validity.notAfter.toISOString()}, after its issuer's (${issuerNotAfter.toISOString()}).`,
      'Choose an end that is not after the end of the issuer, or renew the issuer first.',
    );
  }
  return { ...validity, notAfter: issuerNotAfter };
}
