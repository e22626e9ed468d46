import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { checkCredentials, CredentialsError, InvalidOptionsError } from 'azure-iot-certificates';
import { printable, shellWord } from 'azure-iot-certificates/internal';
import {
  isVariableName,
  optionProblems,
  PROFILE_FIELDS,
  PROFILE_VERSION,
  type Profile,
} from '../../options/profile';
import { DEFAULT_GLOBAL_ENDPOINT } from '../../options/validate';
import { defineCommand, jsonFlag, type Invocation } from '../command';
import { deviceFlags } from '../device/flags';
import {
  environmentSettings,
  mergeSettings,
  flagSettings,
  missingSettings,
  passphraseOf,
  SETTING_FLAGS,
  type DeviceOptions,
} from '../device/resolve';
import { EXIT } from '../exit-codes';
import { checkFree, writeNewFile } from '../files';
import { textInFlagTerms } from '../flag-terms';
import { toggle, valueOf } from '../flags';
import { locate } from '../io';
import { canAsk, Prompter } from '../prompt/prompter';
import { UsageError } from '../usage-error';
import { DEFAULT_PROFILE } from './default-file';

// A new profile does not take settings from another profile.
const { profile: _profile, ...settingFlags } = deviceFlags;

const flags = {
  ...settingFlags,
  yes: toggle('Asks nothing: a setting that is missing is an error.', 'y'),
  force: toggle('Replaces a profile that exists.'),
  ...jsonFlag,
};

/** The required settings. */
const REQUIRED = ['enrollment', 'idScope', 'certFile', 'keyFile'] as const;

/** The command `profile init`. */
export const profileInit = defineCommand({
  name: 'profile init',
  summary: 'Writes a profile: what a device needs to connect, in one file',
  description: [
    'Takes the settings from flags and environment variables and checks them, without touching the network. At a terminal it asks for enrollment, ID scope, certificate, private key and, for an endpoint that is not of Azure, the CA when they are missing.',
    'The profile is a JSON file (mode 0600) for --profile of the other commands and for readProfile() of the library. It names the key by its path, relative to the profile, and the passphrase by its environment variable or file; it never holds either.',
  ],
  operand: { term: '[file]', description: `The profile to be written; without it ${DEFAULT_PROFILE}.` },
  flags,
  examples: [
    { does: 'Answer questions', line: 'azure-iot-x509 profile init' },
    {
      does: 'Write a profile in a script',
      line: 'azure-iot-x509 profile init pump-2.json --yes --enrollment hub-group --id-scope 0ne00ABCDEF --cert certificates/pump-2-chain.crt --key certificates/pump-2.key',
    },
  ],
  run: async (invocation) => {
    const { values, operands, io, output } = invocation;
    const [path = locate(io.cwd, DEFAULT_PROFILE)] = operands;
    // The file is checked before the questions, so that no answer is lost.
    await checkFree(path, values.force);
    const given = mergeSettings(flagSettings({ ...values, profile: undefined }), environmentSettings(io));
    throwProblems(given);
    const settings = values.yes || !canAsk(io) ? given : await askForMissing(given, invocation);
    const missing = missingSettings(settings, REQUIRED);
    if (missing.length > 0) throw new UsageError(missing);
    await check(settings, invocation);
    const content = profileText(settings, path);
    await writeNewFile({ path, content, mode: 0o600, overwrite: values.force });
    const { passphraseEnv } = settings;
    output.result({
      json: { profile: path, settings: JSON.parse(content) as unknown },
      text: ({ bold }) => [
        `Wrote ${path}.`,
        ...(passphraseEnv === undefined
          ? []
          : [`The passphrase of the key is read from the environment variable ${passphraseEnv}.`]),
        '',
        bold('Next'),
        ...['check', 'connect'].map(
          (command) => `    azure-iot-x509 ${command} --profile ${shellWord(path)}`,
        ),
      ],
    });
    return EXIT.ok;
  },
});

