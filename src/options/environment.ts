import { ENROLLMENT_KINDS, InvalidOptionsError } from 'azure-iot-certificates/internal';
import type { EnrollmentKind, OptionProblem } from 'azure-iot-certificates';

/** The result of {@link connectionOptionsFromEnv}: options of `connectDevice`, to which others may be added. */
export interface EnvironmentOptions {
  enrollment: EnrollmentKind;
  idScope: string;
  certFile: string;
  keyFile: string;
  globalEndpoint?: string;
  registrationId?: string;
  passphrase?: string;
  modelId?: string;
  caFile?: string;
}

/** The remedies for the variables that must be set. */
const REQUIRED: Readonly<Record<string, string>> = {
  ENROLLMENT_KIND: `Set it to one of ${ENROLLMENT_KINDS.join(', ')}.`,
  PROVISIONING_IDSCOPE:
    'Set it to the ID scope of the Device Provisioning Service or IoT Central application.',
  CERTIFICATE_FILE: 'Set it to the path of the device certificate.',
  KEY_FILE: "Set it to the path of the device's private key.",
};

/**
 * Reads the options of {@link connectDevice} from environment variables, under the names that the official samples
 * use: `PROVISIONING_HOST`, `PROVISIONING_IDSCOPE`, `PROVISIONING_REGISTRATION_ID`, `CERTIFICATE_FILE`, `KEY_FILE`;
 * besides them `KEY_PASSPHRASE`, `ENROLLMENT_KIND`, `MODEL_ID` and `CA_FILE`. An empty variable counts as absent.
 *
 * @param env default `process.env`
 * @throws {@link InvalidOptionsError} naming every variable that is missing or wrong
 */
export function connectionOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): EnvironmentOptions {
  const read = (name: string) => env[name]?.trim() ?? '';
  const problems: OptionProblem[] = Object.entries(REQUIRED)
    .filter(([name]) => read(name) === '')
    .map(([option, remedy]) => ({ option, message: '(environment variable) is not set.', remedy }));
  const enrollment = read('ENROLLMENT_KIND');
  if (enrollment !== '' && !isEnrollmentKind(enrollment)) {
    problems.push({
      option: 'ENROLLMENT_KIND',
      message: `(environment variable) is "${enrollment}".`,
      remedy: REQUIRED['ENROLLMENT_KIND'] ?? '',
    });
  }
  if (problems.length > 0 || !isEnrollmentKind(enrollment)) throw new InvalidOptionsError(problems);
  const caFile = read('CA_FILE');
  return {
    ...(caFile !== '' && { caFile }),
    enrollment,
    idScope: read('PROVISIONING_IDSCOPE'),
    certFile: read('CERTIFICATE_FILE'),
    keyFile: read('KEY_FILE'),
    ...(read('PROVISIONING_HOST') && { globalEndpoint: read('PROVISIONING_HOST') }),
    ...(read('PROVISIONING_REGISTRATION_ID') && { registrationId: read('PROVISIONING_REGISTRATION_ID') }),
    // Not trimmed: white space may be part of it.
    ...(env['KEY_PASSPHRASE'] && { passphrase: env['KEY_PASSPHRASE'] }),
    ...(read('MODEL_ID') && { modelId: read('MODEL_ID') }),
  };
}

function isEnrollmentKind(value: string): value is EnrollmentKind {
  return (ENROLLMENT_KINDS as readonly string[]).includes(value);
}
