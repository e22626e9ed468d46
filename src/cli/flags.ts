import { readFileSync, statSync } from 'node:fs';
import { decodeText, nearestName, quote } from 'azure-iot-certificates/internal';
import { Option } from 'commander';
import { durationText, parseDuration } from './duration';
import { locate } from './io';
import { UsageError } from './usage-error';

/** The largest JSON file of a flag, in bytes. */
const MAX_JSON_BYTES = 1024 * 1024;

/** A flag of a command, from which commander's option is made. `Value` is the type of its value in the action. */
export interface Flag<Value> {
  /** One or more sentences for `--help`. */
  readonly description: string;
  /** The name of its value in `--help`, e.g. `days`. Absent for a switch. */
  readonly valueName?: string;
  /** One letter: `y` for `-y`. */
  readonly short?: string;
  /** The environment variable that has the same effect as the flag; see `device/resolve.ts`. */
  readonly env?: string;
  readonly choices?: readonly string[];
  readonly isRequired?: boolean;
  readonly isRepeatable?: boolean;
  /** The default, written as on the command line. */
  readonly default?: string;
  /**
   * Makes the value of a text.
   *
   * @throws UsageError that says what the value must be, without naming the flag
   */
  readonly parse: (text: string, cwd: string) => Value;
}

/** The flags of a command by their names in camel case: `idScope` is `--id-scope` on the command line. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table of flags. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer Value> ? Value : never;
};

/** A flag with a value of that kind, which is `undefined` when the flag is not given. */
type KindOfFlag<Value> = (valueName: string, description: string) => Flag<Value | undefined>;