/** Asks for each setting that is missing until its answer fits. An empty answer leaves the CA out. */
async function askForMissing(
  given: Profile,
  { io, output }: Pick<Invocation, 'io' | 'output'>,
): Promise<Profile> {
  const { globalEndpoint = DEFAULT_GLOBAL_ENDPOINT, caFile } = given;
  const needsCa = caFile === undefined && globalEndpoint !== DEFAULT_GLOBAL_ENDPOINT;
  const names = [
    ...REQUIRED.filter((name) => given[name] === undefined),
    ...(needsCa ? ['caFile' as const] : []),
  ];
  const prompter = new Prompter(io);
  const settings: Partial<Record<keyof Profile, unknown>> = { ...given };
  for (const name of names) {
    const flag = deviceFlags[SETTING_FLAGS[name]];
    output.note(flag.description);
    if (flag.choices !== undefined) output.note(`One of ${flag.choices.join(', ')}.`);
    while (settings[name] === undefined) {
      const answer = await prompter.ask(output.noteStyle.bold(`${LABELS[name]}: `));
      if (answer === '' && name === 'caFile') break;
      try {
        const value: unknown = valueOf('It', flag, answer, io.cwd);
        throwProblems({ [name]: value });
        settings[name] = value;
      } catch (error) {
        if (!(error instanceof UsageError || error instanceof InvalidOptionsError)) throw error;
        output.note(output.noteStyle.red(textInFlagTerms(error.message)));
      }
    }
  }
  // The flag of each setting has made a value of its answer.
  return settings as Profile;
}

const LABELS = {
  enrollment: 'Enrollment',
  idScope: 'ID scope',
  certFile: 'Certificate (a file)',
  keyFile: 'Private key (a file)',
  caFile: 'CA (a file; Enter: none)',
} as const;

/** @throws InvalidOptionsError */
function throwProblems({ passphraseEnv, passphraseFile: _file, ...options }: Profile): void {
  if (passphraseEnv !== undefined && !isVariableName(passphraseEnv))
    throw new UsageError('--passphrase-env must be the name of an environment variable, not the passphrase.');
  const problems = optionProblems(options);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

/**
 * Checks certificate and key together.
 *
 * @throws CredentialsError when the device could not connect with them
 */
async function check(settings: Profile, { io, output }: Pick<Invocation, 'io' | 'output'>): Promise<void> {
  const { passphraseEnv } = settings;
  // The variable need not be set where the profile is made.
  const isUnset = passphraseEnv !== undefined && (io.env[passphraseEnv] ?? '') === '';
  // The required settings are present.
  const options = settings as DeviceOptions;
  const { enrollment, certFile, keyFile, chainFile, registrationId, skipChecks } = options;
  const passphrase = isUnset ? undefined : await passphraseOf(settings, {}, options, io);
  const report = await checkCredentials({
    ...{ enrollment, certFile, keyFile },
    ...(chainFile !== undefined && { chainFile }),
    ...(registrationId !== undefined && { registrationId }),
    ...(skipChecks !== undefined && { skipChecks }),
    ...(passphrase !== undefined && { passphrase }),
  });
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const isUnchecked = isUnset && errors.length > 0 && errors.every(({ rule }) => rule === 'passphrase-given');
  if (!report.ok && !isUnchecked) throw new CredentialsError(report);
  if (isUnchecked)
    output.warn(`${passphraseEnv} is not set, so that the encrypted key could not be checked.`);
  for (const { severity, message } of report.findings)
    if (severity === 'warning') output.warn(printable(textInFlagTerms(message)));
}

/** The JSON text of a profile at that path. */
function profileText(settings: Profile, path: string): string {
  const names = Object.keys(PROFILE_FIELDS) as readonly (keyof Profile)[];
  const fields = names.map((name) => {
    const value = settings[name];
    const isPath = PROFILE_FIELDS[name] === 'path' && typeof value === 'string';
    return [name, isPath ? relativeTo(path, value) : value];
  });
  return `${JSON.stringify({ version: PROFILE_VERSION, ...Object.fromEntries(fields) }, undefined, 2)}\n`;
}

/** A path as the profile writes it: relative to the profile, or absolute on another drive of Windows. */
function relativeTo(profile: string, path: string): string {
  const found = relative(dirname(resolve(profile)), resolve(path));
  return isAbsolute(found) ? found : found.split('\\').join('/');
}
