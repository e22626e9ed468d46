import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { nearestName } from 'azure-iot-certificates/internal';
import { CommandError } from '../command-error';
import type { DeviceSettings, SettingName } from '../device/settings';
import { optionProblems } from '../device/validate';
import { printable } from '../output/printable';

/** The one version of the format that there is so far. */
const FORMAT_VERSION = 1;
const MAX_BYTES = 1024 * 1024;

/** How a member is written in the file. */
type MemberKind = 'text' | 'path' | 'other';

/**
 * The members of a profile, in the order in which they are written. Paths are relative to the profile, so that it can be
 * moved together with what it names.
 */
const MEMBERS: Readonly<Record<SettingName, MemberKind>> = {
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
  payload: 'other',
  caFile: 'path',
  transport: 'text',
  timeoutMs: 'other',
  assignmentFile: 'path',
  skipChecks: 'other',
};

const NAMES = Object.keys(MEMBERS) as readonly SettingName[];

/** Members that people may try, and where what they hold belongs. */
const FORBIDDEN: Readonly<Record<string, string>> = {
  key: 'Put the private key into a file and name that as "keyFile".',
  cert: 'Put the certificate into a file and name that as "certFile".',
  passphrase: 'Put the passphrase into an environment variable and name that as "passphraseEnv".',
};

/**
 * Reads a profile; paths in the settings can be opened as they are.
 *
 * @throws CommandError naming every member that is wrong; never repeats a value that may be secret
 */
export async function readProfile(path: string): Promise<DeviceSettings> {
  const content = parse(await read(path), path);
  const { version, ...members } = content;
  if (version !== FORMAT_VERSION) {
    throw invalid(path, [`"version" must be ${FORMAT_VERSION}`], 'Make it anew: azure-iot-x509 profile init');
  }
  const problems = Object.entries(members).flatMap(([name, value]) => memberProblems(name, value));
  if (problems.length > 0) {
    throw invalid(path, problems, 'Correct the file, or make it anew: azure-iot-x509 profile init --force');
  }
  const settings = Object.entries(members).map(([name, value]) => [name, located(name, value, path)]);
  // Every member was checked above: known, and sound for the library's option of that name.
  return Object.fromEntries(settings) as DeviceSettings;
}

/** What a profile looks like in its file, which is going to be at that path. */
export function profileText(settings: DeviceSettings, path: string): string {
  const members = NAMES.filter((name) => settings[name] !== undefined).map((name) => {
    const value = settings[name];
    return [name, MEMBERS[name] === 'path' ? relativeTo(path, String(value)) : value];
  });
  return `${JSON.stringify({ version: FORMAT_VERSION, ...Object.fromEntries(members) }, undefined, 2)}\n`;
}

async function read(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MAX_BYTES) throw invalid(path, ['it is too long'], REMEDY);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError({
      code: 'FILE_NOT_READABLE',
      message: `The profile ${path} cannot be read (${code}).`,
      remedy: 'Correct --profile (or AZURE_IOT_X509_PROFILE), or make a profile: azure-iot-x509 profile init',
      cause: error,
    });
  }
}

const REMEDY = 'Give --profile a file made by: azure-iot-x509 profile init';

function parse(text: string, path: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // What the parser says repeats the text, which may be a private key.
    throw invalid(path, ['it is not JSON'], REMEDY);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw invalid(path, ['it is not a JSON object'], REMEDY);
  return content as Readonly<Record<string, unknown>>;
}

function memberProblems(name: string, value: unknown): readonly string[] {
  const forbidden = FORBIDDEN[name];
  if (forbidden !== undefined) return [`"${name}" must not be in a profile. ${forbidden}`];
  if (!isMember(name)) {
    const meant = nearestName(name, NAMES);
    return [
      `${JSON.stringify(printable(name))} is not a member of a profile${meant === undefined ? '' : `. Did you mean "${meant}"?`}`,
    ];
  }
  if (MEMBERS[name] !== 'other' && (typeof value !== 'string' || value === ''))
    return [`"${name}" must be a text`];
  if (typeof value === 'string' && value.includes('-----'))
    return [`"${name}" must not hold a certificate or key`];
  if (name === 'passphraseEnv')
    return isVariableName(String(value)) ? [] : [`"${name}" must be the name of an environment variable`];
  if (name === 'passphraseFile') return [];
  return optionProblems({ [name]: value }).map(({ message }) => `"${name}" ${message.replace(/\.$/, '')}`);
}

/** Whether it can name an environment variable, in a shell too. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function isMember(name: string): name is SettingName {
  return Object.hasOwn(MEMBERS, name);
}

function located(name: string, value: unknown, path: string): unknown {
  if (!isMember(name) || MEMBERS[name] !== 'path' || typeof value !== 'string') return value;
  return isAbsolute(value) ? value : join(dirname(path), value);
}

/** A path as the profile writes it: below or beside it relative, elsewhere on the disk absolute. */
function relativeTo(profile: string, path: string): string {
  const found = relative(dirname(resolve(profile)), resolve(path));
  // On another drive of Windows there is no way from here to there.
  if (isAbsolute(found)) return found;
  // The same on every system.
  return found.split('\\').join('/');
}

function invalid(path: string, problems: readonly string[], remedy: string): CommandError {
  const [first = '', ...more] = problems;
  return new CommandError({
    code: 'PROFILE_INVALID',
    message:
      more.length === 0
        ? `The profile ${path} cannot be used: ${first}.`
        : `The profile ${path} cannot be used:${problems.map((problem) => `\n- ${problem}`).join('')}`,
    remedy,
  });
}
