import { checkCredentials } from 'azure-iot-certificates';
import { printable } from 'azure-iot-certificates/internal';
import { readProfileSettings, type Profile } from '../../options/profile';
import type { ConnectOptions } from '../../options/types';
import type { Invocation } from '../command';
import { flagName, valueOf, type Flag } from '../flags';
import type { Io } from '../io';
import { readPassphrase } from '../prompt/passphrase';
import { canAsk, MAX_TRIES, Prompter } from '../prompt/prompter';
import { UsageError } from '../usage-error';
import { deviceFlags } from './flags';

/** A call of a command that has {@link deviceFlags} among its flags. */
export type DeviceInvocation = Invocation<typeof deviceFlags>;

/** The variable with the passphrase. It is read when no flag and no profile names another source. */
const PASSPHRASE_VARIABLE = 'KEY_PASSPHRASE';

type FlagName = Exclude<keyof typeof deviceFlags, 'profile' | 'pkcs12'>;

/** The flag of each setting; `--pkcs12` sets certificate and key. */
export const SETTING_FLAGS: Readonly<Record<keyof Profile, FlagName>> = {
  enrollment: 'enrollment',
  idScope: 'idScope',
  globalEndpoint: 'endpoint',
  certFile: 'cert',
  keyFile: 'key',
  chainFile: 'chain',
  passphraseEnv: 'passphraseEnv',
  passphraseFile: 'passphraseFile',
  registrationId: 'registrationId',
  modelId: 'modelId',
  payload: 'payload',
  caFile: 'ca',
  transport: 'transport',
  timeoutMs: 'timeout',
  assignmentFile: 'assignmentFile',
  skipChecks: 'skipCheck',
};

/** The library's options that the command line knows, with all options of `checkCredentials`. */
export type DeviceOptions = Omit<Profile, 'passphraseEnv' | 'passphraseFile'> &
  Required<Pick<Profile, 'enrollment' | 'certFile' | 'keyFile'>> & { readonly passphrase?: string };

/** The settings that flags give. */
export function flagSettings({ pkcs12, ...values }: DeviceInvocation['values']): Profile {
  const settings = settingsFrom((name) => {
    const value = values[name];
    return Array.isArray(value) && value.length === 0 ? undefined : value;
  });
  if (pkcs12 === undefined) return settings;
  if (settings.certFile !== undefined || settings.keyFile !== undefined)
    throw new UsageError('--pkcs12 holds certificate and key: leave --cert and --key out.');
  return { ...settings, certFile: pkcs12, keyFile: pkcs12 };
}

/** The settings that environment variables give. An empty variable counts as absent. */
export function environmentSettings(io: Pick<Io, 'env' | 'cwd'>): Profile {
  return settingsFrom((name) => variableValue(deviceFlags[name], io));
}

/** The settings of several sources, of which the earlier count before the later. */
export function mergeSettings(...sources: readonly Profile[]): Profile {
  const { chainFile: _any, ...settings } = sources.reduceRight((all, source) => ({ ...all, ...source }), {});
  // Intermediates belong to the certificate of the same source.
  const chainFile = sources.find((source) => source.chainFile ?? source.certFile)?.chainFile;
  return { ...settings, ...(chainFile !== undefined && { chainFile }) };
}

