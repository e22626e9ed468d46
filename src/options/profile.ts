import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import {
  decodeText,
  FileError,
  InvalidOptionsError,
  isObject,
  nearestName,
  quote,
} from 'azure-iot-certificates/internal';
import type { EnrollmentKind, OptionProblem } from 'azure-iot-certificates';
import type { ConnectOptions, TransportKind } from './types';
import { validateConnectOptions } from './validate';

/** The version of the format. */
export const PROFILE_VERSION = 1;
const MAX_BYTES = 1024 * 1024;

/** The settings in a profile, by the names of the options of `connectDevice`. Every path can be opened as it is. */
export interface Profile {
  readonly enrollment?: EnrollmentKind;
  readonly idScope?: string;
  readonly globalEndpoint?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly chainFile?: string;
  /** Name of the environment variable that holds the passphrase of the key. */
  readonly passphraseEnv?: string;
  /** Path of a file whose only line is the passphrase of the key. */
  readonly passphraseFile?: string;
  readonly registrationId?: string;
  readonly modelId?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly caFile?: string;
  readonly transport?: TransportKind;
  readonly timeoutMs?: number;
  readonly assignmentFile?: string;
  readonly skipChecks?: readonly string[];
}

/** The fields of a profile in the order in which they are written, with their types. Paths start at the profile. */
export const PROFILE_FIELDS: Readonly<Record<keyof Profile, 'text' | 'path' | 'value'>> = {
  enrollment: 'text',
  idScope: 'text',
  globalEndpoint: 'text',
  certFile: 'path',
  keyFile: 'path',
  chainFile: 'path',
  passphraseEnv: 'text',
  passphraseFile: 'path',
  registrationId: 'text',
  modelId: 'text',
  payload: 'value',
  caFile: 'path',
  transport: 'text',
  timeoutMs: 'value',
  assignmentFile: 'path',
  skipChecks: 'value',
};

/** Fields that a profile must not have, with the place where their content belongs. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  key: 'Put the private key into a file and name that as "keyFile".',
  cert: 'Put the certificate into a file and name that as "certFile".',
  passphrase: 'Put the passphrase into an environment variable and name that as "passphraseEnv".',
};

const REQUIRED = [
  'enrollment',
  'idScope',
  'certFile',
  'keyFile',
] as const satisfies readonly (keyof Profile)[];
const MAKE_ANEW = 'Correct the file, or make it anew: azure-iot-x509 profile init --force';

/** The result of {@link readProfile}: options of `connectDevice`, to which others may be added. */
export type ProfileOptions = Omit<Profile, 'passphraseEnv' | 'passphraseFile'> &
  Required<Pick<Profile, 'enrollment' | 'idScope' | 'certFile' | 'keyFile'>> & {
    readonly passphrase?: string;
  };

/**
 * Reads the options of {@link connectDevice} from a profile, the JSON file that the command `azure-iot-x509 profile
 * init` writes. Relative paths in it start at the folder of the profile. A profile never holds a passphrase; it may
 * name an environment variable (`passphraseEnv`) or a file (`passphraseFile`) that does.
 *
 * @param file path of the profile
 * @param env the environment; default `process.env`
 * @throws {@link InvalidOptionsError} naming every field that is missing or wrong, without values that may be secret
 * @throws {@link FileError} when the profile, or the file with the passphrase, cannot be read
 *
 * @example
 * ```ts
 * const connection = await connectDevice(await readProfile('device-profile.json'));
 * ```
 */
