import { checkCredentials, type EnrollmentKind } from 'azure-iot-certificates';
import type { ConnectOptions, TransportKind } from '../../options/types';
import type { Invocation } from '../command';
import { flagName } from '../flags/spec';
import type { Io } from '../io';
import { readPassphrase } from '../prompt/passphrase';
import { canAsk, Prompter } from '../prompt/prompter';
import { readProfile } from '../profile/file';
import { UsageError } from '../usage-error';
import { deviceFlags } from './flags';
import type { DeviceSettings, SettingName } from './settings';

/** A call of a command that has {@link deviceFlags} among its flags. */
export type DeviceInvocation = Invocation<typeof deviceFlags>;

/** The variable with the passphrase that is read when nothing names another one. */
export const PASSPHRASE_VARIABLE = 'KEY_PASSPHRASE';
/** How often somebody may mistype a passphrase. */
const MAX_TRIES = 3;

/** Which flag sets what; `--pkcs12` sets certificate and key. */
const FLAGS: Readonly<Record<SettingName, Exclude<keyof typeof deviceFlags, 'profile' | 'pkcs12'>>> = {
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

const SETTING_NAMES = Object.keys(FLAGS) as readonly SettingName[];

/** What the flags say, and what variables of the environment say in their absence. */
export function settingsOf(
  { values, sources }: Pick<DeviceInvocation, 'values' | 'sources'>,
  source: 'flag' | 'environment',
): DeviceSettings {
  const entries = SETTING_NAMES.filter((name) => sources[FLAGS[name]] === source).map((name) => [
    name,
    values[FLAGS[name]],
  ]);
  // Each flag's type is that of its setting; the table above pairs them.
  const settings = Object.fromEntries(entries) as DeviceSettings;
  if (source !== 'flag' || values.pkcs12 === undefined) return settings;
  const { certFile, keyFile } = settings;
  if (certFile !== undefined || keyFile !== undefined)
    throw new UsageError('--pkcs12 holds certificate and key: leave --cert and --key out.');
  return { ...settings, certFile: values.pkcs12, keyFile: values.pkcs12 };
}

/** The library's options that the command line knows; without `idScope` they are those of `checkCredentials`. */
export interface DeviceOptions {
  readonly enrollment: EnrollmentKind;
  readonly certFile: string;
  readonly keyFile: string;
  readonly chainFile?: string;
  readonly passphrase?: string;
  readonly skipChecks?: readonly string[];
  readonly registrationId?: string;
  readonly idScope?: string;
  readonly globalEndpoint?: string;
  readonly modelId?: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly caFile?: string;
  readonly transport?: TransportKind;
  readonly timeoutMs?: number;
  readonly assignmentFile?: string;
}

/**
 * The options for `connectDevice` and `provisionDevice`: flags before the profile before variables of the environment.
 * Asks for the passphrase when the key needs one, nothing names it and somebody is there to answer.
 *
 * @throws UsageError naming everything that is missing
 * @throws CommandError when the profile cannot be used
 */
export async function connectOptions(invocation: DeviceInvocation): Promise<ConnectOptions> {
  const { idScope, ...options } = await resolve(invocation, ['enrollment', 'idScope', 'certFile', 'keyFile']);
  return { ...options, idScope: idScope ?? '', signal: invocation.io.signal };
}

/** Like {@link connectOptions}, for commands that connect to nothing: the ID scope may be missing. */
export async function credentialsOptions(invocation: DeviceInvocation): Promise<DeviceOptions> {
  return await resolve(invocation, ['enrollment', 'certFile', 'keyFile']);
}

async function resolve(
  invocation: DeviceInvocation,
  required: readonly SettingName[],
): Promise<DeviceOptions> {
  const { values, io } = invocation;
  const flags = settingsOf(invocation, 'flag');
  const profile = values.profile === undefined ? {} : await readProfile(values.profile);
  const merged = { ...settingsOf(invocation, 'environment'), ...profile, ...flags };
  const missing = required.filter((name) => merged[name] === undefined);
  if (missing.length > 0) throw new UsageError(missing.map(missingText));
  const { passphraseEnv: _variable, passphraseFile: _file, chainFile, ...settings } = merged;
  // The profile's intermediates belong to the profile's certificate.
  const hasChain = chainFile !== undefined && (flags.certFile === undefined || flags.chainFile !== undefined);
  // What is required is there, and what is absent is no member; a payload that is no object is refused by the library.
  const options = { ...settings, ...(hasChain && { chainFile }) } as DeviceOptions;
  const passphrase = await passphraseOf([flags, profile], options, io);
  return { ...options, ...(passphrase !== undefined && { passphrase }) };
}

async function passphraseOf(
  [flags, profile]: readonly [DeviceSettings, DeviceSettings],
  options: DeviceOptions,
  io: Io,
): Promise<string | undefined> {
  const named =
    (await readPassphrase({ variable: flags.passphraseEnv, file: flags.passphraseFile }, io, {
      variable: '--passphrase-env',
      file: '--passphrase-file',
    })) ??
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

function missingText(name: SettingName): string {
  const flag = FLAGS[name];
  const { description, env }: { description: string; env?: string } = deviceFlags[flag];
  const variable = env === undefined ? '' : `, set the environment variable ${env}`;
  return `${flagName(flag)} is missing: ${description} Give the flag${variable} or use --profile.`;
}
