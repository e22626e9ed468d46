import { ENROLLMENT_KINDS, ENROLLMENTS } from 'azure-iot-certificates/internal';
import { type EnrollmentKind } from 'azure-iot-certificates';
import { DEFAULT_GLOBAL_ENDPOINT } from '../../../options/validate';
import type { DeviceSettings } from '../../device/settings';
import { optionProblems } from '../../device/validate';
import { isVariableName } from '../file';
import { findingText, inspect, inspectCertificate } from './inspect';
import type { Interview } from './interview';
import { withModelVersion } from './model';

/** What is known so far. */
type Known = DeviceSettings;
/** Asks for one setting or a few that belong together, and answers with what is known then. */
type Topic = (known: Known, suggested: DeviceSettings, interview: Interview) => Promise<Known>;

/** Files of which people know that they hold everything. */
const PKCS12 = /\.(p12|pfx)$/i;

const sound = (option: string) => (value: string) => {
  const [problem] = optionProblems({ [option]: value });
  return problem === undefined ? undefined : `It ${problem.message} ${problem.remedy}`;
};

const kind: Topic = async (known, suggested, interview) => {
  if (known.enrollment !== undefined) return known;
  interview.say('How was the device enrolled?');
  ENROLLMENT_KINDS.forEach((name, index) =>
    interview.say(`  ${index + 1}  ${name}: ${ENROLLMENTS[name].label}`),
  );
  const asKind = (answer: string) => ENROLLMENT_KINDS[Number(answer) - 1] ?? answer;
  const answer = await interview.ask({
    question: 'Number or name',
    suggestion: suggested.enrollment,
    problem: (text) =>
      isKind(asKind(text)) ? undefined : `Answer with a number from 1 to ${ENROLLMENT_KINDS.length}.`,
  });
  const enrollment = asKind(answer);
  return isKind(enrollment) ? { ...known, enrollment } : known;
};

function isKind(value: string): value is EnrollmentKind {
  return ENROLLMENT_KINDS.some((name) => name === value);
}

const idScope: Topic = async (known, suggested, interview) => {
  if (known.idScope !== undefined) return known;
  const answer = await interview.ask({
    question: 'ID scope, e.g. 0ne00ABCDEF',
    suggestion: suggested.idScope,
    problem: sound('idScope'),
  });
  return { ...known, idScope: answer };
};

const endpoint: Topic = async (known, suggested, interview) => {
  if (known.globalEndpoint !== undefined) return known;
  const globalEndpoint = await interview.ask({
    question: 'Global endpoint',
    suggestion: suggested.globalEndpoint ?? DEFAULT_GLOBAL_ENDPOINT,
    problem: sound('globalEndpoint'),
  });
  return { ...known, globalEndpoint };
};

const certificate: Topic = async (known, suggested, interview) => {
  const { enrollment, chainFile } = known;
  if (enrollment === undefined) return known;
  const problem = async (path: string) => {
    const [finding] = await inspectCertificate(enrollment, path, chainFile);
    return finding && findingText(finding);
  };
  const certFile = await interview.askPath({
    question: 'Device certificate (a file: PEM, DER or PKCS#12)',
    given: known.certFile,
    suggestion: suggested.certFile,
    problem,
  });
  return { ...known, certFile };
};

const chain: Topic = async (known, _suggested, interview) => {
  const { enrollment, certFile, chainFile } = known;
  if (enrollment === undefined || certFile === undefined || chainFile !== undefined) return known;
  if (ENROLLMENTS[enrollment].attests === 'leaf' || PKCS12.test(certFile)) return known;
  const answer = await interview.askPath({
    question: 'Intermediate certificates, if they are in a file of their own (Enter: they are not)',
    isOptional: true,
    problem: async (path) => {
      const [finding] = await inspectCertificate(enrollment, certFile, path);
      return finding && findingText(finding);
    },
  });
  return answer === '' ? known : { ...known, chainFile: answer };
};

const key: Topic = async (known, suggested, interview) => {
  const keyFile = await interview.askPath({
    question: 'Private key (a file)',
    given: known.keyFile,
    suggestion: PKCS12.test(known.certFile ?? '') ? known.certFile : suggested.keyFile,
    problem: async (path) => {
      const { key: findings, needsPassphrase } = await inspect({ ...known, keyFile: path }, undefined);
      const [finding] = findings;
      return needsPassphrase || finding === undefined ? undefined : findingText(finding);
    },
  });
  return await withPassphrase({ ...known, keyFile }, interview);
};

/** Asks for the passphrase, to check it, and for the variable that is going to hold it. */
async function withPassphrase(known: Known, interview: Interview): Promise<Known> {
  if (known.passphraseEnv !== undefined || known.passphraseFile !== undefined) return known;
  if (!(await inspect(known, undefined)).needsPassphrase) return known;
  interview.say('The key is encrypted. The passphrase is checked and forgotten; a profile never holds it.');
  await interview.askSecret({
    question: 'Passphrase',
    problem: async (passphrase) => {
      const [finding] = (await inspect(known, passphrase)).key;
      return finding && findingText(finding);
    },
  });
  const passphraseEnv = await interview.ask({
    question: 'Environment variable that is going to hold it',
    suggestion: 'KEY_PASSPHRASE',
    problem: (name) =>
      isVariableName(name) ? undefined : 'Write a name such as KEY_PASSPHRASE, not the passphrase.',
  });
  return { ...known, passphraseEnv };
}

const model: Topic = async (known, suggested, interview) => {
  if (known.modelId !== undefined) return known;
  const modelId = await interview.ask({
    question: 'Device model ID, e.g. dtmi:com:example:Thermostat (Enter: none)',
    suggestion: suggested.modelId,
    isOptional: true,
    problem: sound('modelId'),
  });
  if (modelId === '') return known;
  if (modelId.includes(';')) return { ...known, modelId };
  const version = await interview.ask({
    question: 'Version of the model',
    suggestion: '1',
    problem: (text) => sound('modelId')(withModelVersion(modelId, text)),
  });
  return { ...known, modelId: withModelVersion(modelId, version) };
};

/** The questions, in the order in which they are asked; what is known already is not asked for. */
const TOPICS: readonly Topic[] = [kind, idScope, endpoint, certificate, chain, key, model];

/** Asks for everything that is not given. */
export async function askForSettings(
  given: DeviceSettings,
  suggested: DeviceSettings,
  interview: Interview,
): Promise<DeviceSettings> {
  let known = given;
  for (const topic of TOPICS) known = await topic(known, suggested, interview);
  return known;
}