export async function readProfile(
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProfileOptions> {
  const { passphraseEnv, passphraseFile, ...settings } = await readProfileSettings(file);
  const missing = REQUIRED.filter((name) => settings[name] === undefined);
  if (missing.length > 0)
    throw invalid(
      file,
      missing.map((name) => `"${name}" is missing`),
    );
  if (passphraseEnv !== undefined && passphraseFile !== undefined)
    throw invalid(file, ['"passphraseEnv" and "passphraseFile" are both given']);
  const passphrase =
    passphraseEnv === undefined
      ? passphraseFile && (await read(passphraseFile, 'passphrase file')).replace(/(?:\r?\n|\r)$/, '')
      : Object.hasOwn(env, passphraseEnv) && env[passphraseEnv];
  if (passphraseEnv !== undefined && !passphrase)
    throw invalid(
      file,
      [`"passphraseEnv" names ${passphraseEnv}, which is not set`],
      `Set ${passphraseEnv}.`,
    );
  if (passphraseFile !== undefined && passphrase === '')
    throw invalid(file, [`"passphraseFile" names ${quote(passphraseFile)}, which is empty`]);
  // The required fields are present.
  return { ...settings, ...(passphrase && { passphrase }) } as ProfileOptions;
}

/**
 * Reads a profile as it is, with its paths resolved.
 *
 * @throws {@link InvalidOptionsError}, {@link FileError}
 */
export async function readProfileSettings(file: string): Promise<Profile> {
  const { version, ...fields } = parse(await read(file), file);
  if (version !== PROFILE_VERSION) throw invalid(file, [`"version" must be ${PROFILE_VERSION}`]);
  const problems = Object.entries(fields).flatMap(([name, value]) => problemsOf(name, value));
  if (problems.length > 0) throw invalid(file, problems);
  const located = Object.entries(fields).map(([name, value]) => [name, locate(name, value, file)]);
  // Every field is known and fits the option of its name.
  return Object.fromEntries(located) as Profile;
}

/** The name can be that of an environment variable, in a shell too. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** Valid options, so that one option can be checked by itself. */
const SOUND: ConnectOptions = {
  enrollment: 'hub-individual',
  idScope: '0ne00ABCDEF',
  certFile: 'device.crt',
  keyFile: 'device.key',
};

/** The problems of some options of `connectDevice`; those that are absent count as good. */
export function optionProblems(options: Readonly<Record<string, unknown>>): readonly OptionProblem[] {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  try {
    validateConnectOptions({ ...SOUND, ...given });
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
}

async function read(file: string, what = 'profile'): Promise<string> {
  try {
    // Not blocking: a pipe that nobody writes to must not hang.
    const handle = await open(file, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0));
    try {
      const information = await handle.stat();
      // A pipe or a device may never end.
      if (!information.isFile())
        throw Object.assign(new Error('Not a regular file'), { code: 'not a regular file' });
      if (information.size > MAX_BYTES) throw invalid(file, ['it is too long'], MAKE_ANEW);
      return decodeText(await handle.readFile()).text;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new FileError({
      code: 'FILE_NOT_READABLE',
      path: file,
      message: `The ${what} ${file} cannot be read (${code}).`,
      remedy: `Correct the path of the ${what}. A profile is made by: azure-iot-x509 profile init`,
      cause,
    });
  }
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message repeats the text, which may be a private key.
    throw invalid(file, ['it is not JSON']);
  }
  if (!isObject(content)) throw invalid(file, ['it is not a JSON object']);
  return content;
}

function problemsOf(name: string, value: unknown): readonly string[] {
  const forbidden = Object.hasOwn(FORBIDDEN, name) ? FORBIDDEN[name] : undefined;
  if (forbidden !== undefined) return [`"${name}" must not be in a profile. ${forbidden}`];
  if (!isField(name)) {
    const meant = nearestName(name, Object.keys(PROFILE_FIELDS));
    const question = meant === undefined ? '' : `. Did you mean "${meant}"?`;
    return [`${quote(name)} is not a field of a profile${question}`];
  }
  if (PROFILE_FIELDS[name] !== 'value' && (typeof value !== 'string' || value === ''))
    return [`"${name}" must be a text`];
  if (typeof value === 'string' && value.includes('-----'))
    return [`"${name}" must not hold a certificate or key`];
  if (name === 'passphraseEnv')
    return isVariableName(String(value)) ? [] : [`"${name}" must be the name of an environment variable`];
  if (name === 'passphraseFile') return [];
  return optionProblems({ [name]: value }).map(({ message }) => `"${name}" ${message.replace(/\.$/, '')}`);
}

function isField(name: string): name is keyof Profile {
  return Object.hasOwn(PROFILE_FIELDS, name);
}

function locate(name: string, value: unknown, file: string): unknown {
  if (!isField(name) || PROFILE_FIELDS[name] !== 'path' || typeof value !== 'string') return value;
  return isAbsolute(value) ? value : join(dirname(file), value);
}

function invalid(file: string, problems: readonly string[], remedy = MAKE_ANEW): InvalidOptionsError {
  return new InvalidOptionsError(
    problems.map((message) => ({
      option: `profile ${file}`,
      message: `cannot be used: ${message}${/[.?]$/.test(message) ? '' : '.'}`,
      remedy,
    })),
  );
}