function settingsFrom(valueFor: (flag: FlagName) => unknown): Profile {
  const entries = Object.entries(SETTING_FLAGS).map(([setting, flag]) => [setting, valueFor(flag)] as const);
  // The table pairs each setting with a flag of its type.
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function variableValue<Value>(flag: Flag<Value>, { env, cwd }: Pick<Io, 'env' | 'cwd'>): Value | undefined {
  const text = flag.env === undefined ? '' : (env[flag.env] ?? '');
  return text === '' ? undefined : valueOf(`${flag.env ?? ''} (environment variable)`, flag, text, cwd);
}

/**
 * The options for `connectDevice` and `provisionDevice`. A flag goes before the profile, and the profile before a
 * variable of the environment. At a terminal, asks for the passphrase of an encrypted key if no source of it is named.
 *
 * @throws UsageError naming every setting that is missing
 * @throws InvalidOptionsError, FileError when the profile cannot be used
 */
export async function connectOptions(invocation: DeviceInvocation): Promise<ConnectOptions> {
  const { idScope = '', ...options } = await resolve(invocation, [
    ...(['enrollment', 'idScope', 'certFile', 'keyFile'] as const),
  ]);
  return { ...options, idScope, signal: invocation.io.signal };
}

/** Like {@link connectOptions}, for commands that connect to nothing: the ID scope may be missing. */
export async function credentialsOptions(invocation: DeviceInvocation): Promise<DeviceOptions> {
  return await resolve(invocation, ['enrollment', 'certFile', 'keyFile']);
}

/** A problem for each required setting that is missing. */
export function missingSettings(
  settings: Profile,
  required: readonly (keyof Profile)[],
  alternatives: readonly string[] = [],
): readonly string[] {
  return required
    .filter((name) => settings[name] === undefined)
    .map((name) => {
      const { description, env }: Flag<unknown> = deviceFlags[SETTING_FLAGS[name]];
      const ways = [
        'Give the flag',
        ...(env === undefined ? [] : [`set the environment variable ${env}`]),
        ...alternatives,
      ];
      return `${flagName(SETTING_FLAGS[name])} is missing: ${description} ${ways.join(', or ')}.`;
    });
}

async function resolve(
  { values, io, output }: DeviceInvocation,
  required: readonly (keyof Profile)[],
): Promise<DeviceOptions> {
  const flags = flagSettings(values);
  const file = values.profile ?? variableValue(deviceFlags.profile, io);
  const profile = file === undefined ? {} : await readProfileSettings(file);
  const variables = environmentSettings(io);
  const merged = mergeSettings(flags, profile, variables);
  const missing = missingSettings(merged, required, ['use --profile']);
  if (missing.length > 0) throw new UsageError(missing);
  const used = usedVariables(variables, { ...profile, ...flags }, merged, io);
  // A variable may have been left over in the shell, and lead a profile of Azure to the emulator.
  if (used.length > 0) output.note(`From the environment: ${used.join(', ')}.`);
  const { passphraseEnv: _variable, passphraseFile: _file, ...settings } = merged;
  // All required options are present. The library refuses a payload that is no object.
  const options = settings as DeviceOptions;
  const passphrase = await passphraseOf(flags, profile, options, io);
  return { ...options, ...(passphrase !== undefined && { passphrase }) };
}

/** The variables of the environment that decide something, with their values. */
function usedVariables(
  variables: Profile,
  given: Profile,
  merged: Profile,
  { env }: Pick<Io, 'env'>,
): readonly string[] {
  return (Object.keys(variables) as readonly (keyof Profile)[])
    .filter((name) => given[name] === undefined && merged[name] === variables[name])
    .map((name) => {
      const { env: variable = '' }: Flag<unknown> = deviceFlags[SETTING_FLAGS[name]];
      return `${variable}=${printable(env[variable] ?? '')}`;
    });
}

/** The passphrase of the key: by flags, by the profile, by {@link PASSPHRASE_VARIABLE}, or asked for. */
export async function passphraseOf(
  flags: Profile,
  profile: Profile,
  options: DeviceOptions,
  io: Io,
): Promise<string | undefined> {
  const named =
    (await readPassphrase({ variable: flags.passphraseEnv, file: flags.passphraseFile }, io)) ??
    (await readPassphrase({ variable: profile.passphraseEnv, file: profile.passphraseFile }, io, {
      variable: '"passphraseEnv" of the profile',
      file: '"passphraseFile" of the profile',
    })) ??
    io.env[PASSPHRASE_VARIABLE];
  if (named !== undefined && named !== '') return named;
  return canAsk(io) ? await askIfNeeded(options, io) : undefined;
}

/** Asks for the passphrase if the key has one, again when it is wrong. */
async function askIfNeeded(options: DeviceOptions, io: Io): Promise<string | undefined> {
  const { enrollment, certFile, keyFile } = options;
  const finds = async (rule: string, passphrase?: string) => {
    const { findings } = await checkCredentials({
      ...{ enrollment, certFile, keyFile },
      ...(passphrase !== undefined && { passphrase }),
    });
    return findings.some((finding) => finding.rule === rule);
  };
  if (!(await finds('passphrase-given'))) return undefined;
  const prompter = new Prompter(io);
  for (let tries = 1; ; tries += 1) {
    const passphrase = await prompter.askSecret(`Passphrase of ${keyFile}: `);
    if (tries === MAX_TRIES || !(await finds('passphrase-correct', passphrase))) return passphrase;
    io.stderr.write('That is not its passphrase; try again.\n');
  }
}