const shown = (text: string) => quote(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** A flag whose value is text that is not empty. */
export const text: KindOfFlag<string> = (valueName, description) => ({
  valueName,
  description,
  parse: (given) => {
    if (given === '') throw new UsageError('must not be empty.');
    return given;
  },
});

/** The path of a file or directory, relative to the working directory of the program. */
export const path: KindOfFlag<string> = (valueName, description) => ({
  valueName,
  description,
  parse: (given, cwd) => {
    if (given === '' || given.includes('\0')) throw new UsageError('must be a path.');
    // A private key that was given instead of its path must not be repeated by anything.
    if (given.includes('-----')) throw new UsageError('must be a path, not the content of a file.');
    return locate(cwd, given);
  },
});

/** A whole number from `min` to `max`. */
export function wholeNumber(
  description: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): Flag<number | undefined> {
  return {
    valueName: 'n',
    description,
    parse: (given) => {
      const value = Number(given);
      if (/^\d+$/.test(given) && value >= min && value <= max) return value;
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
      throw new UsageError(`must be a whole number ${range}, not ${shown(given)}.`);
    },
  };
}

/** A length of time with its unit (`500ms`, `2m`), from `min` to 24 days. The value is in milliseconds. */
export function duration(description: string, min: number): Flag<number | undefined> {
  const max = 24 * 86_400_000;
  return {
    valueName: 'duration',
    description,
    parse: (given) => {
      const value = parseDuration(given);
      if (value !== undefined && value >= min && value <= max) return value;
      throw new UsageError(
        `must be a length of time from ${durationText(min)} to ${durationText(max)} with its unit (ms, s, m, h or d), such as 30s or 2m, not ${shown(given)}.`,
      );
    },
  };
}

/** A flag whose value is one of a list of words. */
export function choice<const Word extends string>(
  valueName: string,
  choices: readonly Word[],
  description: string,
): Flag<Word | undefined> {
  return {
    ...{ valueName, description, choices },
    parse: (given) => {
      const found = choices.find((word) => word === given);
      if (found !== undefined) return found;
      const meant = nearestName(given, choices);
      const question = meant === undefined ? '' : ` Did you mean ${meant}?`;
      throw new UsageError(`must be one of ${choices.join(', ')}, not ${shown(given)}.${question}`);
    },
  };
}

/** JSON text, or `@FILE` for the JSON text in a file. */
export function json(description: string): Flag<unknown> {
  return {
    valueName: 'json',
    description,
    parse: (given, cwd) => {
      const isFile = given.startsWith('@');
      const content = isFile ? readJson(locate(cwd, given.slice(1))) : given;
      try {
        return JSON.parse(content) as unknown;
      } catch {
        throw new UsageError(
          isFile
            ? `names a file that does not hold JSON: ${shown(given.slice(1))}.`
            : `must be JSON such as '{"key":"value"}', or @FILE, not ${shown(given)}. Does the shell need quotes around it?`,
        );
      }
    },
  };
}

/** A switch. Its value is `false` when it is not given. */
export function toggle(description: string, short?: string): Flag<boolean> {
  return { description, ...(short !== undefined && { short }), parse: () => true };
}

/** Makes the flag required. */
export function required<Value>(flag: Flag<Value | undefined>): Flag<Value> {
  // commander refuses the command line without it, so that it always has a value.
  return { ...flag, isRequired: true } as Flag<Value>;
}

/** Gives the flag a default, written as on the command line. */
export function withDefault<Value>(flag: Flag<Value | undefined>, byDefault: string): Flag<Value> {
  // With a default it always has a value.
  return { ...flag, default: byDefault } as Flag<Value>;
}

/** Gives the flag an environment variable that has the same effect. */
export function withVariable<Value>(flag: Flag<Value>, env: string): Flag<Value> {
  return { ...flag, env };
}

/** Makes the flag repeatable. Its value is an array, empty when the flag is not given. */
export function repeatable<Value>(flag: Flag<Value | undefined>): Flag<readonly Value[]> {
  // `parse` makes one element of the value.
  return { ...flag, isRepeatable: true } as unknown as Flag<readonly Value[]>;
}

/** The name of a flag on the command line: `idScope` is `--id-scope`. */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The value of a text that was given for a flag.
 *
 * @param subject what the text was given as, for messages
 * @throws UsageError
 */
export function valueOf<Value>(subject: string, flag: Flag<Value>, given: string, cwd: string): Value {
  try {
    return flag.parse(given, cwd);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${subject} ${error.message}`) : error;
  }
}

/** Makes commander's option of a flag. */
export function optionOf(name: string, flag: Flag<unknown>, cwd: string): Option {
  const { short, valueName, choices, isRequired = false, isRepeatable = false } = flag;
  const long = flagName(name);
  const term = valueName === undefined ? long : `${long} <${valueName}>`;
  const option = new Option(short === undefined ? term : `-${short}, ${term}`, descriptionOf(flag));
  if (valueName === undefined) return option;
  if (choices !== undefined) option.choices(choices);
  if (flag.default !== undefined) option.default(flag.parse(flag.default, cwd), flag.default);
  let isGiven = false;
  return option.makeOptionMandatory(isRequired).argParser((given, previous: unknown) => {
    // In `--cert --key device.key`, commander takes `--key` for the missing value of `--cert`.
    if (/^--?[a-z]/.test(given)) throw new UsageError(`${long} needs a value.`);
    if (isGiven && !isRepeatable) throw new UsageError(`${long} is given more than once.`);
    isGiven = true;
    const value = valueOf(long, flag, given, cwd);
    return isRepeatable ? [...(Array.isArray(previous) ? (previous as unknown[]) : []), value] : value;
  });
}

function descriptionOf({ description, env, isRequired, isRepeatable }: Flag<unknown>): string {
  const remarks = [
    ...(isRequired === true ? ['required'] : []),
    ...(isRepeatable === true ? ['may be given several times'] : []),
    ...(env === undefined ? [] : [`environment: ${env}`]),
  ];
  return remarks.length === 0 ? description : `${description} [${remarks.join(', ')}]`;
}

function readJson(file: string): string {
  try {
    if (statSync(file).size > MAX_JSON_BYTES)
      throw new UsageError(`names a file of more than ${MAX_JSON_BYTES} bytes: ${shown(file)}.`);
    return decodeText(readFileSync(file)).text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`names a file that cannot be read (${code}): ${shown(file)}.`);
  }
}
