import { checkCredentials, CredentialsError, InvalidOptionsError } from 'azure-iot-certificates';
import type { Invocation } from '../../command';
import { shellWord } from 'azure-iot-certificates/internal';
import { PASSPHRASE_VARIABLE, settingsOf } from '../../device/resolve';
import type { DeviceSettings } from '../../device/settings';
import { optionProblems } from '../../device/validate';
import { EXIT } from '../../exit-codes';
import { textInFlagTerms } from '../../flag-terms';
import { checkFree, writeNewFile } from '../../files';
import { locate } from '../../io';
import { printable } from '../../output/printable';
import { readPassphrase } from '../../prompt/passphrase';
import { canAsk } from '../../prompt/prompter';
import { UsageError } from '../../usage-error';
import { DEFAULT_PROFILE } from '../default-file';
import { profileText } from '../file';
import type { flags } from './command';
import { Interview } from './interview';
import { withModelVersion } from './model';
import { askForSettings } from './questions';

type InitInvocation = Invocation<typeof flags>;

/** What a profile must hold; everything else has a default. */
const NEEDED = [
  ['enrollment', '--enrollment'],
  ['idScope', '--id-scope'],
  ['certFile', '--cert'],
  ['keyFile', '--key'],
] as const;

const PASSPHRASE_FLAGS = { variable: '--passphrase-env', file: '--passphrase-file' };

/** The command `profile init`. */
export async function run(invocation: InitInvocation): Promise<number> {
  const { values, operands, io, output } = invocation;
  const [path = locate(io.cwd, DEFAULT_PROFILE)] = operands;
  // Nobody answers questions for nothing.
  await checkFree(path, values.force);
  const given = givenSettings(invocation);
  const suggested = settingsOf(withoutProfile(invocation), 'environment');
  throwProblems(given);
  const isGuided = !values.yes && canAsk(io);
  const settings = isGuided
    ? await askForSettings(given, suggested, new Interview(io, output))
    : { ...suggested, ...given };
  const missing = NEEDED.filter(([name]) => settings[name] === undefined);
  if (missing.length > 0)
    throw new UsageError(
      missing.map(
        ([, flag]) => `${flag} is missing; give it, or run the command at a terminal without --yes.`,
      ),
    );
  throwProblems(settings);
  await check(settings, isGuided, invocation);
  const content = profileText(settings, path);
  await writeNewFile({ path, content, mode: 0o600, overwrite: values.force });
  const use = (command: string) => `azure-iot-x509 ${command} --profile ${shellWord(path)}`;
  output.result({
    json: { profile: path, settings: JSON.parse(content) as unknown },
    text: ({ bold }) => [
      `Wrote ${path}.`,
      ...(settings.passphraseEnv === undefined
        ? []
        : [`It expects the passphrase of the key in the environment variable ${settings.passphraseEnv}.`]),
      '',
      bold('Next'),
      `    ${use('check')}`,
      `    ${use('connect')}`,
    ],
  });
  return EXIT.ok;
}

/** What the flags say; the model's version is part of its ID. */
function givenSettings(invocation: InitInvocation): DeviceSettings {
  const { modelVersion } = invocation.values;
  const settings = settingsOf(withoutProfile(invocation), 'flag');
  if (modelVersion === undefined) return settings;
  const { modelId } = settings;
  if (modelId === undefined) throw new UsageError('--model-version is given without --model-id.');
  if (modelId.includes(';'))
    throw new UsageError('--model-id ends with a version already; leave --model-version out.');
  return { ...settings, modelId: withModelVersion(modelId, modelVersion) };
}

/** A profile that is made does not start from another one. */
function withoutProfile({ values, sources }: InitInvocation) {
  return { values: { ...values, profile: undefined }, sources };
}

/** @throws InvalidOptionsError saying what is wrong with a setting */
function throwProblems({
  passphraseEnv: _variable,
  passphraseFile: _file,
  ...options
}: DeviceSettings): void {
  const problems = optionProblems(options);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

/**
 * Checks certificate and key once more as a whole. A passphrase that was typed is not asked for again.
 *
 * @throws CredentialsError when the device could not connect with them
 */
async function check(
  settings: DeviceSettings,
  isGuided: boolean,
  { io, output }: InitInvocation,
): Promise<void> {
  const { enrollment, certFile, keyFile, chainFile, registrationId, skipChecks } = settings;
  if (enrollment === undefined || certFile === undefined || keyFile === undefined) return;
  const { passphraseEnv, passphraseFile } = settings;
  const isUnset = passphraseEnv !== undefined && (io.env[passphraseEnv] ?? '') === '';
  const source = { variable: isUnset ? undefined : passphraseEnv, file: passphraseFile };
  const passphrase = (await readPassphrase(source, io, PASSPHRASE_FLAGS)) ?? io.env[PASSPHRASE_VARIABLE];
  const report = await checkCredentials({
    ...{ enrollment, certFile, keyFile },
    ...(chainFile !== undefined && { chainFile }),
    ...(registrationId !== undefined && { registrationId }),
    ...(skipChecks !== undefined && { skipChecks }),
    ...(passphrase !== undefined && passphrase !== '' && { passphrase }),
  });
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  // The variable that the profile names need not be set where the profile is made.
  const isUnchecked = errors.length > 0 && isUnset && errors.every(({ rule }) => rule === 'passphrase-given');
  if (!report.ok && !isUnchecked) throw new CredentialsError(report);
  if (isUnchecked && !isGuided)
    output.warn(`${passphraseEnv} is not set, so that the encrypted key could not be checked.`);
  for (const { severity, message } of report.findings)
    if (severity === 'warning') output.warn(printable(textInFlagTerms(message)));
}
