import { ENROLLMENT_KINDS, InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { EnrollmentKind, OptionProblem } from 'azure-iot-certificates';
import { optionProblems } from './profile';
import type { TransportKind } from './types';

/** The result of {@link connectionOptionsFromEnv}: options of `connectDevice`, to which others may be added. */
export interface EnvironmentOptions {
  enrollment: EnrollmentKind;
  idScope: string;
  certFile: string;
  keyFile: string;
  chainFile?: string;
  passphrase?: string;
  globalEndpoint?: string;
  registrationId?: string;
  modelId?: string;
  caFile?: string;
  transport?: TransportKind;
  assignmentFile?: string;
}

/** The variable of each option. */
export const OPTION_VARIABLES = {
  enrollment: 'ENROLLMENT_KIND',
  idScope: 'PROVISIONING_IDSCOPE',
  certFile: 'CERTIFICATE_FILE',
  keyFile: 'KEY_FILE',
  chainFile: 'CHAIN_FILE',
  passphrase: 'KEY_PASSPHRASE',
  globalEndpoint: 'PROVISIONING_HOST',
  registrationId: 'PROVISIONING_REGISTRATION_ID',
  modelId: 'MODEL_ID',
  caFile: 'CA_FILE',
  transport: 'TRANSPORT',
  assignmentFile: 'ASSIGNMENT_FILE',
} as const satisfies Readonly<Record<keyof EnvironmentOptions, string>>;

/** The remedies for the options whose variables must be set. */
const REQUIRED: Readonly<Partial<Record<keyof EnvironmentOptions, string>>> = {
  enrollment: `Set it to one of ${ENROLLMENT_KINDS.join(', ')}.`,
  idScope: 'Set it to the ID scope of the Device Provisioning Service or IoT Central application.',
  certFile: 'Set it to the path of the device certificate.',
  keyFile: "Set it to the path of the device's private key.",
};

/**
 * Reads the options of {@link connectDevice} from environment variables, under the names that the official samples
 * use: `PROVISIONING_HOST`, `PROVISIONING_IDSCOPE`, `PROVISIONING_REGISTRATION_ID`, `CERTIFICATE_FILE`, `KEY_FILE`;
 * besides them `ENROLLMENT_KIND`, `CHAIN_FILE`, `KEY_PASSPHRASE`, `MODEL_ID`, `CA_FILE`, `TRANSPORT` and
 * `ASSIGNMENT_FILE`. An empty variable counts as absent.
 *
 * @param env default `process.env`
 * @throws {@link InvalidOptionsError} naming every variable that is missing or wrong
 */
export function connectionOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): EnvironmentOptions {
  const entries = Object.entries(OPTION_VARIABLES).map(([option, variable]) => {
    const value = env[variable] ?? '';
    // White space may be part of a passphrase.
    return [option, option === 'passphrase' ? value : value.trim()] as const;
  });
  const options = Object.fromEntries(entries.filter(([, value]) => value !== ''));
  const missing = Object.entries(REQUIRED)
    .filter(([option]) => options[option] === undefined)
    .map(([option, remedy]) => ({ option, message: 'is not set.', remedy }));
  const problems = [...missing, ...optionProblems(options)];
  if (problems.length > 0) throw new InvalidOptionsError(problems.map(inVariables));
  // The required options are present, and every value fits its option.
  return options as unknown as EnvironmentOptions;
}

/** A problem of an option, said of its variable. */
function inVariables({ option, message, remedy }: OptionProblem): OptionProblem {
  const variable = OPTION_VARIABLES[option as keyof EnvironmentOptions];
  return {
    option: variable,
    message: `(environment variable) ${message}`,
    remedy: remedy.replace(new RegExp(`\\b${option}\\b`), variable),
  };
}
