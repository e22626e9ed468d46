import { ENROLLMENT_KINDS } from '../enrollment';
import type { OptionProblem } from '../errors';
import type { CredentialsOptions } from '../options';
import { READING_RULES } from '../reading/problem';
import { RULE_NAMES } from './rules';
import { list, quote } from '../text';

const SOURCES = [
  { content: 'cert', file: 'certFile', what: 'the device certificate', required: true },
  { content: 'key', file: 'keyFile', what: 'the private key', required: true },
  { content: 'chain', file: 'chainFile', what: 'the intermediate certificates', required: false },
] as const;

/**
 * Names everything about the options that types cannot stop or JavaScript callers got past them. Never repeats a value
 * that may be secret. Other options than those of {@link CredentialsOptions} are not looked at.
 */
export function validateCredentialsOptions(options: CredentialsOptions): readonly OptionProblem[] {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null) {
    return [
      { option: 'options', message: 'must be an object.', remedy: 'Pass enrollment, certFile and keyFile.' },
    ];
  }
  const values: Readonly<Record<string, unknown>> = { ...options };
  return [
    ...enrollmentProblems(values['enrollment']),
    ...SOURCES.flatMap((source) => sourceProblems(values, source)),
    ...(['passphrase', 'registrationId'] as const).flatMap((option) => stringProblems(values, option)),
    ...skipProblems(values['skipChecks']),
  ];
}

function enrollmentProblems(value: unknown): OptionProblem[] {
  if (typeof value === 'string' && (ENROLLMENT_KINDS as readonly string[]).includes(value)) return [];
  const kinds = list(ENROLLMENT_KINDS.map(quote));
  const message =
    value === undefined
      ? 'is missing.'
      : `is ${typeof value === 'string' ? quote(value) : `a ${typeof value}`}, which is no kind of enrollment.`;
  return [{ option: 'enrollment', message, remedy: `Set enrollment to one of ${kinds}.` }];
}

function sourceProblems(
  values: Readonly<Record<string, unknown>>,
  { content, file, what, required }: (typeof SOURCES)[number],
): OptionProblem[] {
  const [inline, path] = [values[content], values[file]];
  if (inline !== undefined && path !== undefined) {
    return [
      {
        option: file,
        message: `and ${content} are both given.`,
        remedy: `Give either ${file} or ${content}.`,
      },
    ];
  }
  if (inline === undefined && path === undefined) {
    if (!required) return [];
    return [
      {
        option: file,
        message: `is missing, and so is ${content}.`,
        remedy: `Set ${file} to the path of ${what}, or ${content} to its text.`,
      },
    ];
  }
  if (path !== undefined) {
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) return [];
    return [
      {
        option: file,
        message: 'must be a path, as a string that is not empty.',
        remedy: `Set ${file} to the path of ${what}.`,
      },
    ];
  }
  if (typeof inline === 'string' || inline instanceof Uint8Array) return [];
  return [
    {
      option: content,
      message: 'must be a string or a Buffer.',
      remedy: `Set ${content} to the text of ${what}, or use ${file}.`,
    },
  ];
}

function stringProblems(
  values: Readonly<Record<string, unknown>>,
  option: 'passphrase' | 'registrationId',
): OptionProblem[] {
  const value = values[option];
  if (value === undefined) return [];
  if (typeof value !== 'string') {
    return [
      {
        option,
        message: `must be a string, not a ${typeof value}.`,
        remedy: `Set ${option} to a string or leave it out.`,
      },
    ];
  }
  if (option === 'passphrase' || value !== '') return [];
  return [
    {
      option,
      message: 'is empty.',
      remedy: 'Leave registrationId out: the common name of the certificate is used then.',
    },
  ];
}

function skipProblems(value: unknown): OptionProblem[] {
  if (value === undefined) return [];
  const option = 'skipChecks';
  const known = `The names are: ${RULE_NAMES.join(', ')}.`;
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    return [{ option, message: 'must be an array of rule names.', remedy: known }];
  }
  return [...new Set<string>(value)]
    .filter((name) => !RULE_NAMES.includes(name))
    .map((name) => ({
      option,
      message: Object.hasOwn(READING_RULES, name)
        ? `names ${quote(name)}, which cannot be skipped: without it there is nothing to present.`
        : `names the unknown rule ${quote(name)}.`,
      remedy: known,
    }));
}
