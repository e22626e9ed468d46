import { readFile, stat } from 'node:fs/promises';
import { nearestName } from 'azure-iot-certificates/internal';
import { locate } from '../io';
import { UsageError } from '../usage-error';
import { durationText, parseDuration } from './duration';
import type { Flag } from './spec';

/** No JSON that a person gives on a command line comes near it. */
const MAX_JSON_BYTES = 1024 * 1024;
/** As much of a wrong value as a message repeats. */
const MAX_SHOWN = 60;

type FlagOf<Type extends Flag['type']> = Extract<Flag, { readonly type: Type }>;

/** Makes values of one type out of text. */
interface ValueType<F extends Flag> {
  /** What `--help` calls the value. */
  readonly valueName: (flag: F) => string;
  /**
   * @param cwd the working directory
   * @throws UsageError saying what the value must be, without naming the flag
   */
  readonly parse: (text: string, flag: F, cwd: string) => unknown;
}

const shown = (text: string) =>
  JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

function path(text: string, _flag: Flag, cwd: string): string {
  if (text === '' || text.includes('\0')) throw new UsageError('must be a path.');
  // The text of a key that was given instead of its path must not be repeated by anything.
  if (text.includes('-----')) throw new UsageError('must be a path, not the content of a file.');
  return locate(cwd, text);
}

function range(min: number | undefined, max: number | undefined, show: (value: number) => string): string {
  if (min !== undefined && max !== undefined) return ` from ${show(min)} to ${show(max)}`;
  if (min !== undefined) return ` of ${show(min)} or more`;
  return max === undefined ? '' : ` of ${show(max)} or less`;
}

const isWithin = (value: number, { min, max }: { readonly min?: number; readonly max?: number }) =>
  (min === undefined || value >= min) && (max === undefined || value <= max);

async function json(text: string, _flag: Flag, cwd: string): Promise<unknown> {
  const content = text.startsWith('@') ? await readJson(locate(cwd, text.slice(1))) : text;
  try {
    return JSON.parse(content) as unknown;
  } catch {
    throw new UsageError(
      text.startsWith('@')
        ? `names a file that does not hold JSON: ${shown(text.slice(1))}.`
        : `must be JSON such as '{"key":"value"}', or @FILE, not ${shown(text)}. Does the shell need quotes around it?`,
    );
  }
}

async function readJson(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > MAX_JSON_BYTES)
      throw new UsageError(`names a file of more than ${MAX_JSON_BYTES} bytes: ${shown(file)}.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`names a file that cannot be read (${code}): ${shown(file)}.`);
  }
}

/** Every type of flag that has a value. */
const TYPES: { readonly [Type in Exclude<Flag['type'], 'boolean'>]: ValueType<FlagOf<Type>> } = {
  string: {
    valueName: () => 'TEXT',
    parse: (text) => {
      if (text === '') throw new UsageError('must not be empty.');
      return text;
    },
  },
  number: {
    valueName: () => 'N',
    parse: (text, flag) => {
      const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
      const isFit = isWithin(value, flag) && (flag.isInteger !== true || Number.isInteger(value));
      if (Number.isFinite(value) && isFit) return value;
      const kind = flag.isInteger === true ? 'a whole number' : 'a number';
      throw new UsageError(`must be ${kind}${range(flag.min, flag.max, String)}, not ${shown(text)}.`);
    },
  },
  duration: {
    valueName: () => 'DURATION',
    parse: (text, flag) => {
      const value = parseDuration(text);
      if (value !== undefined && isWithin(value, flag)) return value;
      throw new UsageError(
        `must be a length of time${range(flag.min, flag.max, durationText)} with its unit (ms, s, m, h or d), such as 30s or 2m, not ${shown(text)}.`,
      );
    },
  },
  file: { valueName: () => 'FILE', parse: path },
  directory: { valueName: () => 'DIRECTORY', parse: path },
  json: { valueName: () => 'JSON', parse: json },
  enum: {
    valueName: ({ values }) => values.join('|'),
    parse: (text, { values }) => {
      if (values.includes(text)) return text;
      const meant = nearestName(text, values);
      throw new UsageError(
        `must be one of ${values.join(', ')}, not ${shown(text)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
      );
    },
  },
};

type ValuedFlag = Exclude<Flag, { readonly type: 'boolean' }>;

function typeOf(flag: ValuedFlag): ValueType<ValuedFlag> {
  // The entry for a flag's type takes that flag; TypeScript does not follow it through the union.
  return TYPES[flag.type] as ValueType<ValuedFlag>;
}

/** What `--help` calls a flag's value; `undefined` for a switch. */
export function valueName(flag: Flag): string | undefined {
  if (flag.type === 'boolean') return undefined;
  return flag.valueName ?? typeOf(flag).valueName(flag);
}

/**
 * The value that a text stands for.
 *
 * @throws UsageError saying what the value must be, without naming the flag
 */
export async function parseValue(text: string, flag: ValuedFlag, cwd: string): Promise<unknown> {
  return await typeOf(flag).parse(text, flag, cwd);
}
