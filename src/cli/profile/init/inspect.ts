import { checkCredentials, type EnrollmentKind, type Finding } from 'azure-iot-certificates';
import { textInFlagTerms } from '../../flag-terms';
import type { DeviceSettings } from '../../device/settings';

/** Findings that only say that no key was given. */
const ABOUT_NO_KEY = ['file-not-empty', 'private-key-present'];
/** Rules that concern the key, or its passphrase. */
const ABOUT_KEY = /^(private-key-|passphrase-|key-)/;

/** Findings by what must be given anew. */
export interface Inspection {
  readonly certificate: readonly Finding[];
  readonly key: readonly Finding[];
  readonly needsPassphrase: boolean;
}

/** What is wrong with a certificate alone: errors that no key can mend. */
export async function inspectCertificate(
  enrollment: EnrollmentKind,
  certFile: string,
  chainFile: string | undefined,
): Promise<readonly Finding[]> {
  const { findings } = await checkCredentials({
    enrollment,
    certFile,
    ...(chainFile !== undefined && { chainFile }),
    key: '',
  });
  return errors(findings).filter(({ rule, message }) => {
    // A PKCS#12 file is opened when its key is asked for.
    if (rule === 'passphrase-given') return false;
    return !ABOUT_NO_KEY.includes(rule) || message.includes('(certFile)') || message.includes('(chainFile)');
  });
}

/** What is wrong with certificate and key together. */
export async function inspect(
  { enrollment, certFile, keyFile, chainFile, registrationId, skipChecks }: DeviceSettings,
  passphrase: string | undefined,
): Promise<Inspection> {
  if (enrollment === undefined || certFile === undefined || keyFile === undefined)
    return { certificate: [], key: [], needsPassphrase: false };
  const { findings } = await checkCredentials({
    ...{ enrollment, certFile, keyFile },
    ...(chainFile !== undefined && { chainFile }),
    ...(registrationId !== undefined && { registrationId }),
    ...(skipChecks !== undefined && { skipChecks }),
    ...(passphrase !== undefined && { passphrase }),
  });
  const all = errors(findings);
  const isAboutKey = ({ rule, message }: Finding) => ABOUT_KEY.test(rule) || message.includes('(keyFile)');
  return {
    certificate: all.filter((finding) => !isAboutKey(finding)),
    key: all.filter(isAboutKey),
    needsPassphrase: all.length > 0 && all.every(({ rule }) => rule === 'passphrase-given'),
  };
}

function errors(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'error');
}

/** A finding in words for people at a terminal. */
export function findingText({ message, remedy }: Finding): string {
  return `${textInFlagTerms(message)}\nWhat to do: ${textInFlagTerms(remedy)}`;
}
